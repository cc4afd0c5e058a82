use std::time::Duration;

use super::{providers, shapes};
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// Creates a verifier for Hook0.
    ///
    /// The verifier accepts both signature versions.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{body}` or `{ts}.{field:h}.{headers_named_by:h}.{body}`, as hex in
    ///   `x-hook0-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{ts}.{body}` in version `v0`, `{ts}.{field:h}.{headers_named_by:h}.{body}` in version
    ///   `v1`. The field `h` of `x-hook0-signature` lists the signed headers.
    /// * Delivery id: `header:x-event-id`, **not signed**.
    /// * Event type: `header:x-event-type`, **not signed**.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 8 days.
    /// * Deduplication window: 9 days.
    /// * Acknowledge within: 15 s.
    /// * If a delivery has both versions, the layer verifies `v1`, which also covers the headers that `h` lists.
    ///   An attacker who captures such a delivery can remove `v1`, so **do not rely on the headers**. If your
    ///   Hook0 instance sends `v1`, use [`hook0_v1`].
    /// * With `v1`, the body must be empty or begin with `{` or `[`, as for [`hook0_v1`]. With `v0`, a body that
    ///   begins with another character must not contain a dot. Without this rule for `v0`, an attacker could
    ///   send a captured `v1` signature as `v0`, with `h` and the headers at the beginning of the body.
    hook0: "hook0", "Hook0",
        "https://github.com/hook0/hook0/blob/HEAD/clients/conformance/signature.json",
        Scheme::hmac_sha256("x-hook0-signature", Hex)
            .list(",")
            .pairs("=", ["v1", "v0"])
            .prefer(["v1", "v0"])
            .timestamp("field:t", Seconds)
            .signs_by_version([("v0", "{ts}.{body}"), ("v1", "{ts}.{field:h}.{headers_named_by:h}.{body}")])
            .id("header:x-event-id")
            .event_type("header:x-event-type"),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 24 * 3600)),
        dedupe_window: Some(Duration::from_secs(9 * 24 * 3600));

    /// Creates a verifier for Hook0 (version 1).
    ///
    /// The verifier accepts only signature version 1.
    ///
    /// * Signature: HMAC-SHA256 of `{ts}.{field:h}.{headers_named_by:h}.{body}`, as hex in `x-hook0-signature`.
    /// * Secret: text, not decoded.
    /// * Signed content: `{ts}.{field:h}.{headers_named_by:h}.{body}`. The field `h` of `x-hook0-signature`
    ///   lists the signed headers. The layer rejects deliveries without `v1`.
    /// * Delivery id: `header:x-event-id`, **not signed**, unless `h` lists the header.
    /// * Event type: `header:x-event-type`, **not signed**, unless `h` lists the header.
    /// * Timestamp: `field:t`; tolerance 300 s.
    /// * Retries: yes, for up to 8 days.
    /// * Deduplication window: 9 days.
    /// * Acknowledge within: 15 s.
    /// * Only dots separate the header values from each other and from the body. The layer therefore rejects a
    ///   delivery if a header value other than the last contains a dot, if any header value contains `{` or `[`,
    ///   or if the body is not empty and does not begin with one of these two characters.
    hook0_v1: "hook0-v1", "Hook0 (version 1)",
        "https://github.com/hook0/hook0/blob/HEAD/clients/conformance/signature.json",
        shapes::hook0_version_1()
            .id("header:x-event-id")
            .event_type("header:x-event-type"),
        ack_deadline: Some(Duration::from_secs(15)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(8 * 24 * 3600)),
        dedupe_window: Some(Duration::from_secs(9 * 24 * 3600));
}
