//! Sending: test events, and received requests again.

use super::*;

#[test]
fn a_received_request_can_be_sent_again_and_copied() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    assert_eq!(
        Request::delivery("first", r#"{"type": "a"}"#).send(page.inspector.address()).status(),
        Some(200)
    );
    browser.wait("return document.querySelectorAll('.row').length === 1", json!([]));
    browser.click(".row");
    page.shown("handled");
    browser.screenshot("again");
    browser.click("[data-how=as_received]");
    page.shown("duplicate");
    browser.click("[data-how=signed_as_new]");
    let shown = page.shown("handled");
    assert!(!shown["whole"].as_str().unwrap().contains("first"), "{shown}");
    // Keep the text that the page copies.
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }", json!([]));
    browser.click("[data-copy=curl]");
    let curl = browser.wait("return window.copied", json!([]));
    assert!(curl.as_str().unwrap().contains("-H 'webhook-signature: v1,"), "{curl}");
    browser.run("window.copied = null", json!([]));
    browser.click("[data-copy=test]");
    let test = browser.wait("return window.copied", json!([]));
    assert!(test.as_str().unwrap().contains("async fn standard_webhooks_a()"), "{test}");

    // A request whose body was not read.
    assert_eq!(Request::unsigned("{}").send(page.inspector.address()).status(), Some(401));
    browser.wait("return document.querySelectorAll('.row').length === 4", json!([]));
    browser.press("g");
    page.shown("rejected");
    browser.wait("return document.querySelector('.request-actions .note')", json!([]));
    assert!(browser.text(".request-actions .note").contains("body was not read"));
    assert_eq!(browser.run("return document.querySelector('[data-how]').disabled", json!([])), true);
    page.close();
}

#[test]
fn a_sample_an_event_type_and_headers_are_sent() {
    let page = Page::of(Inspector::start(&["--provider", "github"]));
    let browser = &page.browser;
    let choose = |sample: &str| {
        browser.run(
            "const select = document.querySelector('#sample');
             select.value = arguments[0];
             select.dispatchEvent(new Event('change'))",
            json!([sample]),
        );
    };
    let typed = |field: &str, text: &str| {
        browser.run("document.querySelector(arguments[0]).value = ''", json!([field]));
        browser.click(field);
        browser.press(text);
    };
    browser.press("s");
    browser.wait("return document.querySelector('#event-type').value === 'ping'", json!([]));
    choose("push");
    browser.wait("return document.querySelector('#event-type').value === 'push'", json!([]));
    browser.screenshot("send-sample");
    browser.click("#send-now");
    let shown = page.shown("handled");
    assert!(shown["payload"].as_str().unwrap().contains("\"pusher\""), "{shown}");
    assert_eq!(browser.text(".row .title"), "push");

    // The field writes the header, whatever the payload is.
    browser.press("s");
    typed("#event-type", "workflow_run");
    browser.click("#send-choices summary");
    typed("#headers", "x-tenant: one\nno header");
    browser.click("#send-now");
    browser.wait(
        "return document.querySelector('#send-error').textContent.includes('“no header” is not a header')",
        json!([]),
    );
    // The error is visible, and the field has the focus, on a desktop and on a phone.
    for (width, height, is_phone) in [(1280, 860, false), (390, 700, true)] {
        browser.resize(width, height, is_phone);
        browser.click("#send-now");
        browser.wait("return document.activeElement.id === 'headers'", json!([]));
        browser.wait(
            "const box = document.querySelector('#send-error').getBoundingClientRect();
             const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
             return seen?.id === 'send-error'",
            json!([]),
        );
    }
    browser.screenshot("send-error-390");
    browser.resize(1280, 860, false);
    typed("#headers", "x-tenant: one");
    browser.click("#send-now");
    browser.wait("return document.querySelector('.facts')?.textContent.includes('workflow_run')", json!([]));
    let shown = page.shown("handled");
    assert!(shown["whole"].as_str().unwrap().contains("x-tenant"), "{shown}");
    browser.resize(320, 640, true);
    browser.click("#send-button");
    browser.wait("return document.querySelector('dialog[open]')", json!([]));
    assert_eq!(
        browser.run(
            "const dialog = document.querySelector('#send');
             return document.documentElement.scrollWidth <= innerWidth && dialog.scrollWidth <= dialog.clientWidth",
            json!([])
        ),
        true
    );
    // The band of the selected scenario is not wider than its title.
    let lefts = browser.run(
        "return ['#send-choices legend', '.scenario:has(:checked)', '#sample'].map((name) => document.querySelector(name).getBoundingClientRect().left)",
        json!([]),
    );
    assert!(lefts[0] == lefts[1] && lefts[1] == lefts[2], "{lefts}");
    browser.screenshot("send-320");
    page.close();
}

#[test]
fn the_event_type_in_a_payload_and_its_field_stay_equal() {
    let page = Page::of(Inspector::start(&["--provider", "stripe"]));
    let browser = &page.browser;
    browser.press("s");
    browser
        .wait("return document.querySelector('#event-type').value === 'payment_intent.succeeded'", json!([]));
    browser.run("document.querySelector('#event-type').value = ''", json!([]));
    browser.click("#event-type");
    browser.press("charge.refunded\u{e004}");
    browser.wait(
        "return document.querySelector('#payload').value.includes('\"type\": \"charge.refunded\"')",
        json!([]),
    );
    browser.run(
        "const payload = document.querySelector('#payload');
         payload.value = payload.value.replace('charge.refunded', 'charge.failed');
         payload.dispatchEvent(new Event('change'))",
        json!([]),
    );
    browser.wait("return document.querySelector('#event-type').value === 'charge.failed'", json!([]));
    browser.click("#send-now");
    page.shown("handled");
    assert_eq!(browser.text(".row .title"), "charge.failed");
    page.close();
}

#[test]
fn the_listed_deliveries_are_exported() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    for id in ["first", "second"] {
        assert_eq!(Request::delivery(id, "{}").send(page.inspector.address()).status(), Some(200));
    }
    browser.wait("return document.querySelectorAll('.row').length === 2", json!([]));
    // Keep what the page saves.
    browser.run(
        "const before = URL.createObjectURL;
         URL.createObjectURL = (blob) => { blob.text().then((text) => (window.saved = text)); return before(blob); }",
        json!([]),
    );
    browser.press("/second");
    browser.wait("return document.querySelectorAll('.row:not([hidden])').length === 1", json!([]));
    browser.click("#export");
    let saved = browser.wait("return window.saved", json!([]));
    let lines: Vec<Value> =
        saved.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{saved}");
    assert_eq!((&lines[0]["id"], &lines[0]["number"]), (&json!("second"), &json!(2)));
    page.close();
}
