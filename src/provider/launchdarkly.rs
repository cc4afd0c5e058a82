use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for LaunchDarkly.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-ld-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/_id`, signed. It identifies the entry in the audit log.
    /// * Event type: `body:/kind`, signed. It is the kind of the changed resource, such as `flag`. `accesses`
    ///   contains the actions.
    launchdarkly: "launchdarkly", "LaunchDarkly",
        "https://launchdarkly.com/docs/home/infrastructure/webhooks",
        Scheme::hmac_sha256("x-ld-signature", Hex)
            .id("body:/_id")
            .event_type("body:/kind");
}
