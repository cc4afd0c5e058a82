use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Cal.com.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Cal-Signature-256`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    calcom: "calcom", "Cal.com",
        "https://github.com/calcom/cal.com/blob/HEAD/packages/features/webhooks/lib/sendPayload.ts",
        Scheme::hmac_sha256("x-cal-signature-256", Hex)
            .event_type("body:/triggerEvent");
}
