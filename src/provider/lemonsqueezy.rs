use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Lemon Squeezy.
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    lemonsqueezy: "lemonsqueezy", "Lemon Squeezy",
        "https://github.com/lmsqueezy/nextjs-billing/blob/HEAD/src/app/api/webhook/route.ts",
        Scheme::hmac_sha256("x-signature", Hex)
            .event_type("body:/meta/event_name");
}
