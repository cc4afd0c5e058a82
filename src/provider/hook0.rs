use super::{providers, shapes};
use crate::verify::{Encoding::Hex, Scheme, TimeUnit::Seconds};

providers! {
    /// HMAC-SHA256 of `{ts}.{body}` or `{ts}.{field:h}.{headers_named_by:h}.{body}` in `X-Hook0-Signature`, hex.
    ///
    /// Hook0 (either version).
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{ts}.{body}` (`v0`) or `{ts}.{field:h}.{headers_named_by:h}.{body}` (`v1`),
    ///   HMAC-SHA256, in `X-Hook0-Signature`.
    /// * Delivery id: `header:x-event-id`, **not signed**.
    /// * Event type: `header:x-event-type`, **not signed**. Signed if `h` names it.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * If both are present, `v1` counts. An attacker who captures such a delivery can remove `v1`, so **the
    ///   headers are never covered**. If your Hook0 sends `v1`, use [`hook0_v1`].
    /// * Under `v1` the body must be empty or a JSON object or array, as for [`hook0_v1`]. Under `v0` any other
    ///   body must not contain a dot: otherwise an attacker could relabel a `v1` as `v0`, and move `h` and the
    ///   headers into the body.
    hook0: "hook0", "Hook0",
        "https://github.com/hook0/hook0/blob/HEAD/clients/conformance/signature.json",
        Scheme::hmac_sha256("x-hook0-signature", Hex)
            .list(",")
            .pairs("=", ["v1", "v0"])
            .prefer(["v1", "v0"])
            .timestamp("field:t", Seconds)
            .signs_by_version([("v0", "{ts}.{body}"), ("v1", "{ts}.{field:h}.{headers_named_by:h}.{body}")])
            .id("header:x-event-id")
            .event_type("header:x-event-type");

    /// HMAC-SHA256 of `{ts}.{field:h}.{headers_named_by:h}.{body}` in `X-Hook0-Signature`, hex.
    ///
    /// Hook0 (version 1 alone).
    ///
    /// * Secret: the text as it stands.
    /// * Signed content: `{ts}.{field:h}.{headers_named_by:h}.{body}`, HMAC-SHA256, in `X-Hook0-Signature` as
    ///   `v1`. A delivery without `v1` is rejected.
    /// * Delivery id: `header:x-event-id`, **not signed**. Signed if `h` names it.
    /// * Event type: `header:x-event-type`, **not signed**. Signed if `h` names it.
    /// * Timestamp: `field:t`; 300 s into the past and 300 s into the future.
    /// * Only dots separate the headers' values from each other and from the body. So only the last value may
    ///   contain a dot, no value may contain `{` or `[`, and the body must be empty or a JSON object or array.
    hook0_v1: "hook0-v1", "Hook0 (version 1)",
        "https://github.com/hook0/hook0/blob/HEAD/clients/conformance/signature.json",
        shapes::hook0_version_1()
            .id("header:x-event-id")
            .event_type("header:x-event-type");
}
