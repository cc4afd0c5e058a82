//! A Rust test file for a delivery, which uses the crate's test kit.
//!
//! The test signs the payload with a secret of its own, so the file contains no secret of the endpoint.

use axum::http::{Method, Request, Response};
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use http_body_util::Full;
use serde_json::Value;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Clock, ManualClock, Rejection, Secret, WebhookLayer, testing,
    verify::{Algorithm, Location},
};

use crate::{explain::Explained, provider::Source, received::Received, rules::Rules, test_event::plain};

/// The key of the generated test.
const KEY: &[u8; 32] = b"the secret of the generated test";

/// Returns the test file of a delivery.
pub(crate) async fn generate(rules: &Rules, request: &Explained) -> Result<String, BoxError> {
    let received = request.received.as_ref().map_err(|reason| reason.text())?;
    if received.method != Method::POST {
        return Err(format!("a {} is not a delivery", received.method).into());
    }
    let source = &rules.source;
    let secret = TestSecret::of(source)?;
    let delivery = Content::new(rules, received, request.decoded.as_ref());
    let is_accepted = delivery.try_out(source, &secret).await?;
    if !is_accepted {
        return Err("the payload cannot be signed by the test kit".into());
    }
    Ok(delivery.file(source, &secret, request))
}

/// The secret of the generated test, and the expression for it.
struct TestSecret {
    secret: Secret,
    expression: String,
    imports: &'static str,
}

impl TestSecret {
    fn of(source: &Source) -> Result<Self, BoxError> {
        let scheme = match source {
            Source::Fetched(_) => return Err("the provider's keys are fetched, so a test cannot sign".into()),
            source => source.scheme().map(serde_json::to_value).transpose()?.unwrap_or_default(),
        };
        let algorithm = scheme.get("alg").cloned().unwrap_or_default();
        if let Ok(algorithm) = serde_json::from_value::<Algorithm>(algorithm)
            && let Ok(pair) = testing::key_pair(algorithm)
        {
            let expression = format!("testing::key_pair(Algorithm::{algorithm:?})?");
            return Ok(Self { secret: pair, expression, imports: ", verify::Algorithm" });
        }
        let text = match source.id() {
            "standard-webhooks" => format!("whsec_{}", BASE64.encode(KEY)),
            "basic-auth" => "user:password".to_owned(),
            // Valid as text, hex and base64, so that it suits every key encoding.
            _ => HEXLOWER.encode(KEY),
        };
        let mut secret: Secret = text.parse()?;
        let mut expression = format!("\"{text}\".parse::<Secret>()?");
        if scheme.pointer("/key/select_by").is_some() {
            secret = secret.with_key_id("test");
            expression.push_str(".with_key_id(\"test\")");
        }
        Ok(Self { secret, expression, imports: "" })
    }
}

/// The parts of a request that the test repeats.
struct Content {
    target: String,
    headers: Vec<(String, String)>,
    payload: Bytes,
    /// The signed time, if it is in the payload.
    time: Option<u32>,
}

impl Content {
    fn new(rules: &Rules, received: &Received, decoded: Option<&Bytes>) -> Self {
        let payload = decoded.unwrap_or(&received.body).clone();
        let (mut headers, mut query) = (Vec::new(), form_urlencoded::Serializer::new(String::new()));
        let header =
            |name: &str| Some((name.to_owned(), received.headers.get(name)?.to_str().ok()?.to_owned()));
        // A decoded payload has another type.
        match decoded {
            None => headers.extend(header("content-type")),
            Some(payload) if serde_json::from_slice::<Value>(payload).is_ok() => {
                headers.push(("content-type".to_owned(), "application/json".to_owned()));
            }
            Some(_) => {}
        }
        let profile = &rules.profile;
        for place in profile.event_type().iter().chain(profile.id()) {
            match place {
                Location::Header(name) => headers.extend(header(name.as_str())),
                Location::Query(name) => {
                    let found = received.target.split_once('?').map_or("", |(_, query)| query);
                    let found = form_urlencoded::parse(found.as_bytes()).find(|(other, _)| other == name);
                    if let Some((_, value)) = found {
                        query.append_pair(name, &value);
                    }
                }
                _ => {}
            }
        }
        let query = query.finish();
        let target = if query.is_empty() { "/webhook".to_owned() } else { format!("/webhook?{query}") };
        let time = time_in(rules, &payload);
        Self { target, headers, payload, time }
    }

