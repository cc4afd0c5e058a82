use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA256 of the body in `Intuit-Signature`, base64.
    ///
    /// * Secret: the verifier token, as text.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events.
    ///   ([Source](https://developer.intuit.com/app/developer/qbo/docs/develop/webhooks)).
    intuit: "intuit", "Intuit QuickBooks",
        "https://github.com/IntuitDeveloper/SampleApp-Webhooks-nodejs/blob/HEAD/util/util.js",
        Scheme::hmac_sha256("intuit-signature", Base64),
        batch: true;
}
