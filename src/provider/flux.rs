use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Flux (generic-hmac).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Four retries, 2, 4, 8 and 16 s apart or as `Retry-After` says
    ///   ([source](https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/client.go)),
    ///   so the [lease](crate::WebhookLayer::lease) of a claim that
    ///   [`dedupe_by`](crate::WebhookLayer::dedupe_by) makes is 10 s.
    flux: "flux", "Flux (generic-hmac)",
        "https://github.com/fluxcd/notification-controller/blob/HEAD/internal/notifier/forwarder_test.go",
        Scheme::hmac_sha256("x-signature", Hex)
            .prefix("sha256=")
            .event_type("body:/reason"),
        retries: Some(true),
        lease: Some(Duration::from_secs(10));
}
