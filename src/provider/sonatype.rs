use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Sonatype Nexus Repository and IQ Server.
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex in `x-nexus-webhook-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Delivery id: `header:x-nexus-webhook-delivery`, **not signed**.
    /// * Event type: `header:x-nexus-webhook-id`, **not signed**.
    sonatype_nexus: "sonatype-nexus", "Sonatype Nexus Repository and IQ Server",
        "https://help.sonatype.com/en/example-headers-and-payloads.html",
        Scheme::new(HmacSha1, "x-nexus-webhook-signature", Hex)
            .id("header:x-nexus-webhook-delivery")
            .event_type("header:x-nexus-webhook-id");
}