    /// Signs the request and passes it through a layer, as the generated test does. Returns whether it is accepted.
    async fn try_out(&self, source: &Source, secret: &TestSecret) -> Result<bool, BoxError> {
        let (layer, request) = self.signed(source, secret)?;
        let handler = service_fn(|_: Request<Body>| async {
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
        });
        let response = layer.layer(handler).oneshot(request.map(Full::new)).await?;
        Ok(response.extensions().get::<Rejection>().is_none())
    }

    /// Returns the layer of the generated test, and its signed request.
    fn signed(
        &self,
        source: &Source,
        secret: &TestSecret,
    ) -> Result<(WebhookLayer, Request<Bytes>), BoxError> {
        let verifier = source.verifier(secret.secret.clone().into()).map_err(|error| error.to_string())?;
        let mut layer = WebhookLayer::with_verifier(verifier.clone());
        let mut post = testing::post(&verifier, &self.target);
        for (name, value) in &self.headers {
            post = post.header(name, value);
        }
        if let Some(time) = self.time {
            let clock = ManualClock::at_unix(time);
            post = post.at(clock.now());
            layer = layer.clock(clock);
        }
        Ok((layer, post.body(self.payload.clone())?))
    }

    fn file(&self, source: &Source, secret: &TestSecret, request: &Explained) -> String {
        let name = source.name();
        let (scheme, verifier) = match source {
            Source::Scheme(scheme) => (
                format!(
                    "\n/// The signature scheme.\nconst SCHEME: &str = {};\n",
                    text_literal(serde_json::to_string(scheme).unwrap_or_default().as_bytes())
                ),
                "serde_json::from_str::<Scheme>(SCHEME)?.verifier(\"scheme\", secret)?".to_owned(),
            ),
            source => (
                String::new(),
                format!(
                    "provider::find({}).ok_or(\"unknown provider\")?.verifier(secret)?",
                    literal(source.id().as_bytes())
                ),
            ),
        };
        let is_scheme = !scheme.is_empty();
        let crates = match (is_scheme, secret.imports.is_empty()) {
            (true, true) => "Delivery, Secret, WebhookLayer, testing, verify::Scheme",
            (true, false) => "Delivery, WebhookLayer, testing, verify::{Algorithm, Scheme}",
            (false, true) => "Delivery, Secret, WebhookLayer, provider, testing",
            (false, false) => "Delivery, WebhookLayer, provider, testing, verify::Algorithm",
        };
        let (features, more) = match (secret.imports.is_empty(), is_scheme) {
            (false, _) => ("\"asymmetric\", \"axum\", \"test-util\"", ""),
            (true, true) => ("\"axum\", \"test-util\"", "//! serde_json = \"1\"\n"),
            (true, false) => ("\"axum\", \"test-util\"", ""),
        };
        let kind = if plain(&self.payload).is_some() { "&str" } else { "&[u8]" };
        let (mut layer, mut post) = (
            "WebhookLayer::with_verifier(verifier.clone())".to_owned(),
            format!("testing::post(&verifier, {})", literal(self.target.as_bytes())),
        );
        let mut clock = String::new();
        if let Some(time) = self.time {
            clock = format!("    let clock = testing::ManualClock::at_unix({time});\n");
            layer.push_str(".clock(clock.clone())");
            post.push_str("\n        .at(clock.now())");
        }
        for (name, value) in &self.headers {
            post.push_str(&format!(
                "\n        .header({}, {})",
                literal(name.as_bytes()),
                text_literal(value.as_bytes())
            ));
        }
        let trait_of_clock = if clock.is_empty() { "" } else { "Clock, " };
        let repeated = match request.summary.is_deduped() {
            true => {
                "
    // The provider sends the delivery again: it is a duplicate, and the handler is not called.
    let response = app.oneshot(delivery.map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[\"x-webhook-duplicate\"], \"true\");
"
            }
            false => "",
        };
        let copy = if repeated.is_empty() { "" } else { ".clone()" };
        let test_name = identifier(source.id(), request.summary.event_type());
        let payload = literal(&self.payload);
        let secret = &secret.expression;
        format!(
            "//! A delivery of {name}, recorded by the webhook inspector.
//!
//! ```toml
//! [dev-dependencies]
//! axum = \"0.8\"
{more}//! tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}
//! tower = {{ version = \"0.5\", features = [\"util\"] }}
//! tower-webhook = {{ version = \"0.1\", features = [{features}] }}
//! ```

use std::error::Error;

use axum::{{
    Router,
    body::{{Body, Bytes}},
    http::StatusCode,
    routing::post,
}};
use tower::ServiceExt;
use tower_webhook::{{{trait_of_clock}{crates}}};

/// The payload as it was received. The test signs it with a secret of its own.
const PAYLOAD: {kind} = {payload};
{scheme}
/// Replace this handler with your own.
async fn handler(delivery: Delivery) -> StatusCode {{
    println!(\"{{:?}} {{:?}}\", delivery.id(), delivery.event_type());
    StatusCode::OK
}}

#[tokio::test]
async fn {test_name}() -> Result<(), Box<dyn Error>> {{
    let secret = {secret};
    let verifier = {verifier};
{clock}    let layer = {layer};
    let app = Router::new().route(\"/webhook\", post(handler).layer(layer));

    let delivery = {post}
        .body::<Bytes>(PAYLOAD)?;
    let response = app{copy}.oneshot(delivery{copy}.map(Body::from)).await?;
    assert_eq!(response.status(), StatusCode::OK);
{repeated}    Ok(())
}}
"
        )
    }
}

/// Returns the signed time in a payload, in seconds.
fn time_in(rules: &Rules, payload: &[u8]) -> Option<u32> {
    let timestamp = rules.signing()?.timestamp?;
    let pointer = timestamp.from.strip_prefix("body:")?;
    let json: Value = serde_json::from_slice(payload).ok()?;
    let time = json.pointer(pointer)?.as_u64()?;
    let divisor = match &*timestamp.unit {
        "ms" => 1000,
        "us" => 1_000_000,
        _ => 1,
    };
    u32::try_from(time / divisor).ok()
}

/// Formats bytes as a Rust literal: a raw string if all of it can be shown, or else a byte string.
fn literal(bytes: &[u8]) -> String {
    match plain(bytes) {
        Some(text) if !text.contains(['"', '\\', '\n']) => format!("\"{text}\""),
        Some(text) => {
            let hashes = text.split('"').skip(1).map(|rest| rest.len() - rest.trim_start_matches('#').len());
            match hashes.max().map_or(0, |most| most + 1) {
                // Rust allows at most 255.
                count @ ..256 => {
                    let hashes = "#".repeat(count);
                    format!("r{hashes}\"{text}\"{hashes}")
                }
                _ => format!("\"{}\"", text.escape_default()),
            }
        }
        None => format!("b\"{}\"", bytes.escape_ascii()),
    }
}

/// Formats a header value, which is mostly text, as a Rust literal.
fn text_literal(bytes: &[u8]) -> String {
    match (plain(bytes), str::from_utf8(bytes)) {
        (None, Ok(text)) => format!("\"{}\"", text.escape_default()),
        _ => literal(bytes),
    }
}

/// Returns the name of the test, such as `stripe_invoice_paid`.
fn identifier(provider: &str, event_type: Option<&str>) -> String {
    let text = format!("{provider} {}", event_type.unwrap_or("delivery")).to_lowercase();
    let words: Vec<_> =
        text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let name: String = words.join("_").chars().take(80).collect();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("test_{name}") } else { name }
}
