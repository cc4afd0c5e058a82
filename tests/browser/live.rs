//! Links to deliveries, the filter, and many deliveries.

use super::*;

#[test]
fn an_open_page_reconnects_to_a_restarted_inspector() {
    let mut page = Page::open(&[]);
    page.inspector.receive(&Request::delivery("first", "{}"), 200);
    page.wait_for_rows(1);
    let address = page.inspector.address().to_string();
    page.inspector.signal("KILL");
    page.browser.wait("return document.querySelector('#live').dataset.state === 'lost'");
    page.browser.wait(
        "const bar = document.querySelector('#notice');
         return bar.checkVisibility() && bar.textContent.includes('Is it still running?')",
    );
    page.inspector = Inspector::start(&["--secret", SECRET, "--listen", &address]).unchecked();
    page.browser.wait("return document.querySelector('#live').dataset.state === 'live'");
    page.wait_for_rows(0);
    page.inspector.receive(&Request::delivery("second", "{}"), 200);
    assert_eq!(page.browser.text(".row .about"), "second");
}

#[test]
fn a_delivery_has_a_link() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    for number in 1..=3 {
        page.deliver(&format!("id-{number}"), &format!("order.{number}"));
    }
    let shows = |text: &str| {
        browser.wait_with(
            "return document.querySelector('#detail').textContent.includes(arguments[0])",
            json!([text]),
        );
    };
    let hash = || browser.run("return location.hash");
    for (width, is_phone) in [(1280, false), (390, true)] {
        browser.resize(width, 800, is_phone);
        browser.open("about:blank");
        browser.open(&page.address());
        page.wait_for_rows(3);
        browser.click("#row-2");
        shows("order.2");
        assert_eq!(hash(), "#/2");
        if is_phone {
            // The page's own button returns to the list as the browser's does.
            browser.click(".back");
            browser.wait("return document.querySelector('#list').checkVisibility() && location.hash === ''");
            browser.click("#row-2");
            shows("order.2");
            browser.back();
            browser.wait("return document.querySelector('#list').checkVisibility() && location.hash === ''");
        } else {
            browser.click("#row-1");
            shows("order.1");
            browser.press("kk");
            shows("order.3");
            assert_eq!(hash(), "#/3");
            browser.back();
            shows("order.2");
            browser.back();
            shows("Select a delivery");
        }
    }
    browser.resize(1280, 800, false);
    browser.open(&format!("{}#/3", page.address()));
    shows("order.3");
    assert_eq!(browser.run("return document.querySelector('#row-3').ariaSelected"), "true");
    assert_eq!(browser.console(), Vec::<String>::new());
    // A link to a delivery of the future, and one to a delivery that was cleared.
    browser.open(&format!("{}#/4", page.address()));
    shows("No delivery has the number 4");
    let title = browser.run("return document.querySelector('#export').title");
    assert_eq!(title, "Save the 3 listed deliveries as JSON lines, with unmasked payloads");
    browser.click("#clear");
    browser.wait_with(
        "const status = document.querySelector('#status');
         return status.checkVisibility() && status.textContent === arguments[0]",
        json!(["Cleared 3 deliveries. Duplicates are still recognized."]),
    );
    browser.wait("return Boolean(document.querySelector('#empty .welcome')?.checkVisibility())");
    assert_eq!(hash(), "");
    browser.open(&format!("{}#/3", page.address()));
    shows("Delivery #3 is no longer in the history");
    page.deliver("id-4", "order.4");
    browser.wait("return document.querySelector('.row .title')?.textContent === 'order.4'");
}

#[test]
fn counts_follow_the_text_filter() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    page.deliver("id-1", "order.created");
    page.deliver("id-2", "order.paid");
    page.deliver("id-2", "order.paid");
    let held =
        Request::delivery("id-3", json!({ "type": "order.held" }).to_string()).query("delay_ms=86400000");
    let _running = held.begin(page.inspector.address());
    browser.wait("return Boolean(document.querySelector('.row.running'))");
    assert_eq!(held.send(page.inspector.address()).status(), Some(503));
    page.wait_for_rows(5);
    let counters = || {
        browser.run(
            "return [...document.querySelectorAll('.counter:not([hidden])')].map((counter) => counter.textContent)",
        )
    };
    assert_eq!(counters(), json!(["All 5", "Handled 2", "Duplicate 1", "Retry later 1", "Running 1"]));
    browser.press("/paid");
    assert_eq!(counters(), json!(["All 2", "Handled 1", "Duplicate 1", "Retry later 0", "Running 0"]));
    assert_eq!(page.rows(), json!(["duplicate", "handled"]));
    browser.press("x");
    assert_eq!(browser.text("#empty"), "No match");
    browser.click(".counter.waiting");
    browser.run(
        "const filter = document.querySelector('#filter');
         filter.value = '';
         filter.dispatchEvent(new Event('input'))",
    );
    assert_eq!(page.rows(), json!(["retry later"]));
    page.close();
}

