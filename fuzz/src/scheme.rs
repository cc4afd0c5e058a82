//! `Scheme`: arbitrary schemes, which verify signed and edited requests.
//!
//! An input that begins with `{` has the scheme as a line of JSON. The rest is like an input of the target `provider`,
//! but without the line with the provider's id. Any other input determines a generated scheme and a request for it.

use arbitrary::{Result, Unstructured};
use bytes::Bytes;
use http::{HeaderValue, Request};
use serde_json::{Value, json};
use tower_webhook::{
    provider::ProviderVerifier,
    testing::sign_at,
    verify::{Scheme, Verifier},
};

use super::{
    edit::Edit,
    judge::{Found, at, judge},
    provider::{assert_accepted, assert_frames_do_not_matter, assert_matches_reference, keys, to_secrets},
    reference::scheme::Key,
    wire::{request, text_line},
};

const NOW: u64 = 1_700_000_000;

pub(crate) fn run(input: &[u8]) {
    if input.first() == Some(&b'{') {
        let _ = from_json(input);
    } else {
        let _ = generated(&mut Unstructured::new(input));
    }
}

/// Tests a scheme that a user wrote as JSON.
fn from_json(input: &[u8]) -> Option<()> {
    let (scheme, rest) = text_line(input)?;
    let (secrets, rest) = text_line(rest)?;
    let (time, rest) = text_line(rest)?;
    let (edits, rest) = text_line(rest)?;
    let now = time.split(' ').next()?.parse().ok()?;
    let scheme: Scheme = serde_json::from_str(scheme).ok()?;
    // Serializing the scheme must not change it.
    let json = serde_json::to_value(&scheme).expect("JSON");
    assert_eq!(serde_json::from_value::<Scheme>(json).expect("a scheme"), scheme);
    let request = request(rest)?;
    let edits = edits.split_once(' ').map_or("", |(_, edits)| edits);
    check(&scheme, &keys(secrets), request, now, time.ends_with(" signed"), &Edit::read(edits))
}

fn check(
    scheme: &Scheme,
    keys: &[Key],
    mut request: Request<Bytes>,
    now: u64,
    signed: bool,
    edits: &[Edit],
) -> Option<()> {
    let verifier = ProviderVerifier::from(scheme.verifier("acme", to_secrets(keys)?).ok()?);
    let now = at(now);
    let signed = signed && {
        let own = sign_at(&verifier, request.clone(), now);
        own.map(|own| request = own).is_ok()
    };
    for edit in edits {
        edit.apply(&mut request);
    }
    let found = judge(&verifier, request.clone(), now, 0);
    let json = serde_json::to_value(scheme).expect("JSON");
    // The test kit does not set the headers of `require`. A signature outside of the headers may change the signed
    // content.
    let from = json["sig"]["from"].as_str().unwrap_or(":");
    if signed && edits.is_empty() && json.get("require").is_none() && !from.contains(':') {
        assert_accepted(&request, &found);
    }
    assert_frames_do_not_matter(&verifier, &request, now, &found);
    assert_matches_reference(&json, keys, &request, now, &found);
    // If the body is signed, a longer body must be rejected.
    if let (true, Found::Accepted(_), true) = (signed, &found, verifier.profile().body_signed()) {
        let mut longer = request.body().to_vec();
        longer.extend(b"&z=1");
        let longer = request.map(|_| longer.into());
        let found = judge(&verifier, longer.clone(), now, 0);
        assert!(!found.is_accepted(), "another body is accepted: {json} {longer:?}");
    }
    Some(())
}

/// Tests a generated scheme, with a request that the test kit can probably sign.
fn generated(u: &mut Unstructured<'_>) -> Result<()> {
    let scheme = scheme(u)?;
    let Ok(scheme) = serde_json::from_value::<Scheme>(scheme) else { return Ok(()) };
    let mut keys = vec![(secret(u)?, name(u)?)];
    if u.arbitrary()? {
        keys.push((secret(u)?, name(u)?));
    }
    let request = message(u)?;
    let now = NOW + u.int_in_range(0..=700)?;
    let signed = u.ratio(7, 8)?;
    let mut edits = Vec::new();
    while edits.len() < 4 && u.ratio(1, 2)? {
        edits.push(Edit(u.arbitrary()?, u.arbitrary()?, u.arbitrary()?));
    }
    check(&scheme, &keys, request, now, signed, &edits);
    Ok(())
}

