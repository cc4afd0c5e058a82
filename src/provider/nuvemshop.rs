use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Nuvemshop (Tiendanube).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-linkedstore-hmac-sha256`.
    /// * Secret: the app's client secret, as text.
    /// * Delivery id: none. `id` identifies the order or the product, which can have several deliveries.
    /// * Event type: `body:/event`, signed.
    /// * Retries: yes, for up to 2 days. Nuvemshop sends a notification up to 18 times.
    nuvemshop: "nuvemshop", "Nuvemshop (Tiendanube)",
        "https://github.com/TiendaNube/api-docs/blob/HEAD/resources/webhook.md",
        Scheme::hmac_sha256("x-linkedstore-hmac-sha256", Hex)
            .event_type("body:/event"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(48 * 3600));
}
