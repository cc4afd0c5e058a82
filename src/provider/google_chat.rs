use super::{Facts, Provider, fetched::TokenCheck, shapes::jwt};
use crate::verify::{
    Check, Fetch, Location, Profile, RequestContext, Verifier, VerifyError,
    jwt::{BearerRules, BearerTokens, TokenIssuer},
};

/// Creates a verifier for Google Chat (apps), which fetches the key set with `fetch`.
///
/// * Signature: JSON Web Token (RS256) in `authorization`, which does not cover the body.
/// * Signed content: the token, which **does not cover the body**. Until the token expires, an attacker who
///   captures it can send it with any body to the same app.
/// * Delivery id: none. Google documents no id of an event.
/// * Event type: `body:/type`, **not signed**. The events of an app that is also a Workspace add-on have no
///   `type`.
/// * Timestamp: the token's `iat`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. The layer rejects a token
///   once it has been expired for 300 s.
/// * Audience: the *authentication audience* of the app's configuration. An audience of digits is the number
///   of the Cloud project; any other is the app's HTTP endpoint URL. The token's `aud` must equal it.
/// * Service account: for an endpoint URL, the token's `email` must be `chat@system.gserviceaccount.com`,
///   and `email_verified` must be `true`. Call [`add_on`](GoogleChat::add_on) for a Workspace add-on. For a
///   project number, the token's `iss` must be `chat@system.gserviceaccount.com`.
/// * **Prefer the project number.** The developer of any other Chat app can enter your endpoint's URL, and
///   the token of that app is then valid for it. With a URL, check the domain or the space in the payload.
/// * Key: for an endpoint URL, the key set at `https://www.googleapis.com/oauth2/v3/certs`; for a project
///   number, the key set of the service account at
///   `https://www.googleapis.com/service_accounts/v1/jwk/chat@system.gserviceaccount.com`. See [`Fetch`] for
///   the caching of key sets.
/// * Google Chat displays the handler's response as the app's message.
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
/// let by_project_number = provider::google_chat("1234567890", Client);
/// let by_url = provider::google_chat("https://shop.example/chat", Client);
/// let layer = WebhookLayer::with_verifier(by_project_number);
/// ```
///
/// Source: [Google](https://developers.google.com/workspace/chat/verify-requests-from-chat).
pub fn google_chat(audience: impl Into<Box<str>>, fetch: impl Fetch) -> GoogleChat {
    let audience = audience.into();
    let is_project_number = !audience.is_empty() && audience.bytes().all(|byte| byte.is_ascii_digit());
    let rules = match is_project_number {
        true => BearerRules {
            issuers: vec![TokenIssuer {
                name: SERVICE_ACCOUNT.into(),
                keys: "https://www.googleapis.com/service_accounts/v1/jwk/chat@system.gserviceaccount.com"
                    .into(),
            }],
            audience,
            claims: Vec::new(),
            key_issuers: [].into(),
        },
        false => jwt::google_id_token(audience, SERVICE_ACCOUNT.into()),
    };
    GoogleChat { tokens: BearerTokens::new(rules, fetch), profile: ROW.profile() }
}

/// The service account of Google Chat.
const SERVICE_ACCOUNT: &str = "chat@system.gserviceaccount.com";

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "google-chat",
    "google_chat",
    "Google Chat (apps)",
    "https://developers.google.com/workspace/chat/verify-requests-from-chat",
    "audience, fetch",
    Facts {
        profile: |profile| jwt::bearer_profile(profile).with_event_type(Location::json("/type")),
        ..Facts::NONE
    },
);

/// The verifier that [`google_chat`] returns.
#[derive(Debug)]
pub struct GoogleChat {
    tokens: BearerTokens,
    profile: Profile,
}

impl GoogleChat {
    /// Accepts the tokens of a Chat app that is a Google Workspace add-on, instead of those of other apps.
    ///
    /// `service_account` is the address that the app's configuration displays, such as
    /// `service-1234567890@gcp-sa-gsuiteaddons.iam.gserviceaccount.com`. Each project has its own. The audience
    /// must be the app's endpoint URL.
    #[must_use]
    pub fn add_on(mut self, service_account: impl Into<Box<str>>) -> Self {
        let audience = self.tokens.rules().audience.clone();
        let rules = jwt::google_id_token(audience, service_account.into());
        self.tokens = self.tokens.with_rules(rules);
        self
    }
}

impl Verifier for GoogleChat {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(TokenCheck::new(self.tokens.begin(request)?, |token, _, _| Ok(token.verified)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}
