//! The test kit: signing, the values that it keeps or generates, `Outcomes` and `FaultyStore`. `vectors` checks the
//! signatures of all providers.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::json;
use tokio::time::timeout;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Outcome, OutcomeKind, RejectionKind, Secret, Secrets, WebhookLayer,
    provider::{self, Provider},
    store::{Claim, Key, MokaStore, Store, Token},
    testing::{self, Fault, FaultyStore, Operation, Outcomes, Signer},
    verify::{
        self, Algorithm, Encoding, Location, Locations, Profile, Scheme, TimeUnit, Verified, Verifier,
        VerifyError,
    },
};

const AT: u64 = 1_700_000_000;

fn at() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(AT)
}

fn secret() -> Secret {
    "a secret".parse().unwrap()
}

fn post(body: &'static str) -> Request<&'static str> {
    Request::post("/webhook").body(body).unwrap()
}

fn with_header(name: &str, value: &str) -> Request<&'static str> {
    Request::post("/webhook").header(name, value).body("{}").unwrap()
}

/// Sends `request` through `layer` to a handler that succeeds.
async fn send(layer: &WebhookLayer, request: &Request<Bytes>) -> StatusCode {
    let handler = service_fn(async |_: Request<Body>| Ok::<_, BoxError>(Response::new(())));
    let response = layer.clone().layer(handler).oneshot(request.clone().map(Body::from)).await.unwrap();
    response.status()
}

/// Signs `request` at [`AT`] and asserts that a layer accepts it at that time.
async fn signed(scheme: Scheme, request: Request<&'static str>) -> Request<Bytes> {
    let verifier = Arc::new(scheme.verifier("acme", secret()).unwrap());
    let request = testing::sign_at(&verifier, request, at()).unwrap();
    let clock = testing::ManualClock::new(at());
    let layer = WebhookLayer::with_verifier(verifier).clock(clock);
    assert_eq!(send(&layer, &request).await, 200, "{request:?}");
    request
}

#[tokio::test]
async fn existing_values_are_kept_and_missing_ones_are_generated() {
    let standard = || Arc::new(provider::polar(secret()));
    let verifier = standard();
    let first = testing::sign(&verifier, post("{}")).unwrap();
    let second = testing::sign(&verifier, post("{}")).unwrap();
    assert_ne!(first.headers()["webhook-id"], second.headers()["webhook-id"]);

    let own = Request::post("/webhook")
        .header("webhook-id", "msg_1")
        .header("webhook-timestamp", "1600000000")
        .header("webhook-signature", "v1,wrong");
    let own = testing::sign_at(&verifier, own.body("{}").unwrap(), at()).unwrap();
    assert_eq!(own.headers()["webhook-id"], "msg_1");
    assert_eq!(own.headers()["webhook-timestamp"], "1600000000");
    assert_eq!(own.headers().get_all("webhook-signature").iter().count(), 1);

    let layer = WebhookLayer::with_verifier(verifier);
    for request in [&first, &second] {
        assert_eq!(send(&layer, request).await, 200);
    }
    assert_eq!(send(&layer, &own).await, 401);
    let then = testing::ManualClock::at_unix(1_600_000_000);
    assert_eq!(send(&WebhookLayer::with_verifier(standard()).clock(then), &own).await, 200);
}

#[tokio::test]
async fn an_unsigned_id_is_generated_too() {
    let github = Arc::new(provider::github(secret()));
    let request = testing::sign(&github, post("{}")).unwrap();
    assert!(request.headers().contains_key("x-github-delivery"));
    let outcomes = Outcomes::new();
    let layer = WebhookLayer::with_verifier(github.clone()).on_outcome(outcomes.listener());
    for request in [&request, &request, &testing::sign(&github, post("{}")).unwrap()] {
        send(&layer, request).await;
    }
    let kinds: Vec<_> = outcomes.wait_for(3).await.iter().map(Outcome::kind).collect();
    assert_eq!(kinds, [OutcomeKind::Accepted, OutcomeKind::Duplicate, OutcomeKind::Accepted]);
}

