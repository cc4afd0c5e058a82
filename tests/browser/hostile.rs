//! Hostile payloads, and the policy that contains them.

use super::*;

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

    page.wait_for_rows(2);
    // A long name is cut in the middle; its title is complete.
    let row = browser.text(".row:last-child .title");
    assert!(row.starts_with("</span><img src=x onerror=") && row.ends_with(".title='ran'</script>"), "{row}");
    let title = browser.run("return document.querySelector('.row:last-child .title').title");
    assert_eq!(title, format!("</span>{evil}"));
    assert_eq!(browser.text(".row:last-child .about"), id);
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
    assert_eq!(browser.run(made), 0);
    assert_eq!(browser.run("return document.title"), "Webhook inspector");
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
    );
    assert_eq!(tried[0], "Webhook inspector");
    assert_eq!(tried[1], 0);
    assert!(tried[2].as_array().unwrap().contains(&json!("TypeError")), "{tried}");
    // The browser reports the violations.
    assert!(!browser.console().is_empty());
}
