use super::{handshake::REACHABLE, providers};
use crate::verify::{Algorithm::HmacSha1, Encoding::Base64, Scheme};

providers! {
    /// HMAC-SHA1 of `{url}{sorted_form}` in `X-Mandrill-Signature`, base64.
    ///
    /// * Secret: the text of the webhook's key. Set [`public_url`](crate::WebhookLayer::public_url) behind a
    ///   proxy, or if the URL contains a user.
    /// * Signed content: the URL and the form's parameters in the order of their names; HMAC-SHA1, in
    ///   `X-Mandrill-Signature`.
    /// * Delivery id: none. No id names the delivery as a whole, which is a batch; its events have ids of their
    ///   own. Forms with the same signature are one delivery.
    /// * Handshake: `HEAD`, which is answered 200.
    /// * Batches: one body can carry several events.
    /// * Not covered: **where one parameter ends and the next begins**, their order, repetitions, the method and
    ///   the headers. Names and values are concatenated before signing, so an attacker who captures a request
    ///   can replay it with its parameters split differently.
    /// * The events are a JSON array in the form field `mandrill_events`, which `json` extracts.
    mandrill: "mandrill", "Mandrill (Mailchimp Transactional)",
        "https://mailchimp.com/developer/transactional/guides/track-respond-activity-webhooks/",
        Scheme::new(HmacSha1, "x-mandrill-signature", Base64).signs("{url}{sorted_form}"),
        batch: true,
        equal_bodies: true,
        json_field: Some("mandrill_events"),
        handshake: Some(REACHABLE);
}
