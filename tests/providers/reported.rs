//! Requests that providers really send, from public bug reports. Each case in `reported.json` names its source.

use std::{collections::HashMap, io::Read};

use bytes::Bytes;
use data_encoding::BASE64;
use flate2::read::GzDecoder;
use http::{HeaderName, HeaderValue, Request, Response, header::HOST};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, InvalidSecret, ManualClock, Secret, Secrets, WebhookLayer, provider,
};

#[derive(Deserialize)]
struct Case {
    name: String,
    provider: String,
    secret: OneOrMany,
    now: u32,
    method: String,
    target: String,
    #[serde(default)]
    headers: Vec<(String, String)>,
    #[serde(default)]
    body_base64: String,
    body_gzip_base64: Option<String>,
    public_url: Option<String>,
    verify_token: Option<String>,
    /// Cases with the same provider and settings share a store, unless they name different groups.
    group: Option<String>,
    #[serde(default)]
    send: Send,
    expect: Expectation,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Send {
    #[serde(default = "localhost")]
    host: Option<String>,
}

impl Default for Send {
    fn default() -> Self {
        Self { host: localhost() }
    }
}

fn localhost() -> Option<String> {
    Some("localhost".to_owned())
}

#[derive(Default, Deserialize)]
struct Expectation {
    start: Option<String>,
    outcome: Option<String>,
    status: Option<u16>,
    id: Option<String>,
    body: Option<String>,
    json: Option<Value>,
    payload: Option<Value>,
}

impl Case {
    fn layer(&self) -> Result<WebhookLayer, InvalidSecret> {
        let texts = match &self.secret {
            OneOrMany::One(text) => vec![text.clone()],
            OneOrMany::Many(texts) => texts.clone(),
        };
        let secrets = texts.iter().map(|text| text.parse()).collect::<Result<Vec<Secret>, _>>()?;
        let provider = provider::find(&self.provider).expect("provider exists");
        let verifier = provider.verifier(Secrets::try_from(secrets)?)?;
        let mut layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(self.now));
        if let Some(url) = &self.public_url {
            layer = layer.public_url(url);
        }
        if let Some(token) = &self.verify_token {
            layer = layer.verify_token(token.parse()?);
        }
        Ok(layer)
    }

    fn key(&self) -> String {
        let secret = match &self.secret {
            OneOrMany::One(text) => text.clone(),
            OneOrMany::Many(texts) => texts.join(" "),
        };
        format!("{} {secret} {:?} {:?} {:?}", self.provider, self.public_url, self.verify_token, self.group)
    }

    fn request(&self) -> Request<Full<Bytes>> {
        let body = match &self.body_gzip_base64 {
            Some(packed) => {
                let mut body = Vec::new();
                let packed = BASE64.decode(packed.as_bytes()).unwrap();
                GzDecoder::new(&*packed).read_to_end(&mut body).unwrap();
                body
            }
            None => BASE64.decode(self.body_base64.as_bytes()).unwrap(),
        };
        let mut request = Request::builder().method(&*self.method).uri(&*self.target);
        if let Some(host) = &self.send.host
            && !self.headers.iter().any(|(name, _)| name == "host")
        {
            request = request.header(HOST, host);
        }
        // Over HTTP/1, a request with a body has a length or is chunked.
        if !body.is_empty() {
            request = request.header("content-length", body.len());
        }
        for (name, value) in &self.headers {
            let name: HeaderName = name.parse().unwrap();
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        request.body(Full::new(body.into())).unwrap()
    }
}

/// The delivery as the handler received it.
#[derive(Clone)]
struct Handled(Delivery);

#[tokio::test]
async fn every_reported_request_is_answered_as_it_should_be() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("reported.json")).unwrap();
    assert!(cases.len() >= 115, "only {} cases", cases.len());
    let mut layers: HashMap<String, Result<WebhookLayer, InvalidSecret>> = HashMap::new();
    let mut wrong = Vec::new();
    for case in &cases {
        let layer = layers.entry(case.key()).or_insert_with(|| case.layer());
        let found = match layer {
            Err(error) if case.expect.start.is_some() => {
                assert!(!error.to_string().is_empty());
                Ok(())
            }
            Err(error) => Err(format!("layer not created: {error}")),
            Ok(_) if case.expect.start.is_some() => Err("layer created".to_owned()),
            Ok(layer) => judge(case, layer).await,
        };
        if let Err(found) = found {
            wrong.push(format!("{}: {found}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

async fn judge(case: &Case, layer: &WebhookLayer) -> Result<(), String> {
    let service = layer.clone().layer(service_fn(async |request: Request<Body>| {
        let delivery = request.extensions().get::<Delivery>().cloned().ok_or("no delivery")?;
        let mut response = Response::new(Full::<Bytes>::default());
        response.extensions_mut().insert(Handled(delivery));
        Ok::<_, BoxError>(response)
    }));
    let response = service.oneshot(case.request()).await.map_err(|error| error.to_string())?;
    let (head, body) = response.into_parts();
    let body = body.collect().await.map_err(|error| error.to_string())?.to_bytes();
    let handled = head.extensions.get::<Handled>().map(|Handled(delivery)| delivery);
    let expect = &case.expect;
    let outcome = match handled {
        Some(_) => "accepted",
        None if head.headers.contains_key("x-webhook-duplicate") => "duplicate",
        None => "not handled",
    };
    let id = handled.and_then(Delivery::id).map(str::to_owned);
    let json: Option<Value> = serde_json::from_slice(&body).ok();
    let payload: Option<Value> = handled.and_then(|delivery| delivery.json().ok());
    let is_right = expect.outcome.as_ref().is_none_or(|expected| expected == outcome)
        && expect.status.is_none_or(|expected| expected == head.status)
        && expect.id.as_ref().is_none_or(|expected| Some(expected) == id.as_ref())
        && expect.body.as_ref().is_none_or(|expected| *expected == body)
        && expect.json.as_ref().is_none_or(|expected| Some(expected) == json.as_ref())
        && expect.payload.as_ref().is_none_or(|expected| Some(expected) == payload.as_ref());
    match is_right {
        true => Ok(()),
        false => Err(format!("{outcome}, {}, id {id:?}, body {body:?}", head.status)),
    }
}
