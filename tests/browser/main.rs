//! The inspector's page in a real browser, a headless Chromium. `sh tests/browser.sh` runs it.
#![cfg(all(feature = "axum", feature = "test-util", unix))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(unreachable_pub, reason = "test crates have no public API")]

mod driver;
mod looks;
mod scenarios;

#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../inspector/http.rs"]
mod http;
#[allow(dead_code, reason = "other tests use the rest")]
#[path = "../inspector/process.rs"]
mod process;

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
        browser.wait("return document.querySelector('#live').dataset.state === 'live'", json!([]));
        Self { inspector, browser }
    }

    /// Sends a test event through the page's dialog.
    fn send(&self, scenario: &str) {
        self.browser.click("#send-button");
        self.browser.click(&format!("label[for=scenario-{scenario}]"));
        self.browser.wait("return document.querySelector('#payload').value !== ''", json!([]));
        self.browser.click("#send-now");
    }

    /// Waits until the selected delivery has this badge, and returns the delivery's texts and the states of its steps.
    fn shown(&self, badge: &str) -> Value {
        self.browser.wait(
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

    /// Returns the badges in the list, newest first.
    fn rows(&self) -> Value {
        self.browser.run(
            "return [...document.querySelectorAll('.row:not([hidden]) .badge')].map((badge) => badge.textContent)",
            json!([]),
        )
    }

    /// Asserts that the console has no errors or policy violations.
    fn close(self) {
        let console = self.browser.console();
        assert_eq!(console, Vec::<String>::new());
    }
}
