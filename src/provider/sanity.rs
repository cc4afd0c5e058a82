use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Base64Url, Scheme, TimeUnit::Milliseconds};

providers! {
    /// Creates a verifier for Sanity.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}`, as URL-safe base64 in `sanity-webhook-signature`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `header:idempotency-key`, **not signed**.
    /// * Event type: `header:sanity-operation`, **not signed**.
    /// * Timestamp: `field:t`; any age unless the layer has a [`tolerance`](crate::WebhookLayer::tolerance), and
    ///   up to 300 s in the future.
    /// * Retries: yes, for up to 1 minute. Sanity retries twice, 30 s apart
    ///   ([source](https://www.sanity.io/docs/changelog/50ec6abf-fe0c-475b-ae72-314148860132)). The
    ///   [lease](crate::WebhookLayer::lease) of claims must expire before the last retry, so it is 10 s.
    sanity: "sanity", "Sanity",
        "https://github.com/sanity-io/webhook-toolkit/blob/HEAD/src/signature.ts",
        Scheme::hmac_sha256("sanity-webhook-signature", Base64Url)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("field:t", Milliseconds)
            .tolerance(None, 300)
            .signs("{ts}.{body}")
            .id("header:idempotency-key")
            .event_type("header:sanity-operation"),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(60)),
        lease: Some(Duration::from_secs(10));
}
