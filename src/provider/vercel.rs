use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Vercel.
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `x-vercel-signature`. Secret: UTF-8, the webhook's secret, or
    ///   for an integration its client secret.
    /// * Id: `body:/id`, signed.
    vercel: "vercel", "Vercel",
        "https://github.com/vercel/example-marketplace-integration/blob/HEAD/app/webhook/route.ts",
        Scheme::new(HmacSha1, "x-vercel-signature", Hex)
            .id("body:/id")
            .event_type("body:/type");
}
