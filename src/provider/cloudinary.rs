use super::providers;
use crate::verify::{
    Algorithm::{Sha1, Sha256},
    Encoding::Hex,
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Cloudinary.
    ///
    /// * Signed: `{body}{ts}{secret}`, hash-sha1, in `X-Cld-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:X-Cld-Timestamp`; 7200 s into the past and 300 s into the future.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all notification URLs of a
    ///   product environment sign with it.
    cloudinary_sha1 -> Result: "cloudinary-sha1", "Cloudinary",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/lib/utils/index.js",
        Scheme::new(Sha1, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;

    /// Cloudinary (sha256).
    ///
    /// * Signed: `{body}{ts}{secret}`, hash-sha256, in `X-Cld-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:X-Cld-Timestamp`; 7200 s into the past and 300 s into the future.
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
