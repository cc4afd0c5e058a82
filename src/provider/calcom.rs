use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `X-Cal-Signature-256`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Event type: `body:/triggerEvent`, signed.
    calcom: "calcom", "Cal.com",
        "https://github.com/calcom/cal.com/blob/HEAD/packages/features/webhooks/lib/sendPayload.ts",
        Scheme::hmac_sha256("x-cal-signature-256", Hex)
            .event_type("body:/triggerEvent");
}
