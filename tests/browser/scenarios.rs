use super::*;

#[test]
fn each_scenario_is_shown_with_its_cause() {
    let page = Page::open(&[]);
    assert!(page.browser.text("#empty").contains("No deliveries yet"));
    page.browser.screenshot("welcome");
    for (scenario, badge, step, state, says) in [
        ("valid", "handled", "Settle", "passed", "Completed"),
        ("twice", "duplicate", "Claim", "ended", "Completed before"),
        ("at_once", "retry later", "Claim", "ended", "Another request holds the claim"),
        ("changed_body", "rejected", "Signature", "failed", "Signature mismatch: no secret matches"),
        ("wrong_secret", "rejected", "Signature", "failed", "Signature mismatch: no secret matches"),
        (
            "stale",
            "rejected",
            "Head",
            "failed",
            "Timestamp is 360 s old, which exceeds the tolerance of 300 s",
        ),
        ("too_large", "rejected", "Body", "failed", "1,048,577 bytes, exceeds the limit of 1,048,576"),
        ("handler_fails", "failed", "Handler", "failed", "Failed: answered 500"),
        ("handler_panics", "panicked", "Handler", "failed", "Panicked"),
        ("handler_slow", "handled", "Handler", "passed", "Answered 200"),
    ] {
        // Clear the details, so that the test does not read those of the previous scenario.
        page.browser.run("document.querySelector('#detail').replaceChildren()");
        page.send(scenario);
        if scenario == "handler_slow" {
            let shown = page.shown("running");
            assert_eq!(shown["steps"]["Handler"], "running");
            page.browser.screenshot("running");
        }
        if scenario == "at_once" {
            // Either of the two requests may claim the delivery. Select the one with the expected badge.
            page.browser.wait_with(
                "const states = [...document.querySelectorAll('.row .state')];
                 const state = states.find((state) => state.textContent === arguments[0]);
                 state?.click();
                 return document.querySelector('.delivery .badge')?.textContent === arguments[0]",
                json!([badge]),
            );
        }
        let shown = page.shown(badge);
        assert_eq!(shown["steps"][step], state, "{scenario}: {shown}");
        assert!(shown["texts"][step].as_str().unwrap().contains(says), "{scenario}: {shown}");
        let is_rejected = matches!(badge, "rejected" | "retry later");
        assert_eq!(
            shown["steps"]["Handler"] == "skipped",
            is_rejected || badge == "duplicate",
            "{scenario}: {shown}"
        );
        assert_eq!(shown["hints"] != "", badge != "handled" && badge != "duplicate", "{scenario}: {shown}");
        if scenario == "changed_body" {
            page.browser.wait_with(
                "return document.querySelector('.hints .found')?.nextSibling.textContent.includes(arguments[0])",
                json!(["valid for the same body without the line break at its end"]),
            );
        }
        page.browser.screenshot(scenario);
    }
    let rows = page.rows();
    assert_eq!(rows.as_array().unwrap().len(), 12, "{rows}");
    page.close();
}
