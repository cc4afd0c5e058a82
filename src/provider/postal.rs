use super::providers;
use crate::verify::{Algorithm::RsaSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Postal.
    ///
    /// * Signature: RSA-SHA1 signature of the body, as base64 in `x-postal-signature`.
    /// * Secret: the installation's public key, as PEM or as base64 of its DER: the value of `p=` in the DKIM
    ///   record.
    /// * Delivery id: `body:/uuid`, signed.
    /// * Event type: `body:/event`, signed.
    postal -> Result: "postal", "Postal",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha1, "x-postal-signature", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event");
}
