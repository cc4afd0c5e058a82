//! Every provider: requests as the known answers have them, signed anew if the input says so, and changed.
//!
//! The input: a line each of the provider's id, its secrets (parted by tabs, `\n` for an end of line; a
//! name before `@@`), the time with `signed` after it or not, the length of a frame and the edits; then
//! the request.

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
    let verifier = provider.verifier(made(&keys)?).ok()?;
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
    // A name that is no word is none that a provider gives a key, and may not fit where it is sent.
    let is_word =
        |name: &String| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if signed && edits.is_empty() && keys.iter().all(|(_, name)| name.as_ref().is_none_or(is_word)) {
        is_believed(&request, &found);
    }
    agrees_with_itself(&verifier, &request, now, &found);
    if let Some(scheme) = provider.scheme() {
        let scheme = serde_json::to_value(scheme).expect("JSON");
        agrees_with_reference(&scheme, &keys, &request, now, &found);
    }
    is_by_that_secret(provider, &keys, request, now, &found);
    Some(())
}

/// The secrets of a line.
pub(crate) fn keys(line: &str) -> Vec<Key> {
    let key = |text: &str| match text.split_once("@@") {
        Some((name, secret)) => (secret.replace("\\n", "\n"), Some(name.to_owned())),
        None => (text.replace("\\n", "\n"), None),
    };
    line.split('\t').take(4).map(key).collect()
}

pub(crate) fn made(keys: &[Key]) -> Option<Secrets> {
    let secret = |(text, name): &Key| {
        let secret: Secret = text.parse().ok()?;
        Some(match name {
            Some(name) => secret.with_key_id(&**name),
            None => secret,
        })
    };
    Secrets::try_from(keys.iter().map(secret).collect::<Option<Vec<_>>>()?).ok()
}

/// What the test kit signs is believed, but for what was in the request already and was kept: a time that is
/// another or none.
pub(crate) fn is_believed(request: &Request<Bytes>, found: &Found) {
    use RejectionKind::{MalformedSignature, StaleTimestamp};
    match found {
        Found::Accepted(_) | Found::Answered | Found::Refused(StaleTimestamp | MalformedSignature) => {}
        Found::Refused(kind) => panic!("signed by the kit, and refused for {kind}: {request:?}"),
    }
}

/// How the body is cut into frames makes no difference.
pub(crate) fn agrees_with_itself(
    verifier: &ProviderVerifier,
    request: &Request<Bytes>,
    now: std::time::SystemTime,
    found: &Found,
) {
    let again = judge(verifier, request.clone(), now, 1 + request.body().len() / 3);
    match (found, &again) {
        (Found::Accepted(one), Found::Accepted(other)) => {
            assert_eq!(
                (one.id(), one.timestamp(), one.event_type()),
                (other.id(), other.timestamp(), other.event_type())
            );
            assert_eq!(one.payload(), request.body());
        }
        (Found::Refused(one), Found::Refused(other)) => assert_eq!(one, other),
        (Found::Answered, Found::Answered) => {}
        _ => panic!("in other frames {found:?} becomes {again:?}"),
    }
}

pub(crate) fn agrees_with_reference(
    scheme: &serde_json::Value,
    keys: &[Key],
    request: &Request<Bytes>,
    now: std::time::SystemTime,
    found: &Found,
) {
    let (head, body) = request.clone().into_parts();
    let verdict = scheme::judge(scheme, keys, &head, &body, now);
    match (&verdict, found) {
        (Verdict::Unknown, _) | (Verdict::False, Found::Refused(_)) | (_, Found::Answered) => {}
        (Verdict::True(index), Found::Accepted(delivery)) => assert_eq!(delivery.secret_index(), *index),
        _ => panic!("by {scheme}\n{request:?}\nis {verdict:?}, and found {found:?}"),
    }
}

/// What is believed is not believed under other secrets.
fn is_by_that_secret(
    provider: &provider::Provider,
    keys: &[Key],
    request: Request<Bytes>,
    now: std::time::SystemTime,
    found: &Found,
) {
    // A set of public keys may have another in it than the one that is changed here.
    if keys.iter().any(|(text, _)| text.starts_with(['{', '-'])) {
        return;
    }
    let others: Vec<Key> = keys.iter().map(|(text, name)| (other(text), name.clone())).collect();
    if !found.is_accepted() || others.iter().any(|(text, _)| keys.iter().any(|(key, _)| key == text)) {
        return;
    }
    let Some(verifier) = made(&others).and_then(|others| provider.verifier(others).ok()) else { return };
    let found = judge(&verifier, request, now, 0);
    assert!(!found.is_accepted(), "{} is believed under {others:?} as under {keys:?}", provider.id);
}

/// Another secret of the same form: a digit in its middle is another. Not its last one, of whose bits Sinch passes
/// over those that fill no byte.
fn other(secret: &str) -> String {
    let middle = secret.len().saturating_sub(1) / 2;
    let at = secret.char_indices().find(|(at, sign)| *at >= middle && sign.is_ascii_alphanumeric());
    let Some((at, sign)) = at else { return secret.to_owned() };
    let instead = if sign == '7' { '3' } else { '7' };
    format!("{}{instead}{}", &secret[..at], &secret[at + 1..])
}
