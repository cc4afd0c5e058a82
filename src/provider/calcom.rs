use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Cal.com.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-cal-signature-256`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none. Deliveries with equal bodies do not count as duplicates, because Cal.com's users can
    ///   replace the body with a template that has neither a time nor an id.
    /// * Event type: `body:/triggerEvent`, signed.
    calcom: "calcom", "Cal.com",
        "https://github.com/calcom/cal.com/blob/HEAD/packages/features/webhooks/lib/sendPayload.ts",
        Scheme::hmac_sha256("x-cal-signature-256", Hex)
            .event_type("body:/triggerEvent");
}
