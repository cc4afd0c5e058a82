use super::providers;
use crate::verify::{
    Algorithm::HmacSha512,
    Encoding::{Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Convoy (simple, sha256, hex).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha256_hex, try_convoy_simple_sha256_hex: "convoy-simple-sha256-hex", "Convoy (simple, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Hex)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha256, base64).
    ///
    /// * Signed: `{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha256_base64, try_convoy_simple_sha256_base64: "convoy-simple-sha256-base64", "Convoy (simple, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Base64)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha512, hex).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha512_hex, try_convoy_simple_sha512_hex: "convoy-simple-sha512-hex", "Convoy (simple, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Hex)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (simple, sha512, base64).
    ///
    /// * Signed: `{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    convoy_simple_sha512_base64, try_convoy_simple_sha512_base64: "convoy-simple-sha512-base64", "Convoy (simple, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Base64)
            .id("header:x-convoy-idempotency-key");

    /// Convoy (advanced, sha256, hex).
    ///
    /// * Signed: `{ts},{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha256_hex, try_convoy_advanced_sha256_hex: "convoy-advanced-sha256-hex", "Convoy (advanced, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .signs("{ts},{body}")
            .id("header:x-convoy-idempotency-key");

    /// Convoy (advanced, sha256, base64).
    ///
    /// * Signed: `{ts},{body}`, HMAC-SHA256, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha256_base64, try_convoy_advanced_sha256_base64: "convoy-advanced-sha256-base64", "Convoy (advanced, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::hmac_sha256("x-convoy-signature", Base64)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .signs("{ts},{body}")
            .id("header:x-convoy-idempotency-key");

    /// Convoy (advanced, sha512, hex).
    ///
    /// * Signed: `{ts},{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha512_hex, try_convoy_advanced_sha512_hex: "convoy-advanced-sha512-hex", "Convoy (advanced, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .signs("{ts},{body}")
            .id("header:x-convoy-idempotency-key");

    /// Convoy (advanced, sha512, base64).
    ///
    /// * Signed: `{ts},{body}`, HMAC-SHA512, in `X-Convoy-Signature`. Secret: UTF-8.
    /// * Id: `header:X-Convoy-Idempotency-Key`, **not signed**.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    convoy_advanced_sha512_base64, try_convoy_advanced_sha512_base64: "convoy-advanced-sha512-base64", "Convoy (advanced, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        Scheme::new(HmacSha512, "x-convoy-signature", Base64)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Seconds)
            .signs("{ts},{body}")
            .id("header:x-convoy-idempotency-key");
}
