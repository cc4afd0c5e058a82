use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Heroku-Webhook-Hmac-Sha256`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `body:/id`, signed. The `resource` and the `action` describe the event.
    /// * Event type: `body:/resource`, signed.
    /// * Retries: not known; deduplicated for 4 days. For up to 72 hours, if the webhook's level is `sync`
    ///   ([source](https://devcenter.heroku.com/changelog-items/1966)).
    heroku: "heroku", "Heroku",
        "https://github.com/heroku/webhooks-demo/blob/HEAD/app/controllers/webhooks_controller.rb",
        Scheme::hmac_sha256("heroku-webhook-hmac-sha256", Base64)
            .id("body:/id")
            .event_type("body:/resource"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600));
}
