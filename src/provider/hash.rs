//! A plain hash of a text that has the secret in it.

use super::facts::providers;
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
    cloudinary_sha1, try_cloudinary_sha1: "cloudinary-sha1", "Cloudinary",
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
    cloudinary_sha256, try_cloudinary_sha256: "cloudinary-sha256", "Cloudinary (sha256)",
        "https://github.com/cloudinary/cloudinary_npm/blob/HEAD/test/utils/utils_spec.js",
        Scheme::new(Sha256, "x-cld-signature", Hex)
            .timestamp("header:x-cld-timestamp", Seconds)
            .tolerance(Some(7200), 300)
            .signs("{body}{ts}{secret}")
            .event_type("body:/notification_type"),
        shared_secret: true;

    /// HubSpot v1.
    ///
    /// * Signed: `{secret}{body}`, SHA-256 (plain), in `X-HubSpot-Signature`. Secret: UTF-8 client
    ///   secret. Such a hash can be extended, with bytes that JSON does not have: a body with a NUL byte is
    ///   rejected. Prefer [`hubspot_v3`](super::hubspot_v3).
    /// * Id: none that names the delivery as a whole.
    hubspot_v1, try_hubspot_v1: "hubspot-v1", "HubSpot v1",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{body}");

    /// HubSpot v2.
    ///
    /// * Signed: `{secret}{method}{url}{body}`, SHA-256 (plain), in `X-HubSpot-Signature`. Secret:
    ///   UTF-8 client secret. Such a hash can be extended, with bytes that JSON does not have: a body with a
    ///   NUL byte is rejected. Prefer [`hubspot_v3`](super::hubspot_v3).
    /// * The body must be empty or a JSON object or array, and the URL without `{` and `[`: nothing else says
    ///   where one ends and the other begins.
    /// * Id: none that names the delivery as a whole.
    hubspot_v2, try_hubspot_v2: "hubspot-v2", "HubSpot v2",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{method}{url}{body}");
}
