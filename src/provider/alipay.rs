use std::time::Duration;

use super::providers;
use crate::verify::{Algorithm::RsaSha256, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Alipay.
    ///
    /// The verifier is for asynchronous notifications. Alipay sends a notification again until the handler
    /// responds with the text `success`. The layer's response to a duplicate has no text.
    ///
    /// * Signature: RSA-SHA256 signature of `{sorted_pairs:sign,sign_type}`, as base64 in `form:sign`.
    /// * Secret: Alipay's public key (not the application's), as PEM or as base64 of its DER. The application
    ///   must use the signature type `RSA2`.
    /// * Signed content: all fields except `sign`, sorted by name, as `name=value` joined with `&`. The values
    ///   are decoded. Alipay signs `sign_type` only in some notifications, so the verifier accepts both. The
    ///   layer rejects a notification with a repeated field, and a value that could also be read as two fields,
    ///   because it contains a `=` after an `&`. The application must use the charset `utf-8`.
    /// * Delivery id: `form:notify_id`, signed.
    /// * Event type: `form:trade_status` or `form:notify_type`, signed.
    /// * Retries: yes, for up to 25 hours ([source](https://docs.antom.com/ac/web/async)).
    /// * Not covered: `sign_type`, and the order and the encoding of the fields.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all endpoints of an application share the key.
    alipay -> Result: "alipay", "Alipay",
        "https://github.com/alipay/alipay-sdk-nodejs-all/blob/HEAD/src/alipay.ts",
        @any_of [scheme("{sorted_pairs:sign,sign_type}"), scheme("{sorted_pairs:sign}")],
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(25 * 3600));
}

/// The signed text of one scheme has no other meaning under the other: in both, `sign_type` is the only field that can
/// make the text `sign_type=`.
fn scheme(template: &str) -> Scheme {
    Scheme::new(RsaSha256, "form:sign", Base64)
        .key_encoding(Base64)
        .signs(template)
        .id("form:notify_id")
        .event_type(["form:trade_status", "form:notify_type"])
}
