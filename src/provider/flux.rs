use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Flux (generic-hmac).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Event type: `body:/reason`, signed.
    /// * Retries: yes, for up to 30 s. Flux retries four times, with delays of 2, 4, 8 and 16 s or the delay in
    ///   `Retry-After`
    ///   ([source](https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/client.go)).
    ///   The [lease](crate::WebhookLayer::lease) of claims must expire before the last retry, so it is 10 s. The
    ///   lease applies only with [`dedupe_by`](crate::WebhookLayer::dedupe_by), because deliveries have no id.
    flux: "flux", "Flux (generic-hmac)",
        "https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/forwarder_test.go",
        Scheme::hmac_sha256("x-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/reason"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30)),
        lease: Some(Duration::from_secs(10));
}
