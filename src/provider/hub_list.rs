use super::providers;
use crate::verify::{
    Algorithm::{HmacSha1, HmacSha512},
    Encoding::Hex,
    Scheme,
};

providers! {
    /// HMAC-SHA1 of the body in `X-Hub-Signature`, hex after an optional `sha1=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    hub_list_sha1: "hub-list-sha1", "generic hub-signature list (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .optional_prefix("sha1=")
            .list(",");

    /// HMAC-SHA512 of the body in `X-Hub-Signature`, hex after an optional `sha512=`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none.
    hub_list_sha512: "hub-list-sha512", "generic hub-signature list sha512 (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha512, "x-hub-signature", Hex)
            .optional_prefix("sha512=")
            .list(",");
}