#[tokio::test]
async fn the_signature_is_where_the_scheme_expects_it() {
    let hmac = || Scheme::hmac_sha256("x-sig", Encoding::Hex);
    let in_query = signed(hmac().signature_in(["query:sig"]), post("{}")).await;
    assert!(in_query.uri().query().unwrap().starts_with("sig="));
    let url = Request::post("/webhook?a=%7e&sig=old&b").body("{}").unwrap();
    let replaced = signed(hmac().signature_in(["query:sig"]), url).await;
    assert_eq!(replaced.uri().query().unwrap().rsplit_once('=').unwrap().0, "a=%7e&b&sig");

    let of_event = hmac().signature_in(["body:/proof/sig"]).signs("{body:/event}");
    let in_body = signed(of_event, post(r#"{"event":"1","proof":{}}"#)).await;
    assert!(in_body.body().starts_with(br#"{"event":"1","proof":{"sig":""#));
    let in_form = signed(hmac().signature_in(["form:sig"]).signs("{form:event}"), post("event=1")).await;
    assert!(in_form.body().starts_with(b"event=1&sig="));

    let last = signed(hmac().list(";").timestamp("item:1", TimeUnit::Seconds).signs("{ts}.{body}"), post(""));
    assert!(last.await.headers()["x-sig"].to_str().unwrap().ends_with(";1700000000"));
    // The timestamp may also be signed as an item of the header.
    let item = hmac().list(";").timestamp("item:0", TimeUnit::Seconds).signs("{item:0}.{body}");
    assert!(signed(item, post("")).await.headers()["x-sig"].to_str().unwrap().starts_with("1700000000;"));
    let several = hmac().signature_in(["header:x-one", "header:x-two"]);
    let several = signed(several, with_header("x-two", "old")).await;
    assert!(several.headers()["x-two"] != "old" && !several.headers().contains_key("x-one"));
}

#[tokio::test]
async fn times_are_written_in_every_unit() {
    let hmac = || Scheme::hmac_sha256("x-sig", Encoding::Hex).signs("{ts}.{body}");
    for (unit, text) in [
        (TimeUnit::Seconds, "1700000000"),
        (TimeUnit::Milliseconds, "1700000000000"),
        (TimeUnit::Microseconds, "1700000000000000"),
        (TimeUnit::Rfc3339, "2023-11-14T22:13:20Z"),
    ] {
        let request = signed(hmac().timestamp("header:x-time", unit), post("{}")).await;
        assert_eq!(request.headers()["x-time"], text);
        let request = signed(hmac().timestamp("query:t", unit), post("{}")).await;
        assert!(request.uri().query().unwrap().starts_with("t="));
    }
    let dated = hmac().timestamp("header:date", TimeUnit::HttpDate).signs("{body}{ts}");
    let dated = signed(dated, post("{}")).await;
    assert_eq!(dated.headers()["date"], "Tue, 14 Nov 2023 22:13:20 GMT");
    let named = Scheme::hmac_sha256("x-sig", Encoding::Hex).signs("{header:x-sent-timestamp}{body}");
    assert_eq!(signed(named, post("{}")).await.headers()["x-sent-timestamp"], "1700000000");
}

#[tokio::test]
async fn a_missing_signed_header_is_generated_anew_each_time() {
    let nonce = || Scheme::hmac_sha256("x-sig", Encoding::Hex).signs("{header:x-nonce}{body}");
    let [one, other] = [signed(nonce(), post("{}")).await, signed(nonce(), post("{}")).await];
    assert_ne!(one.headers()["x-nonce"], other.headers()["x-nonce"]);
}

#[tokio::test]
async fn other_algorithms_and_required_headers() {
    let hash = Scheme::new(Algorithm::Sha256, "x-sig", Encoding::Base64).signs("{secret}.{body}");
    signed(hash.require("x-version", "1"), post("{}")).await;
    let token = signed(Scheme::token("x-token").prefix("Token "), post("{}")).await;
    assert_eq!(token.headers()["x-token"], "Token a secret");
    let credentials: Secret = "user:password".parse().unwrap();
    let basic = Scheme::basic().verifier("acme", credentials).unwrap();
    let basic = testing::sign_at(&basic, post("{}"), at()).unwrap();
    assert!(basic.headers()["authorization"].to_str().unwrap().starts_with("Basic "));
    for shown in [token, basic] {
        assert!(format!("{shown:?}").contains("Sensitive"));
    }
}

#[tokio::test]
async fn the_first_secret_signs_unless_the_request_names_another() {
    let scheme = Scheme::hmac_sha256("x-sig", Encoding::Hex).key_id("header:x-key");
    let named = |name: &str| name.parse::<Secret>().unwrap().with_key_id(name);
    let verifier = Arc::new(scheme.verifier("acme", [named("new"), named("old")]).unwrap());
    let request = testing::sign(&verifier, post("{}")).unwrap();
    assert_eq!(request.headers()["x-key"], "new");
    let old = testing::sign(&verifier, with_header("x-key", "old")).unwrap();
    assert_ne!(old.headers()["x-sig"], request.headers()["x-sig"]);
    let layer = WebhookLayer::with_verifier(verifier.clone());
    assert_eq!([send(&layer, &request).await, send(&layer, &old).await], [200, 200]);

    let error = testing::sign(&verifier, with_header("x-key", "lost")).unwrap_err().to_string();
    assert!(error.ends_with("no secret matches the request's key id"));
    let nameless = scheme.verifier("acme", secret()).unwrap();
    let error = testing::sign(&nameless, post("{}")).unwrap_err().to_string();
    assert_eq!(error, "request cannot be signed: secret has no key id");
}

#[test]
fn errors_say_why_a_request_cannot_be_signed() {
    let of_body = |scheme: Scheme, body: &'static str| {
        testing::sign(&scheme.verifier("acme", secret()).unwrap(), post(body)).unwrap_err().to_string()
    };
    let hmac = || Scheme::hmac_sha256("x-sig", Encoding::Hex);
    let timed = hmac().timestamp("body:/at", TimeUnit::Seconds);
    assert_eq!(of_body(timed, "{}"), "request cannot be signed: `/at` is missing in the body");
    let placed = hmac().signature_in(["body:/proof/sig"]).signs("{body:/event}");
    let error = of_body(placed, r#"{"event":"1"}"#);
    assert_eq!(error, "request cannot be signed: body has no object for `/proof/sig`");
    let named = hmac().list(",").pairs("=", ["v1"]).signs("{field:h}.{headers_named_by:h}.{body}");
    assert_eq!(of_body(named, ""), "request cannot be signed: request has no `x-` header to sign");

    let unmarked = hmac().pairs("=", ["v1"]).timestamp("field:t", TimeUnit::Seconds).signs("{ts}.{body}");
    let error = of_body(unmarked, "");
    assert!(error.ends_with("but no list separator"), "{error}");

    let unknown = tower_webhook::verify::from_fn(|_, _| Err(VerifyError::wrong("nothing is right")));
    let error = testing::sign(&unknown, post("{}")).unwrap_err().to_string();
    assert!(error.ends_with("verifier has no `sign_with` function"), "{error}");
}

/// The request has the fields, the query and the header that some providers sign.
#[tokio::test]
async fn every_provider_with_a_secret_accepts_what_it_signs() {
    const BODY: &str = r#"{"id":"1","value":[{},{}],"event":{"event_time":1700000000,"event_type":"a"},
        "webhookTimestamp":1700000000000,"notificationItems":[{"NotificationRequestItem":{"success":true}}]}"#;
    let secrets = [
        "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "3031323334353637383961626364656630313233",
        "user:password",
    ];
    let mut without_secret = Vec::new();
    for provider in provider::all().filter(|provider| !provider.fetches_keys()) {
        let secret = |text: &str| text.parse::<Secret>().unwrap().with_key_id("key");
        let pair = key_pair(provider).and_then(|pair| provider.verifier(pair.with_key_id("key")).ok());
        let verifier = pair.or_else(|| secrets.iter().find_map(|text| provider.verifier(secret(text)).ok()));
        let Some(verifier) = verifier else {
            without_secret.push(provider.id);
            continue;
        };
        let body = match provider.id {
            "braintree" => "bt_payload=PG5vdGlmaWNhdGlvbj48",
            "ecwid" => r#"{"eventId":"1","eventCreated":1700000000}"#,
            "toast" => r#"{"timestamp":"2023-11-14T22:13:20.000+0000"}"#,
            "midtrans" => r#"{"order_id":"1","status_code":"200","gross_amount":"10000.00"}"#,
            _ => BODY,
        };
        // A header to sign, for providers whose senders choose the signed headers.
        let request = Request::post("https://receiver.example/webhook?a=b").header("x-event-type", "test");
        let request = match testing::sign_at(&verifier, request.body(flat(provider.id, body)).unwrap(), at())
        {
            Ok(request) => request,
            Err(error) => {
                assert!(error.to_string().contains("private key"), "{}: {error}", provider.id);
                without_secret.push(provider.id);
                continue;
            }
        };
        let outcomes = Outcomes::new();
        let layer = WebhookLayer::with_verifier(verifier)
            .clock(testing::ManualClock::new(at()))
            .on_outcome(outcomes.listener());
        send(&layer, &request).await;
        let outcome = outcomes.next().await;
        assert_eq!(outcome.kind(), OutcomeKind::Accepted, "{}: {:?}", provider.id, outcome.rejection());
    }
    // The test kit generates no key pairs for JSON Web Tokens, nor for RSA with SHA-1, which can only be verified.
    let without_pair = [
        "apple-app-store",
        "apple-app-store-sandbox",
        "plaid",
        "postal-sha1",
        "saleor",
        "wechat-pay",
        "wecom",
        "wix",
    ];
    assert_eq!(without_secret, without_pair);
}

/// Returns a key pair, if the provider signs with a private key.
fn key_pair(provider: &Provider) -> Option<Secret> {
    let scheme = serde_json::to_value(provider.scheme()?).unwrap();
    testing::key_pair(serde_json::from_value(scheme["alg"].clone()).unwrap()).ok()
}

/// Returns a flat object for Vonage, which signs only flat objects, and `body` for other providers.
fn flat(provider: &str, body: &'static str) -> &'static str {
    if provider.starts_with("vonage-params") { r#"{"messageId":"1","text":"a=b&c"}"# } else { body }
}

/// Some providers send deliveries in several forms.
#[tokio::test]
async fn every_form_of_a_providers_deliveries_can_be_signed() {
    let json = |request: http::request::Builder| request.header("content-type", "application/json");
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n\
        {\"event\":{\"event_time\":\"1700000000\",\"event_type\":\"a\"}}\r\n--b--\r\n";
    let route = "--b\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nt\r\n\
        --b\r\nContent-Disposition: form-data; name=\"body-plain\"\r\n\r\nhello\r\n--b--\r\n";
    let escaped = "https://receiver.example/webhook?a=%3A%2F&b=%20";
    let form =
        "json=%7B%22event%22%3A%7B%22event_time%22%3A%221700000000%22%2C%22event_type%22%3A%22a%22%7D%7D&a=b";
    let url = || Request::post("https://receiver.example/webhook");
    for (id, request, body) in [
        ("twilio", url(), "Body=hello&From=1"),
        ("twilio", json(url()), r#"{"a":1}"#),
        ("twilio", json(Request::post("https://receiver.example/webhook?bodySHA256=00&a=b")), "{}"),
        ("vonage-params", Request::get("https://receiver.example/webhook?text=a"), ""),
        ("vonage-params", url(), "text=a&timestamp=1700000000"),
        ("vonage-params-md5hash", json(url()), r#"{"text":"a"}"#),
        ("cloudevents", Request::post("https://receiver.example/webhook?access_token=old"), "{}"),
        ("dropbox-sign", url(), form),
        ("dropbox-sign", url(), multipart),
        ("mailgun", json(url()), r#"{"signature":{"timestamp":1700000000,"token":"t"}}"#),
        (
            "mailgun",
            url().header("content-type", "application/x-www-form-urlencoded"),
            "body-plain=hello&token=t",
        ),
        ("mailgun", url().header("content-type", "multipart/form-data; boundary=b"), route),
        ("hubspot-v3", json(Request::post(escaped)), "[]"),
        ("adyen-standard", json(url()), r#"{"pspReference":"1"}"#),
        ("sinch-application", Request::get("https://receiver.example/webhook?a=b"), ""),
        ("contentful", url().header("x-contentful-topic", "a"), "{}"),
        ("messagebird-legacy", Request::get("https://receiver.example/webhook?b=1&a=2"), ""),
    ] {
        let hex = "30313233343536373839616263646566".parse::<Secret>().unwrap();
        let verifier = provider::find(id).unwrap().verifier(hex).unwrap();
        let request = testing::sign_at(&verifier, request.body(body).unwrap(), at()).unwrap();
        let layer = WebhookLayer::with_verifier(verifier).clock(testing::ManualClock::new(at()));
        assert_eq!(send(&layer, &request).await, 200, "{id}: {request:?}");
    }
}

/// HubSpot signs a URL with its escapes decoded.
#[tokio::test]
async fn a_url_with_escapes_is_signed_as_hubspot_does() {
    let hubspot = provider::find("hubspot-v3").unwrap();
    let request = Request::post("https://receiver.example/webhook?a=%3A").body("[]").unwrap();
    let signed = testing::sign_at(&hubspot.verifier(secret()).unwrap(), request, at()).unwrap();
    for (scheme, status) in hubspot.schemes().into_iter().zip([401, 200]) {
        let verifier = scheme.verifier("hubspot-v3", secret()).unwrap();
        let layer = WebhookLayer::with_verifier(verifier).clock(testing::ManualClock::new(at()));
        assert_eq!(send(&layer, &signed).await, status);
    }
}

/// The layer would reject a request with both a signed query and a body.
#[test]
fn a_body_that_a_signed_query_does_not_cover_cannot_be_signed() {
    let verifier = provider::find("vonage-params").unwrap().verifier(secret()).unwrap();
    let request = Request::post("https://receiver.example/webhook?sig=old").body("text=a").unwrap();
    let error = testing::sign_at(&verifier, request, at()).unwrap_err().to_string();
    assert!(error.contains("only the query would be signed"), "{error}");
}

/// The layer would reject a body that looks like a token, because X's handshake signs any such text for any client.
#[test]
fn a_body_that_a_handshake_signs_for_any_client_cannot_be_signed() {
    let verifier = provider::find("twitter").unwrap().verifier(secret()).unwrap();
    let error = testing::sign_at(&verifier, post("a_token+of/theirs="), at()).unwrap_err().to_string();
    assert!(error.contains("body is a handshake challenge"), "{error}");
    testing::sign_at(&verifier, post("{}"), at()).unwrap();
}

#[test]
fn verifiers_sign_by_reference_and_in_a_box_or_arc() {
    let boxed: Arc<dyn Signer> = Arc::new(provider::github(secret()));
    testing::sign(&boxed, post("{}")).unwrap();
    testing::sign(&*boxed, post("{}").map(Bytes::from)).unwrap();
    testing::sign(&provider::github(secret()), post("{}").map(str::as_bytes)).unwrap();
    let rotated = Secrets::from([secret(), "old".parse().unwrap()]);
    testing::sign(&provider::github(rotated), post("{}").map(str::to_owned)).unwrap();

    let boxed: Box<dyn Signer> = Box::new(provider::github(secret()));
    testing::sign(&boxed, post("{}")).unwrap();
    for signer in [&*boxed, &provider::stripe(secret()), &with_event_type(Locations::default())] {
        let post = testing::post(signer, "/in");
        assert!(format!("{post:?}").contains(signer.facts().provider()), "{post:?}");
        testing::sign(signer, post.body::<Bytes>("{}").unwrap()).unwrap();
    }
    testing::post(&boxed, "/in").body::<Bytes>("{}").unwrap();
}

/// Returns a verifier that can sign, with event types at `places`.
fn with_event_type(places: impl Into<Locations>) -> impl Verifier + Signer {
    let verifier = verify::from_fn(|request, _| match request.head().headers.contains_key("x-token") {
        true => Ok(Verified::new()),
        false => Err(VerifyError::missing("`x-token` is missing")),
    });
    verifier.with_profile(Profile::new("acme").with_event_type(places)).sign_with(|head, _, _| {
        head.headers.insert("x-token", HeaderValue::from_static("token"));
        Ok(())
    })
}

fn place(place: &str) -> Location {
    place.parse().unwrap()
}

/// Returns the event type of a request that `verifier` accepts.
async fn event_type(verifier: &impl Verifier, request: &Request<Bytes>) -> Option<String> {
    let (head, body) = request.clone().into_parts();
    let verified = verify::verify_request(verifier, &head, &body, SystemTime::now()).await.unwrap();
    verified.event_type().map(str::to_owned)
}

#[tokio::test]
async fn an_event_type_is_written_where_the_provider_expects_it() {
    let github = provider::github(secret());
    let push = testing::post(&github, "/in").event("push").json(&json!({"ref": "main"})).unwrap();
    assert_eq!(push.headers()["x-github-event"], "push");
    assert_eq!(push.body(), r#"{"ref":"main"}"#);
    assert_eq!(event_type(&github, &push).await.as_deref(), Some("push"));

    // The signature covers the body with its new type.
    let stripe = provider::stripe(secret());
    let paid = testing::post(&stripe, "/in").event("invoice.paid").json(&json!({"id": "1", "type": "old"}));
    let paid = paid.unwrap();
    assert_eq!(paid.body(), r#"{"id":"1","type":"invoice.paid"}"#);
    assert_eq!(event_type(&stripe, &paid).await.as_deref(), Some("invoice.paid"));

    let in_query = with_event_type(place("query:type"));
    let request = testing::post(&in_query, "/in?a=b&type=old").event("a&b").body("raw").unwrap();
    assert_eq!(request.uri(), "/in?a=b&type=a%26b");
    assert_eq!(event_type(&in_query, &request).await.as_deref(), Some("a&b"));

    let in_form = with_event_type(place("form:type"));
    let request = testing::post(&in_form, "/in").event("push").body("type=old&a=b").unwrap();
    assert_eq!(request.body(), "a=b&type=push");
    assert_eq!(event_type(&in_form, &request).await.as_deref(), Some("push"));

    let first_of_two = with_event_type([place("body:/meta/type"), place("header:x-type")]);
    let request = testing::post(&first_of_two, "/in").event("push").json(&json!({"meta": {}})).unwrap();
    assert_eq!(request.body(), r#"{"meta":{"type":"push"}}"#);
    assert_eq!(event_type(&first_of_two, &request).await.as_deref(), Some("push"));
    assert!(!request.headers().contains_key("x-type"));
}

#[tokio::test]
async fn a_post_has_the_body_type_of_the_host() {
    let github = provider::github(secret());
    let layer = WebhookLayer::with_verifier(github.clone());
    let push: Request<axum::body::Body> =
        testing::post(&github, "/in").event("push").json(&json!({"ref": "main"})).unwrap();
    assert_eq!(push.headers()["content-type"], "application/json");
    let handler = service_fn(async |request: Request<Body>| {
        assert_eq!(request.method(), "POST");
        Ok::<_, BoxError>(Response::new(()))
    });
    assert_eq!(layer.layer(handler).oneshot(push).await.unwrap().status(), 200);

    let raw: Request<Vec<u8>> = testing::post(&github, "/in").body(vec![0xff]).unwrap();
    assert_eq!((raw.body(), raw.headers().get("content-type")), (&vec![0xff], None));
}

#[tokio::test]
async fn a_post_has_the_given_headers_and_time() {
    let github = provider::github(secret());
    let request: Request<Bytes> = testing::post(&github, "/in")
        .header("x-github-delivery", "1")
        .header("content-type", "application/vnd.github+json")
        .json(&json!({}))
        .unwrap();
    assert_eq!(request.headers()["x-github-delivery"], "1");
    let content_types: Vec<_> = request.headers().get_all("content-type").iter().collect();
    assert_eq!(content_types, ["application/vnd.github+json"]);

    let stripe = provider::stripe(secret());
    let request: Request<Bytes> = testing::post(&stripe, "/in").at(at()).json(&json!({})).unwrap();
    assert!(request.headers()["stripe-signature"].to_str().unwrap().starts_with("t=1700000000,"));
    let then = WebhookLayer::with_verifier(stripe.clone()).clock(testing::ManualClock::new(at()));
    assert_eq!(send(&then, &request).await, 200);
    assert_eq!(send(&WebhookLayer::with_verifier(stripe), &request).await, 401);
}

#[test]
fn errors_say_why_a_post_cannot_be_built() {
    fn error(post: testing::Post<'_>, body: &'static str) -> String {
        let error = post.body::<Bytes>(body).unwrap_err().to_string();
        error.strip_prefix("request cannot be signed: ").unwrap().to_owned()
    }
    let github = provider::github(secret());
    let post = || testing::post(&github, "/in");
    assert_eq!(error(testing::post(&github, "/a b"), ""), "invalid uri character");
    assert_eq!(error(post().header("x y", "1"), ""), "invalid HTTP header name");
    assert_eq!(error(post().header("x-y", "a\nb"), ""), "failed to parse header value");
    let event = "value for the `x-github-event` header is invalid";
    assert_eq!(error(post().event("a\nb"), ""), event);

    let stripe = provider::stripe(secret());
    assert_eq!(error(testing::post(&stripe, "/in").event("paid"), "a=b"), "body is not JSON");
    let nested = with_event_type(place("body:/meta/type"));
    let no_parent = "body has no object for `/meta/type`";
    assert_eq!(error(testing::post(&nested, "/in").event("push"), "{}"), no_parent);
    for nowhere in [with_event_type(Locations::default()), with_event_type(Locations::from(place("item:0")))]
    {
        let no_place = "provider has no location for an event type";
        assert_eq!(error(testing::post(&nowhere, "/in").event("push"), "{}"), no_place);
        testing::post(&nowhere, "/in").body::<Bytes>("{}").unwrap();
    }

    let keys_are_no_text = std::collections::HashMap::from([((1, 2), 3)]);
    let error = post().json::<Bytes>(&keys_are_no_text).unwrap_err().to_string();
    assert_eq!(error, "request cannot be signed: key must be a string");
}

#[tokio::test]
async fn outcomes_can_be_awaited_taken_and_shared() {
    let outcomes = Outcomes::new();
    let layer = WebhookLayer::new("c2VjcmV0".parse::<Secret>().unwrap()).on_outcome(outcomes.listener());
    assert!(outcomes.is_empty() && outcomes.last().is_none());
    let early = timeout(Duration::ZERO, outcomes.next()).await;
    assert!(early.is_err());

    // The waiter starts before the first outcome.
    let waiting = outcomes.clone();
    let waiter = tokio::spawn(async move { waiting.wait_for(2).await.len() });
    tokio::task::yield_now().await;
    for _ in 0..2 {
        send(&layer, &post("{}").map(Bytes::from)).await;
    }
    assert_eq!(waiter.await.unwrap(), 2);
    assert_eq!(outcomes.len(), 2);
    let rejected = outcomes.next().await;
    assert_eq!(rejected.rejection().unwrap().kind(), RejectionKind::MissingSignature);
    assert_eq!((outcomes.take().len(), outcomes.len()), (1, 0));
}

#[tokio::test]
async fn a_faulty_store_injects_the_configured_faults() {
    let store = FaultyStore::new(MokaStore::new(10));
    let (key, token, lease) = (Key::new("test", "id"), Token::mint(), Duration::from_secs(30));
    let waits = |claim| timeout(Duration::from_millis(1), claim);

    store.pass_next(Operation::Claim, 1);
    store.fail_next(Operation::Claim, 2, Fault::Error);
    assert!(matches!(store.claim(&key, &token, lease).await, Ok(Claim::Acquired { .. })));
    for _ in 0..2 {
        store.claim(&key, &token, lease).await.unwrap_err();
    }
    assert!(matches!(store.claim(&key, &token, lease).await, Ok(Claim::Acquired { .. })));
    assert_eq!(store.calls(Operation::Claim), 4);

    store.fail(Operation::SETTLING, Fault::LoseAnswer);
    store.complete(&key, &token, lease).await.unwrap_err();
    store.release(&key, &token).await.unwrap_err();
    assert_eq!(store.claim(&key, &Token::mint(), lease).await.unwrap(), Claim::Completed);
    store.heal();
    assert!(store.forget(&key).await.unwrap());

    let other = Token::mint();
    store.fail(Operation::Claim, Fault::Hang);
    waits(store.claim(&key, &token, lease)).await.unwrap_err();
    store.fail(Operation::Claim, Fault::ActAndHang);
    waits(store.claim(&key, &other, lease)).await.unwrap_err();
    store.heal();
    assert!(matches!(store.claim(&key, &token, lease).await, Ok(Claim::InProgress)));
    assert!(store.inner().release(&key, &other).await.unwrap());

    store.fail(Operation::ALL, Fault::Panic);
    let panicking = store.clone();
    tokio::spawn(async move { panicking.forget(&key).await }).await.unwrap_err();
    assert_eq!([store.calls(Operation::Forget), store.calls(Operation::Extend)], [2, 0]);
}
