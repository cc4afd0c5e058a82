use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Checkly.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-checkly-signature`.
    /// * Secret: the webhook secret, as text.
    /// * Delivery id: none.
    /// * Retries: yes, for up to 100 s. Checkly retries five times, 20 s apart. The
    ///   [lease](crate::WebhookLayer::lease) of claims must expire before the last retry, so it is 10 s.
    /// * Not covered: the header `x-checkly-timestamp`.
    checkly: "checkly", "Checkly",
        "https://github.com/checkly/docs.checklyhq.com/blob/HEAD/site/content/docs/alerting-and-retries/webhooks.md",
        Scheme::hmac_sha256("x-checkly-signature", Hex),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(100)),
        lease: Some(Duration::from_secs(10));
}
