use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Signature`, hex after `sha256=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `body:/reason`, signed.
    /// * Retries: yes.
    /// * Four retries, 2, 4, 8 and 16 s apart or as `Retry-After` says
    ///   ([source](https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/client.go)), so
    ///   the [lease](crate::WebhookLayer::lease) of claims (with [`dedupe_by`](crate::WebhookLayer::dedupe_by))
    ///   is 10 s.
    flux: "flux", "Flux (generic-hmac)",
        "https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/forwarder_test.go",
        Scheme::hmac_sha256("x-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/reason"),
        retries: Some(true),
        lease: Some(Duration::from_secs(10));
}
