use super::providers;
use crate::verify::{Algorithm::HmacSha1, Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for Expo (EAS).
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with the prefix `sha1=` in `expo-signature`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. The body's `id` identifies the
    ///   build or the submission.
    /// * Retries: yes.
    expo: "expo", "Expo (EAS)",
        "https://github.com/expo/expo/blob/HEAD/docs/pages/eas/webhooks.mdx",
        Scheme::new(HmacSha1, "expo-signature", Hex)
            .prefix("sha1="),
        equal_bodies: true,
        retries: Some(true);
}
