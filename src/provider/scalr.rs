use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme, TimeUnit::HttpDate};

providers! {
    /// Scalr.
    ///
    /// * Signed: `{body}{ts}`, HMAC-SHA1, in `X-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:Date`, such as `Thu 07 Sep 2017 06:30:04 UTC`; any age, since
    ///   Scalr documents no limit ([`tolerance`](crate::WebhookLayer::tolerance) sets one), and up to 300 s into
    ///   the future.
    scalr: "scalr", "Scalr",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook.go",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .timestamp("header:date", HttpDate)
            .tolerance(None, 300)
            .signs("{body}{ts}");
}
