use super::providers;
use crate::verify::{
    Algorithm::{HmacSha1, HmacSha512},
    Encoding::Hex,
    Scheme,
};

providers! {
    /// generic hub-signature list (adnanh/webhook).
    ///
    /// * Signed: `{body}`, HMAC-SHA1, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    hub_list_sha1: "hub-list-sha1", "generic hub-signature list (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha1, "x-hub-signature", Hex)
            .optional_prefix("sha1=")
            .list(",");

    /// generic hub-signature list sha512 (adnanh/webhook).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Hub-Signature`. Secret: UTF-8.
    /// * Id: none that names the delivery as a whole.
    hub_list_sha512: "hub-list-sha512", "generic hub-signature list sha512 (adnanh/webhook)",
        "https://github.com/adnanh/webhook/blob/HEAD/internal/hook/hook_test.go",
        Scheme::new(HmacSha512, "x-hub-signature", Hex)
            .optional_prefix("sha512=")
            .list(",");
}
