use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Heroku.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Heroku-Webhook-Hmac-SHA256`. Secret: UTF-8.
    /// * Id: `body:/id`, signed. What happened is its `resource` and its `action`.
    /// * Retries for up to 72 hours, if the webhook's level is `sync`
    ///   ([source](https://devcenter.heroku.com/changelog-items/1966)).
    heroku: "heroku", "Heroku",
        "https://github.com/heroku/webhooks-demo/blob/HEAD/app/controllers/webhooks_controller.rb",
        Scheme::hmac_sha256("heroku-webhook-hmac-sha256", Base64)
            .id("body:/id")
            .event_type("body:/resource"),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600));
}
