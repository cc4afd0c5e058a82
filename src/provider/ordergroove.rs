use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Ordergroove.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as hex in `ordergroove-signature`.
    /// * Secret: the webhook's verification key, as text.
    /// * Delivery id: none.
    /// * Timestamp: `field:ts`; tolerance 300 s.
    ordergroove: "ordergroove", "Ordergroove",
        "https://developer.ordergroove.com/reference/webhooks-verification",
        Scheme::hmac_sha256("ordergroove-signature", Hex)
            .list(",")
            .pairs("=", ["sig"])
            .timestamp("field:ts", Seconds)
            .signs("{ts}.{body}");
}
