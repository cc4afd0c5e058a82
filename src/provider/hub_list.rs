use super::providers;
use crate::verify::{
    Algorithm::{HmacSha1, HmacSha512},
    Encoding::Hex,
    Scheme,
};

providers! {
    /// Creates a verifier for generic hub-signature list (adnanh/webhook).
    ///
    /// * Signature: HMAC-SHA1 of the body, as hex with an optional prefix `sha1=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    hub_list_sha1: "hub-list-sha1", "generic hub-signature list (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .optional_prefix("sha1=")
            .list(",");

    /// Creates a verifier for generic hub-signature list sha512 (adnanh/webhook).
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex with an optional prefix `sha512=` in `x-hub-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: none.
    hub_list_sha512: "hub-list-sha512", "generic hub-signature list sha512 (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha512, "x-hub-signature", Hex)
            .optional_prefix("sha512=")
            .list(",");
}
