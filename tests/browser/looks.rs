//! The appearance of the page, and its handling of hostile texts.

use super::*;

#[test]
fn light_and_dark_and_on_a_phone() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    browser.resize(1280, 800, false);
    for scenario in ["valid", "twice", "handler_fails", "stale", "valid", "changed_body"] {
        page.send(scenario);
        page.browser.wait("return !document.querySelector('dialog[open]')", json!([]));
    }
    page.shown("rejected");
    page.browser.wait("return document.querySelector('.hints .found')", json!([]));
    let ground = || {
        let colours = browser.run(
            "const style = getComputedStyle(document.body.parentElement); return [style.color, style.backgroundColor]",
            json!([]),
        );
        colours
            .as_array()
            .unwrap()
            .iter()
            .map(|colour| brightness(colour.as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    browser.screenshot("light");
    assert!(ground()[0] < 80 && ground()[1] > 200, "{:?}", ground());
    browser.prefer("dark");
    browser.screenshot("dark");
    assert!(ground()[0] > 200 && ground()[1] < 80, "{:?}", ground());
    // The button overrides the system's color scheme, also after a reload.
    browser.click("#theme");
    assert!(ground()[1] > 200);
    browser.open(&format!("http://{}/", page.inspector.address()));
    browser.wait("return document.querySelectorAll('.row').length === 7", json!([]));
    assert!(ground()[1] > 200);
    browser.click("#send-button");
    browser.wait("return document.querySelector('#payload').value !== ''", json!([]));
    browser.click("#copy-curl");
    browser.wait("return document.querySelector('#curl').textContent.startsWith('curl ')", json!([]));
    browser.screenshot("send");
    browser.press("\u{e00c}");
    browser.wait("return !document.querySelector('dialog[open]')", json!([]));

    browser.resize(390, 844, true);
    let fits = || {
        browser.run("return document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth", json!([]))
    };
    assert_eq!(fits(), true);
    browser.screenshot("phone-list");
    browser.click(".row");
    page.shown("rejected");
    assert_eq!(fits(), true);
    assert_eq!(browser.run("return document.querySelector('.side').checkVisibility()", json!([])), false);
    browser.screenshot("phone-detail");
    browser.click(".back");
    assert_eq!(browser.run("return document.querySelector('.side').checkVisibility()", json!([])), true);
    browser.click("#send-button");
    browser.wait("return document.querySelector('#payload').value !== ''", json!([]));
    assert_eq!(fits(), true);
    browser.screenshot("phone-send");
    page.close();
}

/// Returns the brightness of a color, from 0 to 255.
fn brightness(colour: &str) -> u32 {
    let numbers: Vec<u32> =
        colour.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
    numbers[..3].iter().sum::<u32>() / 3
}

#[test]
fn a_hostile_payload_stays_text() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    let evil = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>";
    // Direction overrides, a null character and a terminal escape sequence, both raw and as JSON escapes.
    let body = json!({
        "type": format!("</span>{evil}"),
        "link": "javascript:document.title='ran'",
        evil: [evil, "\u{202e}txt.exe", "\u{0}\u{1b}[31m", "`<b>code</b>`", "\u{feff}\u{200b}"],
        "</pre></textarea></title>": "]]>--><!--",
        "arabic": "\u{645}\u{631}\u{62d}\u{628}\u{627} <b>",
    });
    let body = body.to_string();
    let id = "msg_'\"><b>id";
    let hostile = Request::delivery(id, &body)
        .header("x-evil", evil)
        .header("user-agent", "\"><svg onload=document.title='ran'>");
    assert_eq!(hostile.send(page.inspector.address()).status(), Some(200));
    // An unverified request can come from anyone.
    let forged = Request::signed_by("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "forged", now(), &body);
    let forged = forged.query("a='onload=document.title='ran'&b=%3Cscript%3E");
    assert_eq!(forged.send(page.inspector.address()).status(), Some(401));

    browser.wait("return document.querySelectorAll('.row').length === 2", json!([]));
    let row = browser.text(".row:last-child .title");
    assert_eq!(row, format!("</span>{evil}"));
    assert_eq!(browser.text(".row:last-child .second"), id);
    browser.click(".row:last-child");
    let shown = page.shown("handled");
    let payload = shown["payload"].as_str().unwrap();
    for seen in [
        evil.replace('"', "\\\"").as_str(),
        "javascript:document.title='ran'",
        "\\u{202e}txt.exe",
        "\\u0000",
        "`<b>code</b>`",
    ] {
        assert!(payload.contains(seen), "{seen}: {payload}");
    }
    assert!(!payload.contains('\u{202e}'));
    assert!(shown["whole"].as_str().unwrap().contains("onload=document.title='ran'"), "{shown}");
    browser.screenshot("hostile");
    browser.click(".row:first-child");
    let shown = page.shown("rejected");
    assert!(shown["payload"].as_str().unwrap().contains("javascript:"), "{shown}");
    assert!(shown["whole"].as_str().unwrap().contains("not verified"), "{shown}");
    browser.screenshot("unverified");

    // The texts created no element, ran no script, and violated no policy.
    let made = "return document.querySelectorAll('main img, main script, main b:not(.counter b), main a, iframe, main svg[onload]').length";
    assert_eq!(browser.run(made, json!([])), 0);
    assert_eq!(browser.run("return document.title", json!([])), "Webhook inspector");
    page.close();
}

#[test]
fn the_policy_is_enforced() {
    let page = Page::open(&[]);
    let browser = &page.browser;
    let tried = browser.run(
        "const forbidden = [];
         document.addEventListener('securitypolicyviolation', (event) => forbidden.push(event.effectiveDirective));
         const script = document.createElement('script');
         try { script.textContent = \"document.title = 'ran'\"; } catch (error) { forbidden.push(error.name); }
         document.head.append(script);
         try { document.body.insertAdjacentHTML('beforeend', '<b>'); } catch (error) { forbidden.push(error.name); }
         return [document.title, document.querySelectorAll('body > b').length, forbidden]",
        json!([]),
    );
    assert_eq!(tried[0], "Webhook inspector");
    assert_eq!(tried[1], 0);
    assert!(tried[2].as_array().unwrap().contains(&json!("TypeError")), "{tried}");
    // The browser reports the violations.
    assert!(!browser.console().is_empty());
}

#[test]
fn deliveries_appear_at_once_and_the_keyboard_suffices() {
    let page = Page::open(&["--log-start"]);
    let browser = &page.browser;
    for number in 1..=3 {
        let body = json!({ "type": format!("order.{number}") }).to_string();
        assert_eq!(
            Request::delivery(&format!("id-{number}"), body).send(page.inspector.address()).status(),
            Some(200)
        );
        browser.wait("return document.querySelectorAll('.row').length === arguments[0]", json!([number]));
    }
    assert_eq!(Request::unsigned("{}").send(page.inspector.address()).status(), Some(401));
    browser.wait("return document.querySelectorAll('.row').length === 4", json!([]));
    browser.wait(
        "return document.querySelector('#announcer').textContent.includes('missing signature')",
        json!([]),
    );

    let selected = |id: &str| {
        browser
            .wait("return document.querySelector('.facts')?.textContent.includes(arguments[0])", json!([id]))
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
    browser.wait("return document.querySelector('#help').open", json!([]));
    browser.press("\u{e00c}");
    browser.wait("return !document.querySelector('#help').open", json!([]));
    browser.press("/");
    browser.run("document.querySelector('#filter').select()", json!([]));
    browser.press("\u{e017}");
    browser.wait("return document.querySelectorAll('.row:not([hidden])').length === 4", json!([]));
    browser.click(".counter.rejected");
    assert_eq!(page.rows(), json!(["rejected"]));
    page.close();
}

#[test]
fn an_open_page_reconnects_to_a_restarted_inspector() {
    let page = Page::open(&[]);
    assert_eq!(Request::delivery("first", "{}").send(page.inspector.address()).status(), Some(200));
    page.browser.wait("return document.querySelectorAll('.row').length === 1", json!([]));
    let address = page.inspector.address().to_string();
    let Page { inspector, browser } = page;
    drop(inspector);
    browser.wait("return document.querySelector('#live').dataset.state === 'lost'", json!([]));
    let inspector = Inspector::start(&["--secret", SECRET, "--listen", &address]);
    browser.wait("return document.querySelector('#live').dataset.state === 'live' && document.querySelectorAll('.row').length === 0", json!([]));
    assert_eq!(Request::delivery("second", "{}").send(inspector.address()).status(), Some(200));
    assert_eq!(browser.text(".row .second"), "second");
}
