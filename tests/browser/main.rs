//! The inspector's page in a real browser, a headless Chromium. `sh tests/browser.sh` runs it.
#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "test crates have no public API")]

mod driver;
mod hostile;
mod keyboard;
mod live;
mod scenarios;
mod send;
mod widths;

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../inspector/http.rs"]
mod http;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../inspector/process.rs"]
mod process;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../common/processes.rs"]
mod processes;

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use self::{
    driver::Browser,
    http::{Request, SECRET, now},
    process::Inspector,
};

/// An inspector, and its page in a browser.
struct Page {
    inspector: Inspector,
    browser: Browser,
}

impl Page {
    fn open(options: &[&str]) -> Self {
        let inspector = Inspector::start(&[&["--secret", SECRET], options].concat());
        Self::of(inspector)
    }

    fn of(inspector: Inspector) -> Self {
        let browser = Browser::start();
        browser.prefer("light");
        browser.open(&format!("http://{}/", inspector.address()));
        browser.wait("return document.querySelector('#live').dataset.state === 'live'");
        Self { inspector: inspector.unchecked(), browser }
    }

    /// Sends a test event through the page's dialog.
    fn send(&self, scenario: &str) {
        self.browser.click("#send-button");
        self.browser.click(&format!("label[for=scenario-{scenario}]"));
        self.browser.wait("return document.querySelector('#payload').value !== ''");
        self.browser.click("#send-now");
    }

    /// Sends a test event with an event type of Stripe's, without the page's dialog.
    fn send_as(&self, scenario: &str, event_type: &str) {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // The multiplication makes the ids look like real ones in screenshots.
        let id = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let id = format!("evt_{id:016x}");
        let body = json!({ "id": id, "object": "event", "type": event_type });
        let wanted = json!({ "scenario": scenario, "body": body.to_string() });
        let to = self.inspector.address();
        let answer = Request::page(to, "POST", "/page/send", &wanted.to_string()).send(to);
        assert_eq!(answer.status(), Some(200), "{}", answer.0);
        let sent: Value = serde_json::from_str(answer.body()).unwrap();
        // Wait until the requests have ended, so that the next ones come after them.
        sent["from"].as_array().unwrap().iter().for_each(|_| drop(self.inspector.line()));
    }

    /// Sends a delivery of the provider `standard-webhooks`.
    fn deliver(&self, id: &str, event_type: &str) {
        let body = json!({ "type": event_type }).to_string();
        assert_eq!(Request::delivery(id, body).send(self.inspector.address()).status(), Some(200));
    }

    fn address(&self) -> String {
        format!("http://{}/", self.inspector.address())
    }

    /// Waits until the list has this number of deliveries.
    fn wait_for_rows(&self, count: usize) {
        self.browser
            .wait_with("return document.querySelectorAll('.row').length === arguments[0]", json!([count]));
    }

    /// Waits until the selected delivery has this badge, and returns the delivery's texts and the states of its steps.
    fn shown(&self, badge: &str) -> Value {
        self.browser.wait_with(
            "const shown = document.querySelector('.delivery');
             if (shown?.querySelector('.badge').textContent !== arguments[0]) return null;
             const steps = [...shown.querySelectorAll('[data-step]')];
             return {
                 headline: shown.querySelector('h2').textContent,
                 steps: Object.fromEntries(steps.map((step) => [step.dataset.step, step.dataset.state])),
                 texts: Object.fromEntries(steps.map((step) => [step.dataset.step, step.textContent])),
                 hints: shown.querySelector('.hints')?.textContent ?? '',
                 payload: shown.querySelector('.payload')?.textContent ?? '',
                 whole: shown.textContent,
             }",
            json!([badge]),
        )
    }

    /// Returns the states in the list, newest first.
    fn rows(&self) -> Value {
        self.browser.run(
            "return [...document.querySelectorAll('.row:not([hidden]) .state')].map((state) => state.textContent)",
        )
    }

    /// Asserts that the console has no errors or policy violations.
    fn close(self) {
        let console = self.browser.console();
        assert_eq!(console, Vec::<String>::new());
    }
}
