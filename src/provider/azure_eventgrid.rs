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
    /// * Delivery id: none. A delivery may have several events; equal bodies count as duplicates.
    /// * Event type: `header:aeg-event-type`, **not signed**.
    /// * Handshake: the event `SubscriptionValidation`, answered with the code in it, and for the schema of
    ///   CloudEvents `OPTIONS` with `WebHook-Request-Origin`, which is granted
    ///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/webhook-event-delivery)). Both must
    ///   contain the secret.
    /// * Batches: one body can carry several events. Only if batching is chosen; each event has its own
    ///   `eventType` ([source](https://learn.microsoft.com/en-us/azure/event-grid/delivery-and-retry)).
    /// * The secret itself is sent in the query: **it does not protect the body**. Configure the URL with
    ///   `?access_token=<secret>`. Entra ID tokens are not checked.
    /// * [Shared secret](crate::verify::Profile::shared_secret): subscriptions of a topic can share a secret,
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

/// Azure Event Grid: the handshake of CloudEvents, or a signed event, depending on the configured schema.
const HANDSHAKE: Handshake =
    Handshake { unsigned: permission_to_send, signed: subscription_validation, ..Handshake::NONE };

/// Answers the event of Azure Event Grid that contains a validation code.
fn subscription_validation(request: &HandshakeRequest<'_>, body: &Bytes) -> Option<Response<Bytes>> {
    if request.header("aeg-event-type")? != "SubscriptionValidation" {
        return None;
    }
    let body = short_body_with(body, "/0/eventType", "Microsoft.EventGrid.SubscriptionValidationEvent")?;
    Some(json_response(&json!({ "validationResponse": scan(body, "/0/data/validationCode")? })))
}
