use super::providers;
use crate::verify::{
    Algorithm::{Sha1, Sha256},
    Encoding::Hex,
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// SHA-1 of `{body}{ts}{secret}` in `X-Cld-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}{ts}{secret}`, hash-sha1, in `X-Cld-Signature`.
    /// * Delivery id: none.
    /// * Event type: `body:/notification_type`, signed.
    /// * Timestamp: `header:x-cld-timestamp`; 7200 s into the past and 300 s into the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all notification URLs of a product environment
    ///   share it.
    cloudinary_sha1 -> Result: "cloudinary-sha1", "Cloudinary",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/lib/utils/index.js",
        Scheme::new(Sha1, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;

    /// SHA-256 of `{body}{ts}{secret}` in `X-Cld-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{body}{ts}{secret}`, hash-sha256, in `X-Cld-Signature`.
    /// * Delivery id: none.
    /// * Event type: `body:/notification_type`, signed.
    /// * Timestamp: `header:x-cld-timestamp`; 7200 s into the past and 300 s into the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): as for [`cloudinary_sha1`].
    cloudinary_sha256 -> Result: "cloudinary-sha256", "Cloudinary (sha256)",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/test/utils/utils_spec.js",
        Scheme::new(Sha256, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;
}
