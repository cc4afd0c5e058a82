use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Klarna webhooks.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `klarna-signature`.
    /// * Secret: the signing key, as text. The layer tries every configured key, and ignores
    ///   `Klarna-Signing-Key-Id`.
    /// * Delivery id: `body:/metadata/event_id`, signed.
    /// * Event type: `body:/metadata/event_type`, signed.
    /// * Retries: yes, for up to 12 hours
    ///   ([source](https://docs.klarna.com/klarna-network-distribution/manage-partners/integration-setup-and-notifications/webhooks)).
    /// * Klarna's older push notifications of an order are not signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a signing key.
    klarna: "klarna", "Klarna webhooks",
        "https://docs.klarna.com/acquirer/klarna-network/setup-your-integration/connection-configuration/setup-your-webhooks/",
        Scheme::hmac_sha256("klarna-signature", Hex)
            .id("body:/metadata/event_id")
            .event_type("body:/metadata/event_type"),
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(12 * 3600));
}
