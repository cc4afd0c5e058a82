use bytes::Bytes;
use http::Response;
use serde_json::json;

use super::{
    handshake::{Handshake, HandshakeRequest, json_response, permission_to_send, short_body_with},
    providers,
};
use crate::verify::{Scheme, scan};

providers! {
    /// The secret itself in `query:access_token`.
    ///
    /// * Secret: the text as it stands.
    /// * Delivery id: none. A delivery may have several events; equal bodies are one delivery.
    /// * Event type: `header:aeg-event-type`, **not signed**.
    /// * Handshake: the event `SubscriptionValidation`, answered with the code in it, and for the schema of
    ///   CloudEvents `OPTIONS` with `WebHook-Request-Origin`, which is given permission
    ///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/webhook-event-delivery)). Both must have
    ///   the secret.
    /// * Batches: one body can carry several events. Only if batching is chosen; each event has its own
    ///   `eventType` ([source](https://learn.microsoft.com/en-us/azure/event-grid/delivery-and-retry)).
    /// * The secret itself is sent in the query, as the URL that Event Grid was given has it: **it does not
    ///   protect the body**. Give it the URL with `?access_token=<secret>`. Tokens of Entra ID are not looked
    ///   at.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions of a topic can have one secret,
    ///   and send equal bodies.
    azure_eventgrid: "azure-eventgrid", "Azure Event Grid",
        "https://learn.microsoft.com/en-us/azure/event-grid/security-authentication",
        Scheme::token("authorization")
            .signature_in(["query:access_token"])
            .event_type("header:aeg-event-type"),
        shared_secret: true,
        batch: true,
        equal_bodies: true,
        handshake: Some(HANDSHAKE);
}

/// Azure Event Grid: that of CloudEvents, or a signed event, by the schema that was chosen.
const HANDSHAKE: Handshake =
    Handshake { unsigned: permission_to_send, signed: subscription_validation, ..Handshake::NONE };

/// Azure Event Grid: an event that asks for the code in it.
fn subscription_validation(request: &HandshakeRequest<'_>, body: &Bytes) -> Option<Response<Bytes>> {
    if request.header("aeg-event-type")? != "SubscriptionValidation" {
        return None;
    }
    let body = short_body_with(body, "/0/eventType", "Microsoft.EventGrid.SubscriptionValidationEvent")?;
    Some(json_response(&json!({ "validationResponse": scan(body, "/0/data/validationCode")? })))
}