fn scheme(u: &mut Unstructured<'_>) -> Result<Value> {
    const ALGORITHMS: [&str; 11] = [
        "hmac-sha256",
        "hmac-sha1",
        "hmac-sha384",
        "hmac-sha512",
        "hash-sha1",
        "hash-sha256",
        "hmac-md5",
        "hash-sha512",
        "token",
        "basic",
        "ed25519",
    ];
    let algorithm = *u.choose(&ALGORITHMS)?;
    let from = match u.int_in_range(0..=6)? {
        0 => json!("query:sig"),
        1 => json!("body:/sig"),
        2 => json!("form:sig"),
        3 => json!(["x-sig", "x-old-sig"]),
        4 => json!(["x-sig", "query:sig"]),
        _ => json!("x-sig"),
    };
    let mut sig = json!({"from": from, "enc": u.choose(&["hex", "base64", "base64url"])?});
    // Schemes that send the secret itself have no items, pairs, template or timestamp.
    let sent = matches!(algorithm, "token" | "basic");
    if !sent && u.arbitrary()? {
        sig["items"] = json!(u.choose(&[",", ";", " ", "&"])?);
    }
    if !sent && u.arbitrary()? {
        sig["kv"] = json!(u.choose(&["=", ":", ","])?);
        sig["keys"] = json!(["v1", "v0"]);
        if u.arbitrary()? {
            sig["prefer"] = json!(u.choose(&[["v1", "v0"], ["v0", "v1"]])?);
        }
    } else if !sent && u.ratio(1, 4)? {
        sig["key_id"] = json!(u.choose(&["/", ":", "="])?);
    }
    if u.ratio(1, 3)? {
        sig["prefix"] = json!(u.choose(&["sha256=", "v0=", "Bearer "])?);
        sig["prefix_optional"] = json!(u.arbitrary::<bool>()?);
    }
    let mut scheme = json!({"alg": algorithm, "sig": sig});
    if !sent {
        scheme["template"] = template(u, algorithm)?;
    }
    if !sent && u.arbitrary()? {
        let mut ts = json!({"from": place(u)?, "unit": u.choose(&["s", "ms", "us", "rfc3339"])?});
        for side in ["past", "future"] {
            if u.arbitrary()? {
                ts[side] = json!(u.choose(&[0, 300, u64::MAX])?);
            }
        }
        scheme["ts"] = ts;
    }
    if u.arbitrary()? {
        scheme["id"] = json!(place(u)?);
    }
    if u.ratio(1, 4)? {
        scheme["require"] = json!({"x-version": "1"});
    }
    if u.ratio(1, 3)? {
        let mut key = json!({"enc": u.choose(&["utf8", "hex", "base64", "base64url"])?});
        if u.arbitrary()? {
            key["strip"] = json!(["whsec_", "v1"]);
        }
        if u.arbitrary()? {
            key["transform"] = json!("nfkd");
        }
        if u.arbitrary()? {
            key["select_by"] = json!(place(u)?);
        }
        scheme["key"] = key;
    }
    Ok(scheme)
}

fn template(u: &mut Unstructured<'_>, algorithm: &str) -> Result<Value> {
    const BODIES: [&str; 7] = [
        "{body}",
        "{body}",
        "{json:body}",
        "{sha256hex:body}",
        "{sorted_form}",
        "{sorted_pairs}",
        "{sorted_pairs:sig, a}",
    ];
    let mut text = String::new();
    if algorithm.starts_with("hash") {
        text.push_str("{secret}");
    }
    let mut has_body = false;
    for _ in 0..u.int_in_range(0..=6)? {
        match u.int_in_range(0..=9)? {
            0 | 1 => text.push_str(u.choose(&[".", ":", "\n", "v0:", "é"])?),
            2 => text.push_str("{ts}"),
            3 => text.push_str(u.choose(&["{url}", "{method}", "{path_query}", "{headers_named_by:h}"])?),
            4 | 5 => text.push_str(&format!("{{{}}}", place(u)?)),
            6 if algorithm.starts_with("hmac") => text.push_str("{secret}"),
            _ if !has_body => {
                has_body = true;
                text.push_str(u.choose(&BODIES)?);
            }
            _ => {}
        }
    }
    Ok(match u.ratio(1, 5)? {
        true => json!({"v1": text, "v0": text.replace('.', "!")}),
        false => json!(text),
    })
}

fn place(u: &mut Unstructured<'_>) -> Result<&'static str> {
    // The signature's own header is not in the list, because it cannot be signed.
    u.choose(&[
        "header:x-ts",
        "header:x-id",
        "header:x-key",
        "body:/ts",
        "body:/a/0",
        "body:/id",
        "query:q",
        "form:f",
        "field:t",
        "field:h",
        "item:0",
        "item:1",
    ])
    .copied()
}

fn secret(u: &mut Unstructured<'_>) -> Result<String> {
    Ok(match u.int_in_range(0..=3)? {
        0 => "whsec_c2VjcmV0".to_owned(),
        1 => "00ff17a5".to_owned(),
        2 => "user:password".to_owned(),
        _ => u.arbitrary()?,
    })
}

fn name(u: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(u.choose(&[None, Some("k1"), Some("k2")])?.map(str::to_owned))
}

fn message(u: &mut Unstructured<'_>) -> Result<Request<Bytes>> {
    let url = *u.choose(&[
        "/",
        "/hook?q=1&q2=%41",
        "https://receiver.example/hook?q=a%20b&sig=00&z=%ff",
        "/hook?q=1&q=2",
        "*",
        "/hook?z=1&a=2&a=1&a=2",
    ])?;
    let mut request = Request::post(url).body(Bytes::new()).expect("a request");
    for _ in 0..u.int_in_range(0..=5)? {
        let name =
            *u.choose(&["x-ts", "x-id", "x-key", "x-version", "x-sig", "x-old-sig", "host", "x-other"])?;
        let value = match u.int_in_range(0..=4)? {
            0 => "1".to_owned(),
            1 => "k1".to_owned(),
            2 => NOW.to_string(),
            3 => "t=1700000000,h=x-id x-other x-id,v1=00".to_owned(),
            _ => u.arbitrary::<&str>()?.to_owned(),
        };
        if let Ok(value) = HeaderValue::from_str(&value) {
            request.headers_mut().append(name, value);
        }
    }
    *request.body_mut() = match u.int_in_range(0..=3)? {
        0 => json!({"ts": NOW, "id": u.arbitrary::<&str>()?, "a": [u.arbitrary::<i64>()?], "sig": ""})
            .to_string()
            .into(),
        1 => format!("f={}&b=%2B+1&a=2&sig=", u.arbitrary::<&str>()?).into(),
        2 => r#"{"id":"a\u00e9\/b","ts":"1700000000","a":[true],"id":2}"#.into(),
        _ => Bytes::copy_from_slice(u.bytes(u.len().min(64))?),
    };
    Ok(request)
}
