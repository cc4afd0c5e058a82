use std::time::Duration;

use super::providers;
use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
};

providers! {
    /// Creates a verifier for Airtable.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `hmac-sha256=` in `x-airtable-content-mac`.
    /// * Secret: the `macSecretBase64` from the API response that created the webhook, base64.
    /// * Delivery id: none. The body only announces a change, which the receiver must fetch.
    /// * Retries: yes, for up to 1 day ([source](https://airtable.com/developers/web/api/webhooks-overview)).
    /// * Acknowledge within: 25 s.
    airtable -> Result: "airtable", "Airtable",
        "https://airtable.com/developers/web/api/webhooks-overview",
        Scheme::hmac_sha256("x-airtable-content-mac", Hex)
            .prefix("hmac-sha256=")
            .key_encoding(Base64),
        ack_deadline: Some(Duration::from_secs(25)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600));
}
