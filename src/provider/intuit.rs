use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Intuit QuickBooks.
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `intuit-signature`.
    /// * Secret: the verifier token, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/0/type`, signed.
    /// * Batches: one body can carry several events
    ///   ([source](https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks)).
    intuit: "intuit", "Intuit QuickBooks",
        "https://github.com/IntuitDeveloper/SampleApp-Webhooks-nodejs/blob/HEAD/util/util.js",
        Scheme::hmac_sha256("intuit-signature", Base64)
            .event_type("body:/0/type"),
        batch: true;
}
