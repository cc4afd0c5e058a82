//! Bodies: the delivery id in JSON, a form or a query, and the signed JSON event in a multipart form.
//!
//! The input's first line is `json /pointer`, `form name`, `query name` or `multipart`. The rest is the body or, for
//! `query`, the query.

use bytes::Bytes;
use http::{Request, Uri};
use tower_webhook::{
    Secret, provider,
    verify::{self, Location, Profile, Verified},
};

use super::{
    judge::{Found, at, judge},
    reference::{
        json::Json,
        multipart,
        scheme::{mac, to_hex},
        text::form,
    },
    wire::text_line,
};

pub(crate) fn run(input: &[u8]) {
    let _ = try_run(input);
}

fn try_run(input: &[u8]) -> Option<()> {
    let (first, body) = text_line(input)?;
    if first == "multipart" {
        return in_multipart(body);
    }
    let (kind, name) = first.split_once(' ')?;
    let first_value = |encoded| {
        let value = form(encoded).into_iter().find(|(found, _)| *found == *name).map(|(_, value)| value);
        value.filter(|value| !value.is_empty()).map_or(Expected::Nothing, Expected::Text)
    };
    let own = || Bytes::copy_from_slice(body);
    let (location, expected, uri, body) = match kind {
        "json" => (Location::Json(name.to_owned().into()), scalar(body, name), Uri::default(), own()),
        "form" => (Location::Form(name.to_owned().into()), first_value(body), Uri::default(), own()),
        "query" => {
            let uri: Uri = format!("/?{}", std::str::from_utf8(body).ok()?).parse().ok()?;
            let expected = first_value(uri.query()?.as_bytes());
            (Location::Query(name.to_owned().into()), expected, uri, Bytes::new())
        }
        _ => return None,
    };
    let profile =
        Profile::new("acme").with_id(location.clone()).with_event_type(location).with_json_field("payload");
    let verifier = verify::from_fn(|_, _| Ok(Verified::new())).with_profile(profile);
    let request = Request::post(uri).body(body).ok()?;
    let Found::Accepted(delivery) = judge(&verifier, request, at(0), 0) else {
        panic!("request is rejected")
    };
    match &expected {
        Expected::Text(text) => assert_eq!(delivery.id(), Some(&**text)),
        Expected::Nothing => assert_eq!(delivery.id(), None),
        Expected::Anything => {}
    }
    // The id and the event type have the same location. In JSON they can differ, because only the event type
    // is also looked up in the form field `payload`.
    if kind != "json" {
        assert_eq!(delivery.event_type(), delivery.id());
    }
    Some(())
}

enum Expected {
    Text(String),
    Nothing,
    Anything,
}

fn scalar(body: &[u8], pointer: &str) -> Expected {
    // The documentation does not specify array indexes such as `+1` and `01`.
    let is_unspecified = |step: &str| step.starts_with('+') || (step.starts_with('0') && step.len() > 1);
    if pointer.split('/').any(is_unspecified) {
        return Expected::Anything;
    }
    match Json::read(body).as_ref().map(|json| json.at(pointer)) {
        None => Expected::Anything,
        Some(Some(Json::Text(text))) if !text.is_empty() => Expected::Text(text.clone()),
        Some(Some(Json::Bool(truth))) => Expected::Text(truth.to_string()),
        Some(Some(Json::Number(number))) => Expected::Text(number.clone()),
        Some(_) => Expected::Nothing,
    }
}

/// Tests Dropbox Sign, whose field `json` contains an event with a signed type and time.
fn in_multipart(body: &[u8]) -> Option<()> {
    const SECRET: &str = "an API key";
    let tag = |time: &str, kind: &str| {
        to_hex(&mac("hmac-sha256", SECRET.as_bytes(), format!("{time}{kind}").as_bytes()).expect("a MAC"))
    };
    // The input cannot know the MAC, so `$TAG` marks the place of the MAC.
    let mark = b"$TAG";
    let signed = tag("1700000000", "signature_request_sent");
    let body = match body.windows(mark.len()).position(|window| window == mark) {
        Some(at) => [&body[..at], signed.as_bytes(), &body[at + mark.len()..]].concat(),
        None => body.to_vec(),
    };
    if !body.starts_with(b"--") {
        return None;
    }
    let expected = multipart::field(&body, "json").and_then(|field| {
        let json = Json::read(&field)?;
        let text = |name: &str| match json.at(&format!("/event/{name}"))? {
            Json::Text(text) => Some(text.clone()),
            _ => None,
        };
        let (time, kind, hash) = (text("event_time")?, text("event_type")?, text("event_hash")?);
        Some(hash.eq_ignore_ascii_case(&tag(&time, &kind)))
    });
    let secret: Secret = SECRET.parse().ok()?;
    let verifier = provider::find("dropbox-sign")?.verifier(secret).ok()?;
    let request = Request::post("/").body(Bytes::from(body.clone())).ok()?;
    let found = judge(&verifier, request, at(1_700_000_000), 0);
    // The converse does not hold: an event with the right hash can be rejected for another reason.
    if found.is_accepted() {
        assert_eq!(expected, Some(true), "{found:?} of {}", String::from_utf8_lossy(&body));
    }
    if multipart::field(&body, "json").is_none() {
        assert!(matches!(found, Found::Rejected(_)), "field is missing, but the result is {found:?}");
    }
    Some(())
}
