use super::providers;
use crate::verify::{
    Algorithm::{self, HmacSha256, HmacSha512},
    Encoding::{self, Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// HMAC-SHA256 of the body in `X-Convoy-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    convoy_simple_sha256_hex: "convoy-simple-sha256-hex", "Convoy (simple, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha256, Hex);

    /// HMAC-SHA256 of the body in `X-Convoy-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    convoy_simple_sha256_base64: "convoy-simple-sha256-base64", "Convoy (simple, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha256, Base64);

    /// HMAC-SHA512 of the body in `X-Convoy-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    convoy_simple_sha512_hex: "convoy-simple-sha512-hex", "Convoy (simple, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha512, Hex);

    /// HMAC-SHA512 of the body in `X-Convoy-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    convoy_simple_sha512_base64: "convoy-simple-sha512-base64", "Convoy (simple, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha512, Base64);

    /// HMAC-SHA256 of `{ts},{body}` in `X-Convoy-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha256_hex: "convoy-advanced-sha256-hex", "Convoy (advanced, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha256, Hex);

    /// HMAC-SHA256 of `{ts},{body}` in `X-Convoy-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha256_base64: "convoy-advanced-sha256-base64", "Convoy (advanced, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha256, Base64);

    /// HMAC-SHA512 of `{ts},{body}` in `X-Convoy-Signature`, hex.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha512_hex: "convoy-advanced-sha512-hex", "Convoy (advanced, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha512, Hex);

    /// HMAC-SHA512 of `{ts},{body}` in `X-Convoy-Signature`, base64.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha512_base64: "convoy-advanced-sha512-base64", "Convoy (advanced, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha512, Base64);
}

fn simple(algorithm: Algorithm, encoding: Encoding) -> Scheme {
    Scheme::new(algorithm, "x-convoy-signature", encoding).id("header:x-convoy-idempotency-key")
}

fn advanced(algorithm: Algorithm, encoding: Encoding) -> Scheme {
    simple(algorithm, encoding)
        .list(",")
        .pairs("=", ["v1"])
        .timestamp("field:t", Seconds)
        .signs("{ts},{body}")
}
