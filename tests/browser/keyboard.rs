//! Use of the page with the keyboard alone, and its names for assistive technology.

use std::{fs, iter};

use super::*;

const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const ARROW_LEFT: &str = "\u{e012}";

#[test]
fn deliveries_appear_at_once_and_the_keyboard_suffices() {
    let page = Page::open(&["--log-start"]);
    let browser = &page.browser;
    for number in 1..=3 {
        let body = json!({ "type": format!("order.{number}") }).to_string();
        page.inspector.receive(&Request::delivery(&format!("id-{number}"), body), 200);
        page.wait_for_rows(number);
    }
    page.inspector.receive(&Request::unsigned("{}"), 401);
    page.wait_for_rows(4);
    browser.wait("return document.querySelector('#announcer').textContent.includes('missing signature')");

    let selected = |id: &str| {
        browser.wait_with(
            "return document.querySelector('.facts')?.textContent.includes(arguments[0])",
            json!([id]),
        )
    };
    browser.press("j");
    let shown = page.shown("rejected");
    assert!(
        shown["texts"]["Head"].as_str().unwrap().contains("webhook-signature header is missing"),
        "{shown}"
    );
    assert!(shown["whole"].as_str().unwrap().contains("Not read"), "{shown}");
    browser.screenshot("missing");
    browser.press("jj");
    selected("order.2");
    browser.press("G");
    selected("order.1");
    browser.press("kg");
    page.shown("rejected");
    browser.press("/order.3\u{e007}j");
    selected("order.3");
    assert_eq!(page.rows(), json!(["handled"]));
    browser.press("?");
    browser.wait("return document.querySelector('#help').open");
    browser.press("\u{e00c}");
    browser.wait("return !document.querySelector('#help').open");
    browser.press("/");
    browser.run("document.querySelector('#filter').select()");
    browser.press("\u{e017}");
    browser.wait("return document.querySelectorAll('.row:not([hidden])').length === 4");
    browser.click(".counter.rejected");
    assert_eq!(page.rows(), json!(["rejected"]));
    page.close();
}

#[test]
fn all_controls_are_in_the_order_of_the_page() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    page.send_as("valid", "first");
    page.send_as("valid", "second");
    browser.open("about:blank");
    browser.open(&format!("{}#/1", page.address()));
    page.wait_for_rows(2);
    page.shown("handled");
    // The name of the focused element, once its focus is visible.
    let focused = || {
        browser.press(TAB);
        browser.run(
            "const focused = document.activeElement;
             if (focused === document.body) return null;
             const { outlineStyle, outlineWidth } = getComputedStyle(focused);
             const isSeen = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 && focused.checkVisibility();
             return [focused.id || focused.className || focused.localName, isSeen]",
        )
    };
    // Begin at the first control: tabbing starts at the row that was selected last, and continues from the start of the
    // page after the browser's own controls.
    let order: Vec<_> = iter::from_fn(|| Some(focused()))
        .take(60)
        .skip_while(|focused| focused[0] != "provider")
        .take_while(|focused| !focused.is_null())
        .collect();
    assert!(order.iter().all(|focused| focused[1] == true), "{order:?}");
    let names: Vec<_> = order.iter().map(|focused| focused[0].as_str().unwrap()).collect();
    let controls = [
        "provider",
        "copy-endpoint",
        "theme",
        "help-button",
        "send-button",
        "bars",
        "counter all",
        "counter handled",
        "filter",
        "clear",
        "list",
        "summary",
        "code payload",
    ];
    let places: Vec<_> =
        controls.iter().map(|control| names.iter().position(|name| name == control)).collect();
    assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{names:?}");
    page.close();
}

#[test]
fn dialogs_keep_the_focus_and_return_it() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    page.send_as("valid", "first");
    browser.wait("document.querySelector('#list').focus(); return document.activeElement.id === 'list'");
    for (key, dialog) in [("s", "#send"), ("?", "#help")] {
        browser.press(key);
        browser.wait_with("return document.querySelector(arguments[0]).open", json!([dialog]));
        for _ in 0..30 {
            browser.press(TAB);
            // After the last element, the focus passes through the browser's own controls.
            let is_within = browser.run_with(
                "const focused = document.activeElement;
                 return focused === document.body || Boolean(focused.closest(arguments[0]))",
                json!([dialog]),
            );
            assert_eq!(is_within, true, "{dialog}");
        }
        browser.press(ESCAPE);
        browser.wait("return !document.querySelector('dialog[open]')");
        assert_eq!(browser.run("return document.activeElement.id"), "list", "{dialog}");
    }
    page.close();
}

