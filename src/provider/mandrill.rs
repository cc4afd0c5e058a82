use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// Creates a verifier for Mandrill (Mailchimp Transactional).
    ///
    /// * Signature: HMAC-SHA1 of `{url}{sorted_form}`, as base64 in `x-mandrill-signature`.
    /// * Secret: the webhook's key, as text.
    /// * Signed content: the URL and the form's parameters, sorted by name.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery is a batch: its events
    ///   have ids, but the delivery does not. The layer compares the signatures instead of the bodies, so a
    ///   replay whose parameters are split differently (see "Not covered") is a duplicate as well.
    /// * Retries: yes.
    /// * Body limit: 25 MiB.
    /// * Handshake: `HEAD`, to which the layer responds with 200.
    /// * Batches: one body can carry several events.
    /// * Not covered: **the boundaries between parameters**, their order, repetitions of a parameter, the method
    ///   and the headers. Mandrill concatenates names and values before signing, so an attacker who captures a
    ///   request can replay it with its parameters split differently.
    /// * The form field `mandrill_events` contains the events as a JSON array.
    ///   [`json`](crate::WebhookLayer::json) extracts this array.
    /// * Set [`public_url`](crate::WebhookLayer::public_url) behind a proxy, or if the URL contains a user name.
    mandrill: "mandrill", "Mandrill (Mailchimp Transactional)",
        "https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/",
        Scheme::new(HmacSha1, "x-mandrill-signature", Base64).signs("{url}{sorted_form}"),
        batch: true,
        equal_bodies: true,
        json_field: Some("mandrill_events"),
        handshake: Some(REACHABLE),
        retries: Some(true),
        body_limit: Some(25 * 1024 * 1024);
}
