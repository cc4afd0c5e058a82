//! A demo secret, and a signed `curl` command for a first delivery.

use std::{collections::hash_map::RandomState, hash::BuildHasher};

use data_encoding::{BASE64, HEXLOWER};
use tower_webhook::testing;
use tower_webhook::{InvalidSecret, Secret, Secrets};

use crate::{
    provider::Source,
    test_event::{self, Caveat, Content, Scenario, TestEvents},
};

/// Returns a random secret, for an inspector that is started without `--secret`. For a provider that signs with a
/// private key, the secret is a new key pair.
pub(crate) fn secret(source: &Source) -> Result<Secret, InvalidSecret> {
    let scheme = source.scheme().and_then(|scheme| serde_json::to_value(scheme).ok());
    if let Some(pair) = scheme
        .as_ref()
        .and_then(|scheme| testing::key_pair(serde_json::from_value(scheme.get("alg")?.clone()).ok()?).ok())
    {
        return Ok(pair.with_key_id("demo"));
    }
    let text = match source.id() {
        "standard-webhooks" => format!("whsec_{}", BASE64.encode(&random::<24>())),
        "basic-auth" => format!("user:{}", HEXLOWER.encode(&random::<32>())),
        // Valid as text, hex and base64, so that it suits every key encoding.
        _ => HEXLOWER.encode(&random::<32>()),
    };
    let secret: Secret = text.parse()?;
    // Some schemes select the key by its id.
    Ok(match scheme.and_then(|scheme| scheme.pointer("/key/select_by").cloned()) {
        Some(_) => secret.with_key_id("demo"),
        None => secret,
    })
}

/// Returns pseudo-random bytes, which differ at every start.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let random = RandomState::new();
    std::array::from_fn(|index| {
        let [byte, ..] = random.hash_one(index).to_be_bytes();
        byte
    })
}

/// Returns a `curl` command with its expected responses. Returns `None` if the provider's deliveries cannot be signed
/// here, or if the command would show one of `secrets`, which are the user's own.
pub(crate) async fn invitation(test_events: &TestEvents, secrets: Option<&Secrets>) -> Option<String> {
    let plan = test_events.plan(Scenario::Valid, &Content::default()).ok()?;
    let curl = test_event::commands(&plan, test_events.address());
    let shows = |secret: &Secret| secret.expose_str().is_some_and(|text| curl.contains(text));
    if secrets.is_some_and(|secrets| secrets.iter().any(shows)) {
        return None;
    }
    let mut promise = match test_events.are_forwarded() {
        true => "try this delivery: its response is the service's".to_owned(),
        false => "try this delivery: its response is 200".to_owned(),
    };
    for (scenario, what) in [
        (Scenario::Twice, "sent again, it is a duplicate"),
        (Scenario::ChangedBody, "with a changed body, the response is 401"),
    ] {
        if let Caveat::None = test_events.caveat(scenario).await {
            promise.push_str(&format!("; {what}"));
        }
    }
    Some(format!("{promise}\n\n{curl}\n"))
}
