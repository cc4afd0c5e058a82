use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme, TimeUnit::HttpDate};

providers! {
    /// Creates a verifier for Scalr.
    ///
    /// * Signature: HMAC-SHA1 of `{body}{ts}`, as hex in `x-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    /// * Timestamp: `header:date`; any age unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance),
    ///   and up to 300 s in the future. The date has the form `Thu 07 Sep 2017 06:30:04 UTC`. Scalr documents no
    ///   maximum age.
    /// * Retries: yes.
    scalr: "scalr", "Scalr",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook.go",
        Scheme::new(HmacSha1, "x-signature", Hex)
            .timestamp("header:date", HttpDate)
            .tolerance(None, 300)
            .signs("{body}{ts}"),
        retries: Some(true);
}
