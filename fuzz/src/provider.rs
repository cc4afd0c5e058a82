//! Every provider: requests like those of the known answers, optionally signed again, and then edited.
//!
//! The input has four lines, followed by the request:
//!
//! 1. the provider's id
//! 2. the secrets, separated by tabs, with `\n` for a line break and an optional key id before `@@`
//! 3. the time, optionally followed by `signed`
//! 4. the frame length and the edits

use std::time::SystemTime;

use bytes::Bytes;
use http::Request;
use tower_webhook::{
    RejectionKind, Secret, Secrets,
    provider::{self, ProviderVerifier},
    testing::sign_at,
};

use super::{
    edit::Edit,
    judge::{Found, at, judge},
    reference::scheme::{self, Key, Verdict},
    wire::{request, text_line},
};

pub(crate) fn run(input: &[u8]) {
    let _ = try_run(input);
}

fn try_run(input: &[u8]) -> Option<()> {
    let (id, rest) = text_line(input)?;
    let (secrets, rest) = text_line(rest)?;
    let (time, rest) = text_line(rest)?;
    let (edits, rest) = text_line(rest)?;
    let provider = provider::find(id)?;
    let keys = keys(secrets);
    let verifier = provider.verifier(to_secrets(&keys)?).ok()?;
    let (time, signed) = match time.split_once(' ') {
        Some((time, "signed")) => (time, true),
        _ => (time, false),
    };
    let now = at(time.parse().ok()?);
    let (frame, edits) = edits.split_once(' ').unwrap_or((edits, ""));
    let frame = frame.parse().unwrap_or(0);

    let mut request = request(rest)?;
    if signed {
        request = sign_at(&verifier, request, now).ok()?;
    }
    let edits = Edit::read(edits);
    for edit in &edits {
        edit.apply(&mut request);
    }
    let found = judge(&verifier, request.clone(), now, frame);
    // Providers send key ids in headers and fields. A key id with characters other than letters, digits, `-` and `_`
    // may not fit there.
    let is_word =
        |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if signed && edits.is_empty() && keys.iter().all(|(_, name)| name.as_ref().is_none_or(is_word)) {
        assert_accepted(&request, &found);
    }
    assert_frames_do_not_matter(&verifier, &request, now, &found);
    // The reference only knows signatures of the body as sent.
    let is_as_sent = match &found {
        Found::Accepted(delivery) => delivery.payload() == request.body(),
        _ => !has_another_form(provider.id),
    };
    let schemes: Vec<_> =
        provider.schemes().iter().map(|scheme| serde_json::to_value(scheme).expect("JSON")).collect();
    match &schemes[..] {
        [scheme] if is_as_sent => assert_matches_reference(scheme, &keys, &request, now, &found),
        [_, _, ..] => assert_matches_any(&schemes, &keys, &request, now, &found),
        _ => {}
    }
    assert_other_secrets_reject(provider, &keys, request, now, &found);
    Some(())
}

/// Parses the line of secrets.
pub(crate) fn keys(line: &str) -> Vec<Key> {
    let key = |text: &str| match text.split_once("@@") {
        Some((name, secret)) => (secret.replace("\\n", "\n"), Some(name.to_owned())),
        None => (text.replace("\\n", "\n"), None),
    };
    line.split('\t').take(4).map(key).collect()
}

pub(crate) fn to_secrets(keys: &[Key]) -> Option<Secrets> {
    let secret = |(text, name): &Key| {
        let secret: Secret = text.parse().ok()?;
        Some(match name {
            Some(name) => secret.with_key_id(&**name),
            None => secret,
        })
    };
    Secrets::try_from(keys.iter().map(secret).collect::<Option<Vec<_>>>()?).ok()
}

/// Asserts that a request signed by the test kit is accepted, unless the kit kept a stale or malformed timestamp of
/// the request.
pub(crate) fn assert_accepted(request: &Request<Bytes>, found: &Found) {
    use RejectionKind::{MalformedSignature, StaleTimestamp};
    match found {
        Found::Accepted(_) | Found::Handshake | Found::Rejected(StaleTimestamp | MalformedSignature) => {}
        Found::Rejected(kind) => panic!("request signed by the test kit is rejected for {kind}: {request:?}"),
    }
}

