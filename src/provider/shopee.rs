use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Shopee.
    ///
    /// * Signature: HMAC-SHA256 of `{url}|{body}`, as hex in `authorization`.
    /// * Secret: the partner key, as text.
    /// * Delivery id: none.
    /// * The signed URL is the callback URL as configured in Shopee. If the layer receives another URL, for
    ///   example behind a proxy, set [`public_url`](crate::WebhookLayer::public_url).
    shopee: "shopee", "Shopee",
        "https://github.com/minchao/shopee-php/blob/HEAD/src/SignatureGenerator.php",
        Scheme::hmac_sha256("authorization", Hex)
            .signs("{url}|{body}");
}
