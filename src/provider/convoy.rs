use std::time::Duration;

use super::providers;
use crate::verify::{
    Algorithm::{self, HmacSha256, HmacSha512},
    Encoding::{self, Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

providers! {
    /// Creates a verifier for Convoy (simple, sha256, hex).
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_simple_sha256_hex: "convoy-simple-sha256-hex", "Convoy (simple, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha256, Hex),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (simple, sha256, base64).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_simple_sha256_base64: "convoy-simple-sha256-base64", "Convoy (simple, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha256, Base64),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (simple, sha512, hex).
    ///
    /// * Signature: HMAC-SHA512 of the body, as hex in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_simple_sha512_hex: "convoy-simple-sha512-hex", "Convoy (simple, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha512, Hex),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (simple, sha512, base64).
    ///
    /// * Signature: HMAC-SHA512 of the body, as base64 in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_simple_sha512_base64: "convoy-simple-sha512-base64", "Convoy (simple, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        simple(HmacSha512, Base64),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (advanced, sha256, hex).
    ///
    /// * Signature: HMAC-SHA256 of `{ts},{body}`, as hex in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_advanced_sha256_hex: "convoy-advanced-sha256-hex", "Convoy (advanced, sha256, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha256, Hex),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (advanced, sha256, base64).
    ///
    /// * Signature: HMAC-SHA256 of `{ts},{body}`, as base64 in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_advanced_sha256_base64: "convoy-advanced-sha256-base64", "Convoy (advanced, sha256, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha256, Base64),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (advanced, sha512, hex).
    ///
    /// * Signature: HMAC-SHA512 of `{ts},{body}`, as hex in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_advanced_sha512_hex: "convoy-advanced-sha512-hex", "Convoy (advanced, sha512, hex)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha512, Hex),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));

    /// Creates a verifier for Convoy (advanced, sha512, base64).
    ///
    /// * Signature: HMAC-SHA512 of `{ts},{body}`, as base64 in `x-convoy-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:x-convoy-idempotency-key`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 17 minutes.
    /// * Acknowledge within: 10 s.
    convoy_advanced_sha512_base64: "convoy-advanced-sha512-base64", "Convoy (advanced, sha512, base64)",
        "https://github.com/frain-dev/convoy/blob/HEAD/pkg/signature/testdata/signature-vectors.json",
        advanced(HmacSha512, Base64),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(17 * 60));
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
