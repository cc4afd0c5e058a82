use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Rewardful.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-rewardful-signature`.
    /// * Secret: the endpoint's signing secret, as text.
    /// * Delivery id: none.
    rewardful: "rewardful", "Rewardful",
        "https://developers.rewardful.com/webhooks/signed-webhooks",
        Scheme::hmac_sha256("x-rewardful-signature", Hex);
}
