use super::providers;
use crate::verify::{Algorithm::RsaSha1, Encoding::Base64, Scheme};

providers! {
    /// RSA-SHA1 of the body in `X-Postal-Signature`, base64.
    ///
    /// * Secret: the installation's public key, PEM or base64 of DER (what follows `p=` in its DKIM record).
    /// * Delivery id: `body:/uuid`, signed.
    /// * Event type: `body:/event`, signed.
    postal -> Result: "postal", "Postal",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha1, "x-postal-signature", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event");
}
