use super::providers;
use crate::verify::{Encoding::Hex, Scheme, SignedEncoding, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Airship (open channels).
    ///
    /// * Signature: HMAC-SHA256 of `{ts}:{body}`, as hex in `x-ua-signature`.
    /// * Secret: the webhook's secret key, as text.
    /// * Signed content: the timestamp and the JSON before compression. With the feature `compression`, the
    ///   layer decodes a compressed body before verification.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-ua-timestamp`; tolerance 300 s.
    airship: "airship", "Airship (open channels)",
        "https://support.airship.com/hc/en-us/articles/360032501831-Implementing-a-Signature-Hash-and-Validating-an-Open-Channel-Webhook",
        Scheme::hmac_sha256("x-ua-signature", Hex)
            .timestamp("header:x-ua-timestamp", Seconds)
            .signs("{ts}:{body}"),
        profile: |profile| profile.with_content_encoding(SignedEncoding::Decoded);
}
