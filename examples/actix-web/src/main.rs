//! An actix-web server that verifies webhooks without the layer, because actix-web has no adapter for tower.
//!
//! ```sh
//! SLACK_SIGNING_SECRET=everybody-knows-me cargo run --manifest-path examples/actix-web/Cargo.toml
//! ```
//!
//! Then send an event, signed as Slack does:
//!
//! ```sh
//! at=$(date +%s) body='{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","text":"hello"}}'
//! tag=$(printf %s "v0:$at:$body" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "x-slack-request-timestamp: $at" -H "x-slack-signature: v0=$tag"
//! ```
//!
//! Run the same `curl` again: the delivery is a duplicate. A request with the same signature and any other body is
//! rejected with a 401.
//!
//! The server does what the layer would do: it limits the body, answers verification handshakes, verifies requests,
//! maps errors to responses and deduplicates deliveries. For another provider, change `Callback`, the constructor in
//! `Webhook::new`, and the scope of the deduplication key.
//!
//! The address to listen on can be passed as an argument.

use std::{env, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Result,
    error::{
        ErrorBadRequest, ErrorInternalServerError, ErrorPayloadTooLarge, ErrorRequestTimeout,
        ErrorServiceUnavailable, ErrorUnprocessableEntity,
    },
    http::StatusCode,
    rt::{self, time::timeout},
    web::{self, Bytes},
};
use http::{Request, Response, request::Parts};
use serde::Deserialize;
use tower_webhook::{
    BoxError, Rejection, Secret,
    provider::{self, ProviderVerifier},
    store::{Claim, Key, MokaStore, Store, Token},
    verify::{RequestContext, Verifier, verify_in},
};

const BODY_LIMIT: usize = 1024 * 1024;
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Shorter than the lease, so that the lease need not be extended while the handler runs.
const HANDLER_TIMEOUT: Duration = Duration::from_secs(20);
const LEASE: Duration = Duration::from_secs(30);
/// Longer than Slack's retry period.
const DEDUPE_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The endpoint's state, which all workers share.
struct Webhook {
    verifier: ProviderVerifier,
    /// For several replicas, use a store that they share, such as `RedisStore`.
    store: MokaStore,
}

impl Webhook {
    fn new(secret: Secret) -> Self {
        Self { verifier: provider::slack(secret), store: MokaStore::new(100_000) }
    }
}

