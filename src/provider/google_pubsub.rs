use std::time::Duration;

use super::{Facts, Provider, fetched::TokenCheck, shapes::jwt};
use crate::verify::{
    Attempt, Check, Fetch, Location, Profile, RequestContext, Verifier, VerifyError, jwt::BearerTokens, scan,
};

/// Creates a verifier for Google Cloud Pub/Sub (push), which fetches the key set with `fetch`.
///
/// The verifier accepts messages of push subscriptions with authentication. Google Play (real-time developer
/// notifications) and Gmail (`watch`) also deliver through such a subscription.
///
/// * Signature: JSON Web Token (RS256) in `authorization`, which does not cover the body.
/// * Signed content: the token, which **does not cover the body**. Until the token expires, which takes up
///   to an hour, an attacker who captures it can send it with any body to the same audience.
/// * Delivery id: `header:x-goog-pubsub-message-id` or `body:/message/messageId`, **not signed**. An
///   unwrapped message has the header only if the subscription writes metadata: turn this on, because the
///   publisher determines the body, and with it the other id. The default
///   [scope](crate::WebhookLayer::scope) contains the subscription's name, because two subscriptions of a
///   topic deliver a message under the same id.
/// * Timestamp: the token's `iat`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. A tolerance must be
///   longer than an hour, because Pub/Sub uses a token for that long
///   ([source](https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions)). The layer
///   rejects a token once it has been expired for 300 s.
/// * Retries: yes, for up to 7 days. This is the default retention of messages; a subscription can set
///   another ([source](https://docs.cloud.google.com/pubsub/docs/subscription-properties)).
/// * Acknowledge within: 10 s. This is the default; a subscription can allow up to 600 s.
/// * Audience: the audience of the subscription, which is the endpoint's URL unless the subscription sets
///   another. The token's `aud` must equal it.
/// * Service account: the e-mail address of the subscription's service account. The token's `email` must
///   equal it, and `email_verified` must be `true`. Both checks are necessary: any Google Cloud user can get
///   a token for your audience, but not for your service account.
/// * Key: the key set at `https://www.googleapis.com/oauth2/v3/certs`. See [`Fetch`] for the caching of key
///   sets.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, WebhookLayer, provider, verify::Fetch};
///
/// struct Client; // the application's: see `Fetch`
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         # let _ = most;
///         Err(format!("{url} is not fetched in an example").into())
///     }
/// }
///
/// let audience = "https://shop.example/pubsub";
/// let service_account = "push@my-project.iam.gserviceaccount.com";
/// let verifier = provider::google_pubsub(audience, service_account, Client);
/// let layer = WebhookLayer::with_verifier(verifier);
/// ```
///
/// Sources: [authentication](https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions),
/// [messages](https://docs.cloud.google.com/pubsub/docs/push) and
/// [unwrapped messages](https://docs.cloud.google.com/pubsub/docs/payload-unwrapping).
pub fn google_pubsub(
    audience: impl Into<Box<str>>,
    service_account: impl Into<Box<str>>,
    fetch: impl Fetch,
) -> GooglePubSub {
    let rules = jwt::google_id_token(audience.into(), service_account.into());
    GooglePubSub { tokens: BearerTokens::new(rules, fetch), profile: ROW.profile() }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "google-pubsub",
    "google_pubsub",
    "Google Cloud Pub/Sub (push)",
    "https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions",
    "audience, service_account, fetch",
    Facts {
        profile: |profile| {
            // The header comes first: with it, the body is the publisher's own data.
            let id = [Location::header(MESSAGE_ID), Location::json("/message/messageId")];
            jwt::bearer_profile(profile).with_id(id)
        },
        attempt: Some(|| Attempt::Number(Location::json("/deliveryAttempt"))),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(7 * 24 * 3600)),
        ack_deadline: Some(Duration::from_secs(10)),
        ..Facts::NONE
    },
);

const MESSAGE_ID: &str = "x-goog-pubsub-message-id";

const SUBSCRIPTION: &str = "x-goog-pubsub-subscription-name";

/// The verifier that [`google_pubsub`] returns.
#[derive(Debug)]
pub struct GooglePubSub {
    tokens: BearerTokens,
    profile: Profile,
}

impl Verifier for GooglePubSub {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let check = TokenCheck::new(self.tokens.begin(request)?, |token, subscription, body| {
            let subscription = subscription.or_else(|| scan(body, "/subscription"));
            Ok(token.scoped_by(&subscription.unwrap_or_default()))
        });
        Ok(check.with_header(&request.head().headers, SUBSCRIPTION))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}
