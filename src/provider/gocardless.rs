use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// GoCardless.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `Webhook-Signature`. Secret: UTF-8.
    /// * Id: `body:/meta/webhook_id`, signed.
    gocardless: "gocardless", "GoCardless",
        "https://github.com/gocardless/gocardless-pro-python/blob/HEAD/tests/webhooks_test.py",
        Scheme::hmac_sha256("webhook-signature", Hex)
            .id("body:/meta/webhook_id");
}