#[test]
fn enter_opens_a_delivery_and_escape_returns_to_the_list() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    for event_type in ["first", "second"] {
        page.send_as("valid", event_type);
    }
    let focus = |id: &str| {
        browser.wait_with("return document.activeElement.id === arguments[0]", json!([id]));
    };
    for (width, is_phone) in [(1280, false), (390, true)] {
        browser.resize(width, 800, is_phone);
        browser.open("about:blank");
        browser.open(&page.address());
        page.wait_for_rows(2);
        browser.press("jj");
        browser.press(ENTER);
        focus("detail");
        browser.wait("return document.querySelector('.facts')?.textContent.includes('first')");
        assert_eq!(browser.run("return document.querySelector('#list').checkVisibility()"), !is_phone);
        browser.press(ESCAPE);
        focus("list");
        assert_eq!(browser.run("return document.querySelector('#list').checkVisibility()"), true);
    }
    page.close();
}

#[test]
fn the_chart_describes_and_opens_deliveries() {
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    for event_type in ["first", "second", "third"] {
        page.send_as("valid", event_type);
    }
    page.send_as("stale", "fourth");
    browser.wait("return document.querySelectorAll('#bars [role=option]').length === 4");
    // The bars begin on the left, and a rejected delivery differs from others not only in its color.
    let bars = browser.run(
        "const left = document.querySelector('#bars').getBoundingClientRect().left;
         const place = (bar) => Math.round(bar.getBoundingClientRect().left - left);
         return [...document.querySelectorAll('#bars [role=option]')].map((bar) => [place(bar), bar.childElementCount])",
    );
    assert!(bars[0][0].as_u64().unwrap() < 10 && bars[2][1] == 1 && bars[3][1] == 2, "{bars}");
    let caption = || browser.text("#chart-caption");
    assert!(caption().contains("median ") && caption().contains("p95 "), "{}", caption());
    browser.point("#bars", 2, 30);
    assert!(caption().starts_with("handled#1 first"), "{}", caption());
    browser.point("#filter", 2, 2);
    assert!(caption().contains("median "), "{}", caption());

    browser.run("document.querySelector('#send-button').focus()");
    browser.press(TAB);
    assert!(caption().starts_with("rejected#4 stale timestamp"), "{}", caption());
    browser.press(&ARROW_LEFT.repeat(2));
    assert!(caption().starts_with("handled#2 second"), "{}", caption());
    let name = browser.run(
        "const bar = document.activeElement.getAttribute('aria-activedescendant');
         return document.getElementById(bar).getAttribute('aria-label')",
    );
    assert!(name.as_str().unwrap().starts_with("#2 second, handled, "), "{name}");
    browser.press(ENTER);
    browser.wait("return document.querySelector('.facts')?.textContent.includes('second')");
    browser.click("#bar-1");
    browser.wait("return document.querySelector('.facts')?.textContent.includes('first')");
    page.close();
}

/// Checks the views with axe-core, which `tests/browser.sh` downloads.
#[test]
fn each_view_conforms_to_wcag() {
    let axe = fs::read_to_string(driver::output().join("axe.min.js"))
        .expect("axe-core is needed: `sh tests/browser.sh` downloads it");
    let page = Page::open(&["--provider", "stripe"]);
    let browser = &page.browser;
    let check = |view: &str| {
        let script = format!(
            "{axe};
             const wanted = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
             return axe.run(document, {{ runOnly: wanted }}).then(({{ passes, violations }}) => ({{
                 passes: passes.length,
                 violations: violations.map(({{ id, nodes }}) => [id, nodes.map((node) => node.html.slice(0, 200))]),
             }}));"
        );
        let found = browser.run(&script);
        assert_eq!(found["violations"], json!([]), "{view}");
        assert!(found["passes"].as_u64().unwrap() > 20, "{view}: {found}");
    };
    check("empty");
    for scenario in ["valid", "twice", "changed_body", "handler_fails", "at_once"] {
        page.send_as(scenario, "payment_intent.succeeded");
    }
    page.wait_for_rows(7);
    browser.wait("return Boolean(document.querySelector('.row .finding'))");
    for (width, is_mobile) in [(390, true), (768, true), (1280, false)] {
        browser.resize(width, 900, is_mobile);
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            for hash in ["", "#/1", "#/4", "#/99"] {
                browser.open("about:blank");
                browser.open(&format!("{}{hash}", page.address()));
                page.wait_for_rows(7);
                if !hash.is_empty() {
                    browser.wait("return Boolean(document.querySelector('.delivery'))");
                }
                check(&format!("{hash} at {width}, {scheme}"));
            }
            browser.run("document.querySelector('#send-button').click()");
            browser.wait("return document.querySelector('#payload').value !== ''");
            check(&format!("sending at {width}, {scheme}"));
            browser
                .run("document.querySelector('#send').close(); document.querySelector('#help').showModal()");
            check(&format!("help at {width}, {scheme}"));
        }
    }
}