#[test]
fn deliveries_without_an_event_type_have_the_name_of_the_provider() {
    let page = Page::open(&[]);
    page.inspector.receive(&Request::delivery("id", "{}"), 200);
    assert_eq!(page.browser.text(".row .title.none"), "Standard Webhooks (v1)");
    page.close();
}

#[test]
fn many_deliveries_do_not_slow_the_page() {
    const SHOWN: usize = 500;
    let page = Page::open(&[]);
    let browser = &page.browser;
    browser.run(
        "window.tasks = [];
         new PerformanceObserver((list) => tasks.push(...list.getEntries())).observe({ type: 'longtask' })",
    );
    let mut sent = 0;
    // Sends deliveries, waits until the page has the last one, and returns the number of long tasks meanwhile.
    let mut send = |count: usize| {
        let before = browser.run("return tasks.length").as_u64().unwrap();
        for _ in 0..count {
            sent += 1;
            let request = match sent % 10 {
                0 => Request::delivery(
                    &sent.to_string(),
                    json!({ "type": format!("order.{sent}") }).to_string(),
                ),
                _ => Request::unsigned("{}"),
            };
            request.send(page.inspector.address());
            page.inspector.line();
        }
        browser.wait_with(
            "return document.querySelector('.row')?.dataset.number === String(arguments[0])",
            json!([sent]),
        );
        browser.run("return tasks.length").as_u64().unwrap() - before
    };
    send(2 * SHOWN);
    let (nodes, listeners) = browser.kept();
    let early = send(3_000);
    send(3_000);
    let late = send(3_000);
    let (more_nodes, more_listeners) = browser.kept();
    assert_eq!(browser.run("return document.querySelectorAll('.row').length"), SHOWN);
    assert_eq!(browser.run("return document.querySelectorAll('#bars [role=option]').length"), 60);
    // The page keeps nothing for deliveries that it does not show, and takes no longer for each.
    assert!(more_nodes < 1.1 * nodes, "{nodes}, then {more_nodes}");
    assert!(more_listeners < 1.1 * listeners, "{listeners}, then {more_listeners}");
    assert!(late <= 2 * early + 20, "{early} long tasks, then {late}");
    // It still responds.
    browser.press("j");
    browser.wait("return document.querySelector('.facts')?.textContent.includes('order.10000')");
    browser.press("/order.9990");
    assert_eq!(page.rows(), json!(["handled"]));
    page.close();
}

#[test]
fn wrong_paths_and_replays_have_rows_of_their_own() {
    let file = std::env::temp_dir().join(format!("inspector-browser-{}.jsonl", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let path = file.to_str().unwrap();
    let recording = Inspector::start(&["--secret", SECRET, "--record", path]);
    assert_eq!(Request::delivery("first", r#"{"type": "a"}"#).send(recording.address()).status(), Some(200));
    recording.line();
    drop(recording);

    let page = Page::open(&["--replay", path]);
    let browser = &page.browser;
    page.wait_for_rows(1);
    assert_eq!(browser.text(".row .tag"), "replayed");
    let to = page.inspector.address();
    let wrong = Request::page(to, "POST", "/webhooks/%3Cb%3E", "{}").send(to);
    assert_eq!(wrong.status(), Some(404));
    page.wait_for_rows(2);
    assert_eq!(page.rows(), json!(["wrong path", "handled"]));
    for (width, is_phone) in [(1280, false), (390, true)] {
        browser.resize(width, 800, is_phone);
        if !is_phone {
            browser.click("#row-2");
        }
        let shown = page.shown("wrong path");
        assert!(shown["hints"].as_str().unwrap().contains("came to /webhooks/%3Cb%3E"), "{shown}");
        browser.screenshot(&format!("wrong-path-{width}"));
    }
    browser.click(".back");
    browser.screenshot("list-390");
    let _ = std::fs::remove_file(&file);
    page.close();
}
