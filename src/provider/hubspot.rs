use super::providers;
use crate::verify::{
    Algorithm::Sha256,
    Encoding::{Base64, Hex},
    Scheme,
    TimeUnit::Milliseconds,
};

providers! {
    /// SHA-256 of `{secret}{json:body}` in `X-Hubspot-Signature`, hex.
    ///
    /// * Secret: the client secret, as text. A plain hash allows length extension, which adds a NUL byte, so a
    ///   body with a NUL byte is rejected. Prefer [`hubspot_v3`](super::hubspot_v3()).
    /// * Signed content: `{secret}{json:body}`, SHA-256 (plain), in `X-HubSpot-Signature`.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events. Up to 100
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * The body must be empty or a JSON object or array: otherwise an attacker could send a captured delivery
    ///   of version 2 as one of version 1, with its method and URL in the body.
    hubspot_v1 -> Result: "hubspot-v1", "HubSpot v1",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{json:body}"),
        batch: true;

    /// SHA-256 of `{secret}{method}{url}{body}` in `X-Hubspot-Signature`, hex.
    ///
    /// * Secret: the client secret, as text. A plain hash allows length extension, which adds a NUL byte, so a
    ///   body with a NUL byte is rejected. Prefer [`hubspot_v3`](super::hubspot_v3()).
    /// * Signed content: `{secret}{method}{url}{body}`, SHA-256 (plain), in `X-HubSpot-Signature`.
    /// * Delivery id: none.
    /// * Batches: one body can carry several events. Up to 100
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * The body must be empty or a JSON object or array, and the URL without `{` and `[`: the bounds between
    ///   the two would be ambiguous otherwise.
    hubspot_v2 -> Result: "hubspot-v2", "HubSpot v2",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{method}{url}{body}"),
        batch: true;

    /// HMAC-SHA256 of `{method}{url}{body}{ts}` in `X-Hubspot-Signature-V3`, base64.
    ///
    /// * Secret: the client secret, as text.
    /// * Delivery id: none.
    /// * Timestamp: `header:x-hubspot-request-timestamp`; 300 s into the past and 300 s into the future.
    /// * Batches: one body can carry several events. Up to 100
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * Use a URL without percent-escapes: HubSpot's documentation decodes some of them before signing, but its
    ///   library does not, so requests may be rejected.
    /// * The body must be empty or a JSON object or array, and the URL without `{` and `[`: the bounds between
    ///   the two would be ambiguous otherwise.
    hubspot_v3: "hubspot-v3", "HubSpot v3",
        "https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests",
        Scheme::hmac_sha256("x-hubspot-signature-v3", Base64)
            .timestamp("header:x-hubspot-request-timestamp", Milliseconds)
            .signs("{method}{url}{body}{ts}"),
        batch: true;
}
