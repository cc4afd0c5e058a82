use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Heroku.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `heroku-webhook-hmac-sha256`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/resource`, signed. `resource` and `action` together describe the event.
    /// * Retries: if the webhook's level is `sync`, Heroku retries for up to 72 hours
    ///   ([source](https://devcenter.heroku.com/changelog-items/1966)).
    /// * Deduplication window: 4 days.
    heroku: "heroku", "Heroku",
        "https://github.com/heroku/webhooks-demo/blob/HEAD/app/controllers/webhooks_controller.rb",
        Scheme::hmac_sha256("heroku-webhook-hmac-sha256", Base64)
            .id("body:/id")
            .event_type("body:/resource"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600));
}
