use serde::Deserialize;

use super::{Facts, Provider, by_hand::JsonObject, fetched::TokenCheck, shapes::jwt};
use crate::verify::{
    Check, Fetch, Location, Profile, RequestContext, Verified, Verifier, VerifyError,
    jwt::{BearerRules, BearerTokens, TokenIssuer, VerifiedToken},
    without_bom,
};

/// Creates a verifier for Microsoft Bot Framework, which fetches the key set with `fetch`.
///
/// The verifier accepts activities that the Bot Connector service sends to bots, for example from Microsoft
/// Teams. It does not accept activities from the Bot Framework Emulator or from other bots (skills).
///
/// * Signature: JSON Web Token (RS256) in `authorization`, which covers only two fields of the body.
/// * Signed content: the token, which **does not cover the body**, except that its `serviceurl` must equal
///   the activity's `serviceUrl` (a slash at the end may differ), and that its key must be endorsed for the
///   activity's `channelId`. Until the token expires, an attacker who captures it can send it with any other
///   body.
/// * Delivery id: none. The activity's `id` identifies a message within its conversation, and an edit of the
///   message has the same `id`
///   ([source](https://github.com/microsoft/Agents/blob/main/specs/activity/protocol-activity.md)).
/// * Event type: `body:/type`, **not signed**.
/// * Timestamp: the token's `iat`, otherwise its `nbf`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. The layer rejects a token
///   once it has been expired for 300 s.
/// * App id: the bot's Microsoft app id. The token's `aud` must equal it.
/// * Key: the key set at `https://login.botframework.com/v1/.well-known/keys`. See [`Fetch`] for the caching
///   of key sets.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it. See
/// [`google_pubsub`](super::google_pubsub()) for an example.
///
/// Sources: [the requirements](https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication),
/// and [Microsoft's SDK](https://github.com/microsoft/botbuilder-js/tree/main/libraries/botframework-connector/src/auth),
/// which names the claim `serviceurl`.
pub fn bot_framework(app_id: impl Into<Box<str>>, fetch: impl Fetch) -> BotFramework {
    let rules = BearerRules {
        issuers: vec![TokenIssuer {
            name: "https://api.botframework.com".into(),
            keys: "https://login.botframework.com/v1/.well-known/keys".into(),
        }],
        audience: app_id.into(),
        claims: Vec::new(),
        key_issuers: [].into(),
    };
    BotFramework { tokens: BearerTokens::new(rules, fetch), profile: ROW.profile() }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "bot-framework",
    "bot_framework",
    "Microsoft Bot Framework",
    "https://learn.microsoft.com/en-us/azure/bot-service/rest-api/bot-framework-rest-connector-authentication",
    "app_id, fetch",
    Facts {
        profile: |profile| jwt::bearer_profile(profile).with_event_type(Location::json("/type")),
        ..Facts::NONE
    },
);

/// The verifier that [`bot_framework`] returns.
#[derive(Debug)]
pub struct BotFramework {
    tokens: BearerTokens,
    profile: Profile,
}

impl Verifier for BotFramework {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        Ok(TokenCheck::new(self.tokens.begin(request)?, |token, _, body| judge(token, body)))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

/// The fields of an activity that its token determines. A repeated field is an error, because a handler might
/// read the other one.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Activity {
    service_url: Option<String>,
    channel_id: Option<String>,
}

/// Checks the fields of the body that the token determines.
fn judge(token: VerifiedToken, body: &[u8]) -> Result<Verified, VerifyError> {
    // Discards the parser's error, which may quote the body.
    let JsonObject(activity) = serde_json::from_slice::<JsonObject<Activity>>(without_bom(body))
        .map_err(|_| VerifyError::malformed("body is not a JSON activity"))?;
    let signed = token.text("serviceurl")?;
    let url = activity.service_url.unwrap_or_default();
    if without_slash(&url) != without_slash(signed) {
        return Err(VerifyError::wrong("token's `serviceurl` does not match the activity's `serviceUrl`"));
    }
    // An activity without a channel claims none.
    let channel = activity.channel_id.unwrap_or_default();
    let is_endorsed = token.endorsements.iter().any(|endorsed| **endorsed == *channel);
    if !is_endorsed && !token.endorsements.is_empty() && !channel.trim().is_empty() {
        return Err(VerifyError::wrong("token's key is not endorsed for the activity's `channelId`"));
    }
    Ok(token.verified)
}

fn without_slash(url: &str) -> &str {
    url.strip_suffix('/').unwrap_or(url)
}
