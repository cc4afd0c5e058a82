//! A MAC that covers the URL.

use std::time::Duration;

use super::{facts::providers, handshake::REACHABLE};
use crate::verify::{
    Algorithm::HmacSha1, Attempt::Retries, Encoding::Base64, Location, Scheme, TimeUnit::Milliseconds,
};

providers! {
    /// HubSpot v3.
    ///
    /// * Signed: `{method}{url}{body}{ts}`, HMAC-SHA256, in `X-HubSpot-Signature-v3`. Secret: UTF-8
    ///   client secret.
    /// * Give it a URL without percent-escapes: HubSpot's page has some of them decoded before signing,
    ///   and its own library has not, so that either may be refused.
    /// * The body must be empty or a JSON object or array, and the URL without `{` and `[`: nothing else says
    ///   where one ends and the other begins.
    /// * Id: none that names the delivery as a whole.
    /// * Timestamp: `header:X-HubSpot-Request-Timestamp`; 300 s into the past and 300 s into the
    ///   future.
    hubspot_v3, try_hubspot_v3: "hubspot-v3", "HubSpot v3",
        "https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests",
        Scheme::hmac_sha256("x-hubspot-signature-v3", Base64)
            .timestamp("header:x-hubspot-request-timestamp", Milliseconds)
            .tolerance(Some(300), 300)
            .signs("{method}{url}{body}{ts}");

    /// Square.
    ///
    /// * Signed: `{url}{body}`, HMAC-SHA256, in `x-square-hmacsha256-signature`. Secret: UTF-8
    ///   signature key. The body must be a JSON object, and the URL without `{` and `[`: nothing else says
    ///   where one ends and the other begins.
    /// * Id: `body:/event_id`, signed.
    /// * Retries for up to 24 hours, formerly 72
    ///   ([source](https://developer.squareup.com/docs/webhooks/troubleshooting)), which
    ///   `square-retry-number` counts from 1
    ///   ([source](https://developer.squareup.com/docs/webhooks/build-with-webhooks)).
    square, try_square: "square", "Square",
        "https://github.com/square/square-nodejs-sdk/blob/HEAD/tests/integration/webhooks.test.ts",
        Scheme::hmac_sha256("x-square-hmacsha256-signature", Base64)
            .signs("{url}{body}")
            .id("body:/event_id")
            .event_type("body:/type"),
        attempt: Some(|| Retries(Location::header("square-retry-number"))),
        dedupe_window: Some(Duration::from_secs(4 * 24 * 3600)),
        retries: Some(true);

    /// Trello.
    ///
    /// * Signed: `{body}{url}`, HMAC-SHA1, in `X-Trello-Webhook`. Secret: UTF-8 OAuth secret. The body must
    ///   be a JSON object, and the URL without `}` and `]`: nothing else says where one ends and the other
    ///   begins.
    /// * Id: none. All webhooks of an app that see an action share its `action.id`. With a single webhook,
    ///   or together with the URL, that id is a key for [`dedupe_by`](crate::WebhookLayer::dedupe_by).
    /// * Handshake: `HEAD`, which is answered 200.
    /// * [Shared secret](crate::verify::Profile::shared_secret): all webhooks of an app sign
    ///   with it.
    trello, try_trello: "trello", "Trello",
        "https://developer.atlassian.com/cloud/trello/guides/rest-api/webhooks/",
        Scheme::new(HmacSha1, "x-trello-webhook", Base64)
            .signs("{body}{url}")
            .event_type("body:/action/type"),
        shared_secret: true,
        handshake: Some(REACHABLE);

}
