use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::{
    Facts, Provider,
    azure_eventgrid::{permission_for_event_grid, subscription_validation},
    fetched::TokenCheck,
    handshake::{Handshake, HandshakeRequest},
    shapes::jwt,
};
use crate::verify::{
    Attempt, Check, Fetch, Location, Profile, RequestContext, Verifier, VerifyError,
    jwt::{BearerRules, BearerTokens, ClaimRule, TokenIssuer},
};

/// Creates a verifier for Azure Event Grid (Entra ID), which fetches the key set with `fetch`.
///
/// The verifier accepts event subscriptions with Microsoft Entra authentication. Use
/// [`azure_eventgrid`](super::azure_eventgrid()) for subscriptions with a secret in the URL.
///
/// * Signature: JSON Web Token (RS256) in `authorization`, which does not cover the body.
/// * Signed content: the token, which **does not cover the body**. Until the token expires, an attacker who
///   captures it can send it with any body.
/// * Delivery id: none; deliveries with equal bodies count as duplicates. A delivery can be a batch of
///   events, and has no id as a whole.
/// * Event type: `body:/0/eventType` or `body:/type`, **not signed**.
/// * Timestamp: the token's `iat`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Tokens are valid for 60
///   to 90 minutes by default
///   ([source](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#token-lifetime)). The
///   layer rejects a token once it has been expired for 300 s.
/// * Retries: yes, for up to 1 day.
/// * Acknowledge within: 30 s.
/// * Handshake: the event `SubscriptionValidation`, to which the layer responds with the validation code if
///   the token is valid. With the CloudEvents schema, an `OPTIONS` request with `WebHook-Request-Origin:
///   eventgrid.azure.net`, which the layer permits without a token, because the permission does not
///   authenticate deliveries
///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/end-point-validation-cloud-events-schema)).
/// * Batches: one body can carry several events. Azure sends batches only if batching is enabled. Each event
///   has its own `eventType`
///   ([source](https://learn.microsoft.com/en-us/azure/event-grid/delivery-and-retry)).
/// * Tenant: the tenant id of the webhook's Entra application, a GUID. The token's `iss` must be
///   `https://sts.windows.net/<tenant>/` (version 1.0 tokens) or
///   `https://login.microsoftonline.com/<tenant>/v2.0` (version 2.0).
/// * Audience: the application id of the webhook's Entra application, or its URI, as the token contains it.
///   The token's `aud` must equal it. Version 2.0 tokens always contain the application id.
/// * Sender: the token's `appid` (version 1.0) or `azp` (version 2.0) must be the application id of
///   `Microsoft.EventGrid`, `4962773b-9cdb-44cf-a8bf-237846a00ab7`. Without this check, every application of
///   the tenant could send events. Call [`sender`](AzureEventGridEntra::sender) for another application. The
///   token must be the application's own: the verifier rejects tokens that users get through the
///   application, which have the claim `scp` or an `idtyp` other than `app`
///   ([source](https://learn.microsoft.com/en-us/entra/identity-platform/claims-validation)).
/// * Key: the key set of the tenant at `https://login.microsoftonline.com/<tenant>/discovery/keys` (version
///   1.0) or `https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys` (version 2.0). If a key has an
///   `issuer`, it must be one of the tenant's issuers, or one for all tenants (`{tenantid}`). See [`Fetch`]
///   for the caching of key sets.
/// * [Shared secret](crate::verify::Profile::shared_secret): the subscriptions of a topic can share an
///   application, and get equal bodies.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// ```
/// # use bytes::Bytes;
/// # use tower_webhook::{BoxError, WebhookLayer, provider, verify::Fetch};
/// # struct Client;
/// # impl Fetch for Client {
/// #     async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
/// #         Err(format!("{url} is not fetched in an example").into())
/// #     }
/// # }
/// // `Client` is the application's: see `Fetch`.
/// let tenant = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
/// let application = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
/// let verifier = provider::azure_eventgrid_entra(tenant, application, Client);
/// let layer = WebhookLayer::with_verifier(verifier);
/// ```
///
/// Sources: [Event Grid](https://learn.microsoft.com/en-us/azure/event-grid/secure-webhook-delivery),
/// [tokens](https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens) and
/// [claims](https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference).
pub fn azure_eventgrid_entra(
    tenant: impl AsRef<str>,
    audience: impl Into<Box<str>>,
    fetch: impl Fetch,
) -> AzureEventGridEntra {
    // Microsoft writes ids in lower case.
    let tenant = tenant.as_ref().to_ascii_lowercase();
    let login = format!("https://login.microsoftonline.com/{tenant}");
    let names = |tenant: &str| {
        [
            format!("https://sts.windows.net/{tenant}/"),
            format!("https://login.microsoftonline.com/{tenant}/v2.0"),
        ]
    };
    let [version_1, version_2] = names(&tenant);
    let rules = BearerRules {
        // Keys for all tenants have `{tenantid}` in their issuer.
        key_issuers: [names(&tenant), names("{tenantid}")].into_iter().flatten().map(Into::into).collect(),
        issuers: vec![
            TokenIssuer { name: version_1.into(), keys: format!("{login}/discovery/keys").into() },
            TokenIssuer { name: version_2.into(), keys: format!("{login}/discovery/v2.0/keys").into() },
        ],
        audience: audience.into(),
        claims: sent_by("4962773b-9cdb-44cf-a8bf-237846a00ab7"),
    };
    AzureEventGridEntra { tokens: BearerTokens::new(rules, fetch), profile: ROW.profile() }
}

