use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Linear.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Linear-Signature`. Secret: UTF-8.
    /// * Id: `header:Linear-Delivery`, **not signed**.
    /// * Timestamp: `body:/webhookTimestamp`; 60 s into the past and 60 s into the future.
    linear: "linear", "Linear",
        "https://github.com/linear/linear/blob/HEAD/packages/sdk/src/webhooks/client.ts",
        Scheme::hmac_sha256("linear-signature", Hex)
            .timestamp("body:/webhookTimestamp", Milliseconds)
            .tolerance(Some(60), 60)
            .id("header:linear-delivery")
            .event_type("body:/type");
}
