use super::providers;
use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// HMAC-SHA256 of the body in `X-Airtable-Content-Mac`, hex after `hmac-sha256=`.
    ///
    /// * Secret: base64, the `macSecretBase64` that its API answered when the webhook was made.
    /// * Delivery id: none. The body only announces a change, which the receiver must fetch.
    airtable -> Result: "airtable", "Airtable",
        "https://airtable.com/developers/web/api/webhooks-overview",
        Scheme::hmac_sha256("x-airtable-content-mac", Hex)
            .prefix("hmac-sha256=")
            .key_encoding(Base64);
}
