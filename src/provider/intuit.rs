use super::providers;
use crate::verify::{Encoding::Base64, Scheme};

providers! {
    /// Intuit QuickBooks.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `intuit-signature`. Secret: UTF-8 verifier token.
    /// * Id: none that names the delivery as a whole.
    intuit: "intuit", "Intuit QuickBooks",
        "https://github.com/IntuitDeveloper/SampleApp-Webhooks-nodejs/blob/HEAD/util/util.js",
        Scheme::hmac_sha256("intuit-signature", Base64);
}