/// Asserts that the result does not depend on how the body is split into frames.
pub(crate) fn assert_frames_do_not_matter(
    verifier: &ProviderVerifier,
    request: &Request<Bytes>,
    now: SystemTime,
    found: &Found,
) {
    let again = judge(verifier, request.clone(), now, 1 + request.body().len() / 3);
    match (found, &again) {
        (Found::Accepted(one), Found::Accepted(other)) => {
            assert_eq!(
                (one.id(), one.timestamp(), one.event_type()),
                (other.id(), other.timestamp(), other.event_type())
            );
            assert_eq!((one.payload(), one.raw()), (other.payload(), request.body()));
        }
        (Found::Rejected(one), Found::Rejected(other)) => assert_eq!(one, other),
        (Found::Handshake, Found::Handshake) => {}
        _ => panic!("with other frames {found:?} becomes {again:?}"),
    }
}

pub(crate) fn assert_matches_reference(
    scheme: &serde_json::Value,
    keys: &[Key],
    request: &Request<Bytes>,
    now: SystemTime,
    found: &Found,
) {
    let (head, body) = request.clone().into_parts();
    let verdict = scheme::judge(scheme, keys, &head, &body, now);
    match (&verdict, found) {
        (Verdict::Unknown, _) | (Verdict::Invalid, Found::Rejected(_)) | (_, Found::Handshake) => {}
        (Verdict::Valid(index), Found::Accepted(delivery)) => assert_eq!(delivery.secret_index(), *index),
        _ => panic!("scheme {scheme}\n{request:?}\nexpected {verdict:?}, found {found:?}"),
    }
}

/// Returns whether the provider may sign another form of the body, encrypts it, or limits it.
fn has_another_form(provider: &str) -> bool {
    matches!(
        provider,
        "feishu"
            | "gitea"
            | "gogs"
            | "inngest"
            | "getstream"
            | "nowpayments"
            | "quicknode"
            | "smartcar"
            | "wechat-pay"
            | "wecom"
    )
}

/// Asserts that a request is accepted exactly if one of the schemes accepts it.
fn assert_matches_any(
    schemes: &[serde_json::Value],
    keys: &[Key],
    request: &Request<Bytes>,
    now: SystemTime,
    found: &Found,
) {
    let (head, body) = request.clone().into_parts();
    let verdicts: Vec<_> =
        schemes.iter().map(|scheme| scheme::judge(scheme, keys, &head, &body, now)).collect();
    if verdicts.iter().any(|verdict| matches!(verdict, Verdict::Unknown)) {
        return;
    }
    let is_valid = verdicts.iter().any(|verdict| matches!(verdict, Verdict::Valid(_)));
    let agrees = matches!(found, Found::Handshake) || found.is_accepted() == is_valid;
    assert!(agrees, "{request:?}\nexpected {verdicts:?}, found {found:?}");
}

/// Asserts that an accepted request is rejected with other secrets.
fn assert_other_secrets_reject(
    provider: &provider::Provider,
    keys: &[Key],
    request: Request<Bytes>,
    now: SystemTime,
    found: &Found,
) {
    // With one character changed, a set of public keys may still contain the key that signed.
    if keys.iter().any(|(text, _)| text.starts_with(['{', '-'])) {
        return;
    }
    let others: Vec<Key> = keys.iter().map(|(text, name)| (other(text), name.clone())).collect();
    if !found.is_accepted() || others.iter().any(|(text, _)| keys.iter().any(|(key, _)| key == text)) {
        return;
    }
    let Some(verifier) = to_secrets(&others).and_then(|others| provider.verifier(others).ok()) else {
        return;
    };
    let found = judge(&verifier, request, now, 0);
    assert!(!found.is_accepted(), "{} accepts a request both with {others:?} and with {keys:?}", provider.id);
}

/// Returns another secret of the same form, with one character changed. The change is in the middle, because
/// Sinch ignores the last character's bits that do not fill a byte.
fn other(secret: &str) -> String {
    let middle = secret.len().saturating_sub(1) / 2;
    let at = secret.char_indices().find(|(at, sign)| *at >= middle && sign.is_ascii_alphanumeric());
    let Some((at, sign)) = at else { return secret.to_owned() };
    let instead = if sign == '7' { '3' } else { '7' };
    format!("{}{instead}{}", &secret[..at], &secret[at + 1..])
}
