use super::providers;
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::HttpDate};

providers! {
    /// Creates a verifier for EasyPost.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `hmac-sha256-hex=` in `x-hmac-signature`.
    /// * Secret: text, which the constructor normalizes to Unicode NFKD.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/description`, signed.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a secret, and each gets the
    ///   event with the same id.
    easypost: "easypost", "EasyPost",
        "https://github.com/EasyPost/easypost-node/blob/HEAD/src/utils/util.js",
        Scheme::hmac_sha256("x-hmac-signature", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;

    /// Creates a verifier for EasyPost (v2).
    ///
    /// * Signature: HMAC-SHA256 of `{ts}{method}{path_header:x-path}{body}`, as hex with the prefix
    ///   `hmac-sha256-hex=` in `x-hmac-signature-v2`.
    /// * Secret: text, which the constructor normalizes to Unicode NFKD.
    /// * Delivery id: `body:/id`, signed.
    /// * Event type: `body:/description`, signed.
    /// * Timestamp: `header:x-timestamp`; tolerance 300 s.
    /// * Not covered: the path of the request. EasyPost signs the path in the header `X-Path`. A proxy may
    ///   change the request's path, so the layer does not compare the two.
    /// * The signed content is taken from the code of other receivers, not from EasyPost's documentation. If the
    ///   layer rejects genuine deliveries, use [`easypost`], whose signature EasyPost also sends.
    /// * [Shared secret](crate::verify::Profile::shared_secret): webhooks can share a secret, and each gets the
    ///   event with the same id.
    easypost_v2: "easypost-v2", "EasyPost (v2)",
        "https://support.easypost.com/hc/en-us/articles/39826034964237-Webhook-HMAC-Validation",
        Scheme::hmac_sha256("x-hmac-signature-v2", Hex)
            .prefix("hmac-sha256-hex=")
            .key_nfkd()
            .timestamp("header:x-timestamp", HttpDate)
            .signs("{ts}{method}{path_header:x-path}{body}")
            .id("body:/id")
            .event_type("body:/description"),
        shared_secret: true;
}
