use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// HMAC-SHA256 of the body in `Linear-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:linear-delivery`, **not signed**.
    /// * Event type: `body:/type`, signed.
    /// * Timestamp: `body:/webhookTimestamp`; 60 s into the past and 60 s into the future.
    linear: "linear", "Linear",
        "https://github.com/linear/linear/blob/HEAD/packages/sdk/src/webhooks/client.ts",
        Scheme::hmac_sha256("linear-signature", Hex)
            .timestamp("body:/webhookTimestamp", Milliseconds)
            .tolerance(Some(60), 60)
            .id("header:linear-delivery")
            .event_type("body:/type");
}
