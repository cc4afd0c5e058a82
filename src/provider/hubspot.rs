use std::time::Duration;

use super::providers;
use crate::verify::{
    Algorithm::Sha256,
    Attempt,
    Encoding::{Base64, Hex},
    Location, Scheme,
    TimeUnit::Milliseconds,
};

providers! {
    /// Creates a verifier for HubSpot v1.
    ///
    /// * Signature: SHA-256 of `{secret}{json:body}`, as hex in `x-hubspot-signature`.
    /// * Secret: the client secret, as text. If you pass several secrets, none of them may begin or end with
    ///   another one. Otherwise a signature with one secret could also match other content with the other
    ///   secret.
    /// * Delivery id: none.
    /// * Event type: `body:/0/subscriptionType`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    /// * Batches: one body can carry several events. HubSpot sends at most 100 in one body
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * The body must be empty or begin with `{` or `[` (JSON). Otherwise an attacker could send a captured
    ///   delivery of version 2 as version 1, with the method and the URL at the beginning of the body.
    /// * The signature is a plain hash. The layer rejects bodies with a NUL byte, which a length extension
    ///   attack requires. Prefer [`hubspot_v3`](super::hubspot_v3()).
    hubspot_v1 -> Result: "hubspot-v1", "HubSpot v1",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{json:body}")
            .event_type("body:/0/subscriptionType"),
        batch: true,
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        attempt: Some(|| Attempt::Retries(Location::json("/0/attemptNumber")));

    /// Creates a verifier for HubSpot v2.
    ///
    /// * Signature: SHA-256 of `{secret}{method}{url}{body}`, as hex in `x-hubspot-signature`.
    /// * Secret: the client secret, as text. If you pass several secrets, none of them may begin or end with
    ///   another one. For example, the secret `a` before the method `BGET` and the secret `aB` before the method
    ///   `GET` have the same hash.
    /// * Delivery id: none.
    /// * Event type: `body:/0/subscriptionType`, signed.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    /// * Batches: one body can carry several events. HubSpot sends at most 100 in one body
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * The body must be empty or begin with `{` or `[` (JSON), and the URL must contain neither of these two
    ///   characters. The layer rejects other deliveries, because the boundary between the URL and the body would
    ///   be ambiguous.
    /// * The signature is a plain hash. The layer rejects bodies with a NUL byte, which a length extension
    ///   attack requires. Prefer [`hubspot_v3`](super::hubspot_v3()).
    hubspot_v2 -> Result: "hubspot-v2", "HubSpot v2",
        "https://github.com/HubSpot/hubspot-api-nodejs/blob/HEAD/src/utils/signature.ts",
        Scheme::new(Sha256, "x-hubspot-signature", Hex)
            .signs("{secret}{method}{url}{body}")
            .event_type("body:/0/subscriptionType"),
        batch: true,
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        attempt: Some(|| Attempt::Retries(Location::json("/0/attemptNumber")));

    /// Creates a verifier for HubSpot v3.
    ///
    /// * Signature: HMAC-SHA256 of `{method}{url}{body}{ts}`, as base64 in `x-hubspot-signature-v3`.
    /// * Secret: the client secret, as text.
    /// * Delivery id: none.
    /// * Event type: `body:/0/subscriptionType`, signed.
    /// * Timestamp: `header:x-hubspot-request-timestamp`; tolerance 300 s.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 5 s.
    /// * Batches: one body can carry several events. HubSpot sends at most 100 in one body
    ///   ([source](https://developers.hubspot.com/docs/guides/crm/private-apps/webhooks)).
    /// * HubSpot's documentation says that HubSpot decodes some percent-encoded characters of the URL before
    ///   signing, but its library does not decode them. The layer accepts either.
    /// * The body must be empty or begin with `{` or `[` (JSON), and the URL must contain neither of these two
    ///   characters. The layer rejects other deliveries, because the boundary between the URL and the body would
    ///   be ambiguous.
    hubspot_v3: "hubspot-v3", "HubSpot v3",
        "https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests",
        @any_of ["{method}{url}{body}{ts}", "{method}{unescaped_url}{body}{ts}"].map(|signed| {
            Scheme::hmac_sha256("x-hubspot-signature-v3", Base64)
                .timestamp("header:x-hubspot-request-timestamp", Milliseconds)
                .signs(signed)
                .event_type("body:/0/subscriptionType")
        }),
        batch: true,
        ack_deadline: Some(Duration::from_secs(5)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        attempt: Some(|| Attempt::Retries(Location::json("/0/attemptNumber")));
}
