//! Requests that providers really send, from public bug reports. Each case in `reported.json` names its source.

use std::{collections::HashMap, io::Read};

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tower_webhook::{InvalidSecret, Secrets};

use crate::support::*;

#[tokio::test]
async fn every_reported_request_is_answered_as_it_should_be() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("reported.json")).unwrap();
    assert!(cases.len() >= 115, "only {} cases", cases.len());
    let mut layers = HashMap::new();
    let mut wrong = Vec::new();
    for case in &cases {
        // Cases with the same provider and settings share a store, unless they name different groups.
        let shared = ["provider", "secret", "public_url", "verify_token", "group"].map(|name| &case[name]);
        let is_refused = !case["expect"]["start"].is_null();
        let found = match layers.entry(format!("{shared:?}")).or_insert_with(|| layer_of(case)) {
            Err(error) if is_refused => {
                assert!(!error.to_string().is_empty());
                Ok(())
            }
            Err(error) => Err(format!("layer not created: {error}")),
            Ok(_) if is_refused => Err("layer created".to_owned()),
            Ok(layer) => judge_case(layer, case).await,
        };
        if let Err(found) = found {
            wrong.push(format!("{}: {found}", case["name"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn layer_of(case: &Value) -> Result<WebhookLayer, InvalidSecret> {
    let secrets: Vec<Secret> = match &case["secret"] {
        Value::Array(many) => many.iter().map(|secret| text(secret).parse()).collect::<Result<_, _>>()?,
        one => vec![text(one).parse()?],
    };
    let verifier = provider::find(text(&case["provider"])).unwrap().verifier(Secrets::try_from(secrets)?)?;
    let now = case["now"].as_u64().unwrap().try_into().unwrap();
    let mut layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(now));
    if let Some(url) = case["public_url"].as_str() {
        layer = layer.public_url(url);
    }
    if let Some(token) = case["verify_token"].as_str() {
        layer = layer.verify_token(token.parse()?);
    }
    Ok(layer)
}

fn request_of(case: &Value) -> Request<Full<Bytes>> {
    let decoded = |text: &Value| BASE64.decode(text.as_str().unwrap_or_default().as_bytes()).unwrap();
    let mut body = decoded(&case["body_base64"]);
    if case["body_gzip_base64"].is_string() {
        let packed = decoded(&case["body_gzip_base64"]);
        GzDecoder::new(&*packed).read_to_end(&mut body).unwrap();
    }
    let mut headers: Vec<_> = case["headers"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|header| (text(&header[0]), text(&header[1])))
        .collect();
    // Over HTTP/1, a request with a body has a length or is chunked.
    let length = body.len().to_string();
    if !body.is_empty() {
        headers.push(("content-length", &length));
    }
    let host = case["send"].get("host").map_or(Some("localhost"), Value::as_str);
    if let Some(host) = host
        && headers.iter().all(|(name, _)| *name != "host")
    {
        headers.push(("host", host));
    }
    request(text(&case["method"]), text(&case["target"]), &headers, "").map(|_| Full::from(body))
}

async fn judge_case(layer: &WebhookLayer, case: &Value) -> Result<(), String> {
    let response = answer(layer, request_of(case)).await;
    let delivery = response.extensions().get::<Delivery>();
    let found = json!({
        "outcome": match delivery {
            Some(_) => "accepted",
            None if response.headers().contains_key("x-webhook-duplicate") => "duplicate",
            None => "not handled",
        },
        "status": response.status().as_u16(),
        "id": delivery.and_then(Delivery::id),
        "body": String::from_utf8_lossy(response.body()),
        "json": serde_json::from_slice::<Value>(response.body()).ok(),
        "payload": delivery.and_then(|delivery| delivery.json::<Value>().ok()),
    });
    let is_right = case["expect"].as_object().unwrap().iter().all(|(fact, value)| found[fact] == *value);
    if is_right { Ok(()) } else { Err(found.to_string()) }
}
