use super::providers;
use crate::verify::{
    Algorithm::{Sha1, Sha256},
    Encoding::Hex,
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Creates a verifier for Cloudinary.
    ///
    /// * Signature: SHA-1 of `{body}{ts}{secret}`, as hex in `x-cld-signature`.
    /// * Secret: text, not decoded. If you pass several secrets, none of them may begin or end with another one.
    ///   Otherwise a signature with one secret could also match other content with the other secret.
    /// * Delivery id: none.
    /// * Event type: `body:/notification_type`, signed.
    /// * Timestamp: `header:x-cld-timestamp`; tolerance 7200 s in the past and 300 s in the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all notification URLs of a product environment
    ///   share the secret.
    cloudinary_sha1 -> Result: "cloudinary-sha1", "Cloudinary",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/lib/utils/index.js",
        Scheme::new(Sha1, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;

    /// Creates a verifier for Cloudinary (sha256).
    ///
    /// * Signature: SHA-256 of `{body}{ts}{secret}`, as hex in `x-cld-signature`.
    /// * Secret: text, not decoded. If you pass several secrets, none of them may begin or end with another one.
    ///   Otherwise a signature with one secret could also match other content with the other secret.
    /// * Delivery id: none.
    /// * Event type: `body:/notification_type`, signed.
    /// * Timestamp: `header:x-cld-timestamp`; tolerance 7200 s in the past and 300 s in the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all notification URLs of a product environment
    ///   share the secret.
    cloudinary_sha256 -> Result: "cloudinary-sha256", "Cloudinary (sha256)",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/test/utils/utils_spec.js",
        Scheme::new(Sha256, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;
}