/// The envelope of Slack's events.
#[derive(Debug, Deserialize)]
struct Callback {
    event: SlackEvent,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum SlackEvent {
    AppMention {
        text: String,
    },
    /// Any other event type. Without this variant, `receive` would reject such an event, and Slack would retry it.
    #[serde(other)]
    Unknown,
}

#[actix_web::main]
async fn main() -> Result<(), BoxError> {
    // The closure below runs once per worker. If it created the state, each worker would have its own store.
    let webhook = web::Data::new(Webhook::new(Secret::from_env("SLACK_SIGNING_SECRET")?));
    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let server = HttpServer::new(move || App::new().app_data(webhook.clone()).configure(routes));
    let server = server.bind(address)?;
    for address in server.addrs() {
        println!("listening on http://{address}");
    }
    server.run().await?;
    Ok(())
}

fn routes(config: &mut web::ServiceConfig) {
    // Accept any method, because some providers send their handshake as a GET request.
    config.service(web::resource("/webhook").to(receive));
}

/// Verifies a request and handles its event.
///
/// The extractor for the body is `Payload`, because signatures cover the body as it was sent. With a `compress-*`
/// feature of actix-web, the extractor `Bytes` would decompress the body.
async fn receive(
    request: HttpRequest,
    payload: web::Payload,
    webhook: web::Data<Webhook>,
) -> Result<HttpResponse> {
    let head = http_head(&request).map_err(|error| {
        eprintln!("rejected: {error}");
        ErrorBadRequest("malformed request")
    })?;
    // Providers that sign the URL, or send a verify token, also need `.public_url(…)` or `.with_verify_token(…)` here.
    let context = RequestContext::new(&head);
    if let Some(response) = webhook.verifier.handshake(&context) {
        return Ok(actix_response(response));
    }
    let body = read(payload).await?;

    let verified = match verify_in(&webhook.verifier, &context, &body).await {
        Ok(verified) => verified,
        Err(error) => {
            // The client sees a fixed text for `error.kind()`, with the status `error.kind().status()`.
            eprintln!("rejected ({}): {error}", error.kind());
            return Ok(actix_response(Rejection::from(error).to_response()));
        }
    };
    // Use the verified payload. It differs from the body if the body is encoded, or if only a part of it is signed.
    let payload = verified.payload().unwrap_or(&body);
    if let Some(response) = webhook.verifier.signed_handshake(&context, payload) {
        return Ok(actix_response(response));
    }

    let callback: Callback = serde_json::from_slice(payload).map_err(|error| {
        // Omit the error's text, which may quote the payload.
        eprintln!("rejected: undecodable payload, line {} column {}", error.line(), error.column());
        ErrorUnprocessableEntity("undecodable payload")
    })?;
    // The scope keeps the ids of different endpoints apart.
    let key = verified.id().map(|id| Key::new("slack", id));
    // actix-web may drop the future of a request whose client disconnects. A spawned task runs to its end.
    rt::spawn(handle_once(webhook, key, callback)).await.unwrap_or_else(|error| {
        // The handler panicked. The claim ends with its lease; until then, retries get a 503.
        eprintln!("handler failed: {error}");
        Err(ErrorInternalServerError("temporarily unavailable"))
    })
}

/// Handles an event, unless it is a duplicate. An event without a key cannot be deduplicated.
async fn handle_once(
    webhook: web::Data<Webhook>,
    key: Option<Key>,
    callback: Callback,
) -> Result<HttpResponse> {
    let (store, token) = (&webhook.store, Token::mint());
    if let Some(key) = &key {
        match store.claim(key, &token, LEASE).await {
            Ok(Claim::Acquired { .. }) => {}
            Ok(Claim::Completed) => {
                return Ok(HttpResponse::Ok().insert_header(("x-webhook-duplicate", "true")).finish());
            }
            Ok(Claim::InProgress) => {
                // Not a 200: if the running attempt fails, only a retry can handle the event.
                let mut response = HttpResponse::ServiceUnavailable();
                return Ok(response.insert_header(("retry-after", "5")).body("in progress"));
            }
            Err(error) => {
                eprintln!("{key}: not claimed: {error}");
                return Err(ErrorServiceUnavailable("temporarily unavailable"));
            }
        }
    }

    let outcome = timeout(HANDLER_TIMEOUT, on_event(callback)).await.unwrap_or_else(|late| Err(late.into()));
    if let Some(key) = &key {
        let settled = match &outcome {
            Ok(()) => store.complete(key, &token, DEDUPE_WINDOW).await,
            Err(_) => store.release(key, &token).await,
        };
        // The response does not depend on the settlement. If settling failed, at worst a retry runs the handler late
        // or a second time.
        match settled {
            Ok(true) => {}
            Ok(false) => eprintln!("{key}: the lease expired while the handler ran"),
            Err(error) => eprintln!("{key}: not settled: {error}"),
        }
    }
    outcome.map(|()| HttpResponse::NoContent().finish()).map_err(|error| {
        eprintln!("handler failed: {error}");
        ErrorInternalServerError("temporarily unavailable")
    })
}

/// Handles an event. After an error, the provider retries.
async fn on_event(callback: Callback) -> Result<(), BoxError> {
    match callback.event {
        SlackEvent::AppMention { text } => println!("mentioned: {text}"),
        SlackEvent::Unknown => println!("nothing to do"),
    }
    Ok(())
}

/// Reads a body of at most `BODY_LIMIT` bytes, for at most `BODY_TIMEOUT`.
async fn read(payload: web::Payload) -> Result<Bytes> {
    timeout(BODY_TIMEOUT, payload.to_bytes_limited(BODY_LIMIT))
        .await
        .map_err(|_| ErrorRequestTimeout("body too slow"))?
        .map_err(|_| ErrorPayloadTooLarge("body too large"))?
        .map_err(|_| ErrorBadRequest("body interrupted"))
}

/// Converts the head of a request to the types of http 1, because actix-web has those of http 0.2.
fn http_head(request: &HttpRequest) -> Result<Parts, http::Error> {
    let mut head = Request::builder().method(request.method().as_str()).uri(request.uri().to_string());
    // The iterator yields a repeated header once for each value, and `header` appends each of them.
    for (name, value) in request.headers() {
        head = head.header(name.as_str(), value.as_bytes());
    }
    Ok(head.body(())?.into_parts().0)
}

/// Converts a response of tower-webhook to actix-web's type.
fn actix_response(response: Response<Bytes>) -> HttpResponse {
    let (head, body) = response.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(body)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use tower_webhook::testing;

    use super::*;

    const EVENT: &str =
        r#"{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention","text":"hello"}}"#;

    fn webhook() -> web::Data<Webhook> {
        web::Data::new(Webhook::new(secret("a secret")))
    }

    fn secret(text: &str) -> Secret {
        text.parse().unwrap()
    }

    fn signed(key: &str, age: u64, body: &'static str) -> Request<Bytes> {
        let request = Request::post("/webhook").body(body).unwrap();
        let at = SystemTime::now() - Duration::from_secs(age);
        testing::sign_at(&provider::slack(secret(key)), request, at).unwrap()
    }

    /// Sends a request, and returns the status, whether the delivery was a duplicate, and the body.
    async fn send(webhook: &web::Data<Webhook>, request: Request<Bytes>) -> (u16, bool, String) {
        let app = init_service(App::new().app_data(webhook.clone()).configure(routes)).await;
        let (head, body) = request.into_parts();
        let mut request = TestRequest::post().uri(head.uri.path()).set_payload(body);
        for (name, value) in &head.headers {
            request = request.append_header((name.as_str(), value.as_bytes()));
        }
        let response = call_service(&app, request.to_request()).await;
        let (status, duplicate) = (response.status(), response.headers().contains_key("x-webhook-duplicate"));
        (status.as_u16(), duplicate, String::from_utf8(read_body(response).await.to_vec()).unwrap())
    }

    fn response(status: u16, body: &str) -> (u16, bool, String) {
        (status, false, body.to_owned())
    }

    #[actix_web::test]
    async fn a_delivery_is_handled_once() {
        let webhook = webhook();
        assert_eq!(send(&webhook, signed("a secret", 0, EVENT)).await, response(204, ""));
        // A retry is signed anew.
        assert_eq!(send(&webhook, signed("a secret", 1, EVENT)).await, (200, true, String::new()));
    }

    #[actix_web::test]
    async fn forged_and_stale_requests_are_rejected() {
        let webhook = webhook();
        let forged = signed("another secret", 0, EVENT);
        assert_eq!(send(&webhook, forged).await, response(401, "wrong signature"));
        let changed = signed("a secret", 0, EVENT).map(|_| Bytes::from(EVENT.replace("hello", "bye")));
        assert_eq!(send(&webhook, changed).await, response(401, "wrong signature"));
        let stale = signed("a secret", 3600, EVENT);
        assert_eq!(send(&webhook, stale).await, response(401, "stale timestamp"));
        let unsigned = Request::post("/webhook").body(Bytes::from(EVENT)).unwrap();
        assert_eq!(send(&webhook, unsigned).await, response(401, "missing signature"));
        // A rejected request does not make the delivery a duplicate.
        assert_eq!(send(&webhook, signed("a secret", 0, EVENT)).await, response(204, ""));
    }

    #[actix_web::test]
    async fn a_repeated_signature_header_is_not_reduced_to_one_value() {
        let request = TestRequest::post().append_header(("x-slack-signature", "v0=00"));
        let request = request.append_header(("x-slack-signature", "v0=11")).to_http_request();
        let head = http_head(&request).unwrap();
        let values: Vec<_> = head.headers.get_all("x-slack-signature").iter().collect();
        assert_eq!(values, ["v0=00", "v0=11"]);
    }

    #[actix_web::test]
    async fn a_duplicate_in_progress_is_retried() {
        let (webhook, token) = (webhook(), Token::mint());
        let key = Key::new("slack", "Ev1");
        assert!(matches!(webhook.store.claim(&key, &token, LEASE).await, Ok(Claim::Acquired { .. })));
        assert_eq!(send(&webhook, signed("a secret", 0, EVENT)).await, response(503, "in progress"));
        assert!(webhook.store.release(&key, &token).await.unwrap());
        assert_eq!(send(&webhook, signed("a secret", 0, EVENT)).await, response(204, ""));
    }

    #[actix_web::test]
    async fn the_handshake_is_answered_if_it_is_signed() {
        let webhook = webhook();
        let handshake = r#"{"type":"url_verification","challenge":"3eZbrw1aBm2r"}"#;
        assert_eq!(send(&webhook, signed("a secret", 0, handshake)).await, response(200, "3eZbrw1aBm2r"));
        let forged = signed("another secret", 0, handshake);
        assert_eq!(send(&webhook, forged).await, response(401, "wrong signature"));
    }

    #[actix_web::test]
    async fn bodies_are_limited() {
        let large = Request::post("/webhook").body(Bytes::from(vec![b' '; BODY_LIMIT + 1])).unwrap();
        assert_eq!(send(&webhook(), large).await, response(413, "body too large"));
    }

    #[actix_web::test]
    async fn an_undecodable_payload_is_rejected() {
        let request = signed("a secret", 0, r#"{"event_id":"Ev1"}"#);
        assert_eq!(send(&webhook(), request).await, response(422, "undecodable payload"));
    }
}
