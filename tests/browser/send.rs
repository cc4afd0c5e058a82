//! Sending: test events, and received requests again.

use super::*;

#[test]
fn a_received_request_can_be_sent_again_and_copied() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    page.inspector.receive(&Request::delivery("first", r#"{"type": "a"}"#), 200);
    page.wait_for_rows(1);
    browser.click(".row");
    page.shown("handled");
    browser.screenshot("again");
    browser.click("[data-how=as_received]");
    page.shown("duplicate");
    browser.click("[data-how=signed_as_new]");
    let shown = page.shown("handled");
    assert!(!shown["whole"].as_str().unwrap().contains("first"), "{shown}");
    // Keep the text that the page copies.
    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }");
    browser.click("[data-copy=curl]");
    let curl = browser.wait("return window.copied");
    assert!(curl.as_str().unwrap().contains("-H 'webhook-signature: v1,"), "{curl}");
    browser.run("window.copied = null");
    browser.click("[data-copy=test]");
    let test = browser.wait("return window.copied");
    assert!(test.as_str().unwrap().contains("async fn standard_webhooks_a()"), "{test}");

    // A request whose body was not read.
    page.inspector.receive(&Request::unsigned("{}"), 401);
    page.wait_for_rows(4);
    browser.press("g");
    page.shown("rejected");
    browser.wait("return document.querySelector('.request-actions .note')");
    assert!(browser.text(".request-actions .note").contains("body was not read"));
    assert_eq!(browser.run("return document.querySelector('[data-how]').disabled"), true);
    page.close();
}

#[test]
fn a_sample_an_event_type_and_headers_are_sent() {
    let page = Page::of(Inspector::start(&["--provider", "github"]));
    let browser = &page.browser;
    let choose = |sample: &str| {
        browser.run_with(
            "const select = document.querySelector('#sample');
             select.value = arguments[0];
             select.dispatchEvent(new Event('change'))",
            json!([sample]),
        );
    };
    let typed = |field: &str, text: &str| {
        browser.run_with("document.querySelector(arguments[0]).value = ''", json!([field]));
        browser.click(field);
        browser.press(text);
    };
    browser.press("s");
    browser.wait("return document.querySelector('#event-type').value === 'ping'");
    choose("push");
    browser.wait("return document.querySelector('#event-type').value === 'push'");
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
    );
    // The error is visible, and the field has the focus, on a desktop and on a phone.
    for (width, height, is_phone) in [(1280, 860, false), (390, 700, true)] {
        browser.resize(width, height, is_phone);
        browser.click("#send-now");
        browser.wait("return document.activeElement.id === 'headers'");
        browser.wait(
            "const box = document.querySelector('#send-error').getBoundingClientRect();
             const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
             return seen?.id === 'send-error'",
        );
    }
    browser.screenshot("send-error-390");
    browser.resize(1280, 860, false);
    typed("#headers", "x-tenant: one");
    browser.click("#send-now");
    browser.wait("return document.querySelector('.facts')?.textContent.includes('workflow_run')");
    let shown = page.shown("handled");
    assert!(shown["whole"].as_str().unwrap().contains("x-tenant"), "{shown}");
    browser.resize(320, 640, true);
    browser.click("#send-button");
    browser.wait("return document.querySelector('dialog[open]')");
    assert_eq!(
        browser.run(
            "const dialog = document.querySelector('#send');
             return document.documentElement.scrollWidth <= innerWidth && dialog.scrollWidth <= dialog.clientWidth",
        ),
        true
    );
    // The band of the selected scenario is not wider than its title.
    let lefts = browser.run(
        "return ['#send-choices legend', '.scenario:has(:checked)', '#sample'].map((name) => document.querySelector(name).getBoundingClientRect().left)",
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
    browser.wait("return document.querySelector('#event-type').value === 'payment_intent.succeeded'");
    browser.run("document.querySelector('#event-type').value = ''");
    browser.click("#event-type");
    browser.press("charge.refunded\u{e004}");
    browser.wait("return document.querySelector('#payload').value.includes('\"type\": \"charge.refunded\"')");
    browser.run(
        "const payload = document.querySelector('#payload');
         payload.value = payload.value.replace('charge.refunded', 'charge.failed');
         payload.dispatchEvent(new Event('change'))",
    );
    browser.wait("return document.querySelector('#event-type').value === 'charge.failed'");
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
        page.inspector.receive(&Request::delivery(id, "{}"), 200);
    }
    page.wait_for_rows(2);
    // Keep what the page saves.
    browser.run(
        "const before = URL.createObjectURL;
         URL.createObjectURL = (blob) => { blob.text().then((text) => (window.saved = text)); return before(blob); }",
    );
    browser.press("/second");
    browser.wait("return document.querySelectorAll('.row:not([hidden])').length === 1");
    browser.click("#export");
    let saved = browser.wait("return window.saved");
    let lines: Vec<Value> =
        saved.as_str().unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{saved}");
    assert_eq!((&lines[0]["id"], &lines[0]["number"]), (&json!("second"), &json!(2)));
    page.close();
}
