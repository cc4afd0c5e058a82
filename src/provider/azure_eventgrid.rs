use std::time::Duration;

use bytes::Bytes;
use http::Response;
use serde_json::json;

#[cfg(feature = "jwt")]
use super::handshake::permission_for;
use super::{
    handshake::{Handshake, HandshakeRequest, json_response, permission_to_send, short_body_with},
    providers,
};
use crate::verify::{Attempt, Location, Scheme, scan};

providers! {
    /// Creates a verifier for Azure Event Grid.
    ///
    /// * Signature: none: the provider sends the secret itself in the query parameter `access_token`, so **the
    ///   body is not protected**.
    /// * Secret: text, not decoded.
    /// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery can be a batch of
    ///   events, and has no id as a whole.
    /// * Event type: `body:/0/eventType` or `body:/type`, **not signed**.
    /// * Retries: yes, for up to 1 day.
    /// * Acknowledge within: 30 s.
    /// * Handshake: the event `SubscriptionValidation`, to which the layer responds with the validation code.
    ///   With the CloudEvents schema, an `OPTIONS` request with `WebHook-Request-Origin`, to which the layer
    ///   responds with `WebHook-Allowed-Origin`
    ///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/webhook-event-delivery)). Both requests
    ///   must contain the secret.
    /// * Batches: one body can carry several events. Azure sends batches only if batching is enabled. Each event
    ///   has its own `eventType`
    ///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/delivery-and-retry)).
    /// * Register the URL with `?access_token=<secret>`. Entra ID tokens are not checked: see
    ///   `azure_eventgrid_entra`, with the feature `jwt`.
    /// * [Shared secret](crate::verify::Profile::shared_secret): the subscriptions of a topic can share a
    ///   secret, and get equal bodies.
    azure_eventgrid: "azure-eventgrid", "Azure Event Grid",
        "https://learn.microsoft.com/en-us/azure/event-grid/security-authentication",
        Scheme::token("authorization")
            .signature_in(["query:access_token"])
            .event_type(["body:/0/eventType", "body:/type"]),
        shared_secret: true,
        batch: true,
        equal_bodies: true,
        handshake: Some(HANDSHAKE),
        ack_deadline: Some(Duration::from_secs(30)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        attempt: Some(|| Attempt::Retries(Location::header("aeg-delivery-count")));
}

/// The handshake of Azure Event Grid: an `OPTIONS` request as in CloudEvents, or an event with a validation
/// code, depending on the configured schema.
const HANDSHAKE: Handshake =
    Handshake { unsigned: permission_to_send, signed: subscription_validation, ..Handshake::NONE };

/// Returns the response to the event that contains a validation code.
pub(super) fn subscription_validation(
    request: &HandshakeRequest<'_>,
    body: &Bytes,
) -> Option<Response<Bytes>> {
    if request.header("aeg-event-type")? != "SubscriptionValidation" {
        return None;
    }
    let body = short_body_with(body, "/0/eventType", "Microsoft.EventGrid.SubscriptionValidationEvent")?;
    Some(json_response(&json!({ "validationResponse": scan(body, "/0/data/validationCode")? })))
}

/// Returns the response to the `OPTIONS` request of Azure Event Grid, which needs no token. The permission does
/// not authenticate deliveries.
#[cfg(feature = "jwt")]
pub(super) fn permission_for_event_grid(request: &HandshakeRequest<'_>) -> Option<Response<Bytes>> {
    permission_for(request, |origin| origin == "eventgrid.azure.net")
}
