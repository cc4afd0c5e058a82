use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme, TimeUnit::HttpDate};

providers! {
    /// HMAC-SHA1 of `{body}{ts}` in `X-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    /// * Timestamp: `header:date`; any age and 300 s into the future. For example `Thu 07 Sep 2017 06:30:04
    ///   UTC`. Scalr documents no limit; set one with [`tolerance`](crate::WebhookLayer::tolerance).
    scalr: "scalr", "Scalr",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook.go",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .timestamp("header:date", HttpDate)
            .tolerance(None, 300)
            .signs("{body}{ts}");
}
