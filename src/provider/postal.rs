use super::providers;
use crate::verify::{Algorithm::RsaSha1, Encoding::Base64, Scheme};

providers! {
    /// Postal.
    ///
    /// * Signed: `{body}`, RSA with SHA-1, in `X-Postal-Signature`. Secret: the installation's
    ///   public key, PEM or base64 of DER (what follows `p=` in its DKIM record).
    /// * Id: `body:/uuid`, signed.
    postal -> Result: "postal", "Postal",
        "https://github.com/postalserver/postal/blob/HEAD/lib/postal/http.rb",
        Scheme::new(RsaSha1, "x-postal-signature", Base64)
            .key_encoding(Base64)
            .id("body:/uuid")
            .event_type("body:/event");
}
