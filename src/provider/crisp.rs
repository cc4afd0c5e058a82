use super::providers;
use crate::verify::{Attempt, Encoding::Hex, Location, Scheme};

providers! {
    /// Creates a verifier for Crisp (plugin hooks).
    ///
    /// * Signature: HMAC-SHA256 of `[{header:x-crisp-request-timestamp};{body}]`, as hex in `x-crisp-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates.
    /// * Event type: `body:/event`, signed.
    /// * Timestamp: `header:x-crisp-request-timestamp`, signed, but not checked: Crisp documents no maximum age.
    /// * Retries: yes.
    crisp: "crisp", "Crisp (plugin hooks)",
        "https://github.com/crisp-im/node-crisp-api/blob/HEAD/lib/crisp.ts",
        Scheme::hmac_sha256("x-crisp-signature", Hex)
            .signs("[{header:x-crisp-request-timestamp};{body}]")
            .event_type("body:/event"),
        retries: Some(true),
        equal_bodies: true,
        attempt: Some(|| Attempt::Number(Location::header("x-delivery-attempt-count")));
}