/// Returns the rules for tokens that were issued to the application itself. The application id is also in tokens that
/// users get through the application, and only those have the claim `scp`.
fn sent_by(application: &str) -> Vec<ClaimRule> {
    vec![
        ClaimRule::Text(&["appid", "azp"], application.into()),
        ClaimRule::Absent("scp"),
        ClaimRule::AbsentOr("idtyp", "app"),
    ]
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "azure-eventgrid-entra",
    "azure_eventgrid_entra",
    "Azure Event Grid (Entra ID)",
    "https://learn.microsoft.com/en-us/azure/event-grid/secure-webhook-delivery",
    "tenant, audience, fetch",
    Facts {
        profile: |profile| {
            let event_type = [Location::json("/0/eventType"), Location::json("/type")];
            jwt::bearer_profile(profile).with_event_type(event_type)
        },
        attempt: Some(|| Attempt::Retries(Location::header("aeg-delivery-count"))),
        equal_bodies: true,
        batch: true,
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(30)),
        handshake: Some(HANDSHAKE),
        ..Facts::NONE
    },
);

const HANDSHAKE: Handshake =
    Handshake { unsigned: permission_for_event_grid, signed: subscription_validation, ..Handshake::NONE };

/// The verifier that [`azure_eventgrid_entra`] returns.
#[derive(Debug)]
pub struct AzureEventGridEntra {
    tokens: BearerTokens,
    profile: Profile,
}

impl AzureEventGridEntra {
    /// Accepts only tokens of this application, instead of those of `Microsoft.EventGrid`: for example, of the
    /// managed identity that an Event Grid namespace uses.
    #[must_use]
    pub fn sender(mut self, application: impl AsRef<str>) -> Self {
        let claims = sent_by(&application.as_ref().to_ascii_lowercase());
        let rules = BearerRules { claims, ..self.tokens.rules().clone() };
        self.tokens = self.tokens.with_rules(rules);
        self
    }
}

impl Verifier for AzureEventGridEntra {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(TokenCheck::new(self.tokens.begin(request)?, |token, _, _| Ok(token.verified)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        HANDSHAKE.without_secrets(request)
    }

    fn signed_handshake(&self, request: &RequestContext<'_>, body: &Bytes) -> Option<Response<Bytes>> {
        (HANDSHAKE.signed)(&HandshakeRequest { request: *request, secrets: &[] }, body)
    }
}
