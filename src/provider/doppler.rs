use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Doppler.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex with the prefix `sha256=` in `x-doppler-signature`.
    /// * Secret: the webhook's signing secret, as text. Doppler does not sign if the webhook has no secret.
    /// * Delivery id: none.
    /// * Retries: yes.
    doppler: "doppler", "Doppler",
        "https://docs.doppler.com/docs/webhooks",
        Scheme::hmac_sha256("x-doppler-signature", Hex)
            .prefix("sha256="),
        retries: Some(true);
}
