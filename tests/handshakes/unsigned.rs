//! Handshakes that are answered from the head alone.

use bytes::Bytes;
use hmac::Hmac;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use sha2::Sha256;
use tower_webhook::{RejectionKind as Kind, WebhookLayer};

use crate::support::{Found, URL, ask, base64, hex, hmac, layer, nothing, object, request, secret, text};

/// A handshake and its expected response.
struct Unsigned {
    provider: &'static str,
    layer: fn(WebhookLayer) -> WebhookLayer,
    method: Method,
    query: &'static str,
    headers: &'static [(&'static str, &'static str)],
    answer: Found,
}

impl Unsigned {
    fn layer(&self) -> WebhookLayer {
        (self.layer)(layer(self.provider, [secret("secret"), secret("older")]))
    }

    fn request(&self) -> Request<Full<Bytes>> {
        self.request_by(&self.method, "")
    }

    fn request_by(&self, method: &Method, body: &str) -> Request<Full<Bytes>> {
        request(method, &format!("{URL}?{}", self.query), self.headers, body)
    }
}

fn unsigned() -> Vec<Unsigned> {
    let with_token: fn(WebhookLayer) -> WebhookLayer = |layer| layer.verify_token(secret("a token & more"));
    let as_it_is: fn(WebhookLayer) -> WebhookLayer = |layer| layer;
    let of = |provider, layer, method, query, headers, answer| Unsigned {
        provider,
        layer,
        method,
        query,
        headers,
        answer,
    };
    let token_and = "hub.verify_token=a+token+%26+more&hub.topic=https%3A%2F%2Fexample.com%2Ffeed";
    let leak = |text: String| -> &'static str { Box::leak(text.into()) };
    let meta = leak(format!("hub.mode=subscribe&hub.challenge=1158201444&{token_and}"));
    let end = leak(format!("hub.mode=unsubscribe&hub.challenge=c%3Cb%3E&{token_and}"));
    let crc =
        json!({ "response_token": format!("sha256={}", base64(&hmac::<Hmac<Sha256>>("secret", "a_token"))) });
    let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let code_mac = json!({
        "challengeCode": code,
        "challengeResponse": hex(&hmac::<Hmac<Sha256>>("secret", code)),
    });
    vec![
        of("meta", with_token, Method::GET, meta, &[], text("1158201444")),
        of("websub", with_token, Method::GET, meta, &[], text("1158201444")),
        of("websub", with_token, Method::GET, end, &[], text("c<b>")),
        of("websub-sha256", with_token, Method::GET, meta, &[], text("1158201444")),
        of("dropbox", as_it_is, Method::GET, "challenge=%3Cscript%3E", &[], text("<script>")),
        of("linkedin", as_it_is, Method::GET, leak(format!("challengeCode={code}")), &[], object(code_mac)),
        of(
            "worldline",
            as_it_is,
            Method::GET,
            "",
            &[("x-gcs-webhooks-endpoint-verification", "bc609b38-<script>")],
            text("bc609b38-<script>"),
        ),
        of("nylas", as_it_is, Method::GET, "challenge=bc609b38-c81f", &[], text("bc609b38-c81f")),
        of(
            "oura",
            with_token,
            Method::GET,
            "verification_token=a+token+%26+more&challenge=c%22b%22",
            &[],
            object(json!({ "challenge": "c\"b\"" })),
        ),
        of("trello", as_it_is, Method::HEAD, "", &[], nothing(200)),
        of("intercom", as_it_is, Method::HEAD, "", &[], nothing(200)),
        of("surveymonkey", as_it_is, Method::HEAD, "", &[], nothing(200)),
        of(
            "asana",
            with_token,
            Method::POST,
            "verify_token=a+token+%26+more",
            &[("x-hook-secret", "b537207f20cbfa02")],
            nothing(200),
        ),
        of(
            "clio",
            with_token,
            Method::POST,
            "verify_token=a+token+%26+more",
            &[("x-hook-secret", "b537207f20cbfa02")],
            nothing(200),
        ),
        of("ringcentral", as_it_is, Method::POST, "", &[("validation-token", "0c8e4cc2-bf1b")], nothing(200)),
        of("twitter", as_it_is, Method::GET, "crc_token=a_token", &[], object(crc)),
        of(
            "okta",
            as_it_is,
            Method::GET,
            "",
            &[("x-okta-verification-challenge", "Me_rShK8\"}"), ("authorization", "older")],
            object(json!({ "verification": "Me_rShK8\"}" })),
        ),
        of(
            "ms-graph",
            as_it_is,
            Method::POST,
            "validationToken=Validation%3A+Testing+client",
            &[("content-type", "text/plain; charset=utf-8")],
            text("Validation: Testing client"),
        ),
        of(
            "cloudevents",
            as_it_is,
            Method::OPTIONS,
            "access_token=secret",
            &[("webhook-request-origin", "eventemitter.example.com"), ("webhook-request-rate", "120")],
            nothing(200),
        ),
        of(
            "cloudevents",
            as_it_is,
            Method::OPTIONS,
            "",
            &[("webhook-request-origin", "eventemitter.example.com"), ("authorization", "Bearer older")],
            nothing(200),
        ),
        of(
            "azure-eventgrid",
            as_it_is,
            Method::OPTIONS,
            "access_token=secret",
            &[("webhook-request-origin", "eventgrid.azure.net")],
            nothing(200),
        ),
    ]
}

#[tokio::test]
async fn every_unsigned_handshake_is_answered_without_the_handler() {
    for case in unsigned() {
        assert_eq!(ask(case.layer(), case.request()).await, case.answer, "{}", case.provider);
    }
}

#[tokio::test]
async fn onfleet_gets_its_check_back() {
    // The secret must be hex.
    let onfleet = || layer("onfleet", secret("f1c6bacb"));
    let check = format!("{URL}?check=%3Cscript%3E");
    assert_eq!(ask(onfleet(), request(&Method::GET, &check, &[], "")).await, text("<script>"));
    let post = ask(onfleet(), request(&Method::POST, &check, &[], "")).await;
    assert!(matches!(post, Found::Rejected(_)), "{post:?}");
}

#[tokio::test]
async fn an_unsigned_handshake_with_another_method_is_not_answered() {
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::OPTIONS,
        Method::DELETE,
        Method::PATCH,
    ];
    for case in unsigned() {
        for method in methods.iter().filter(|method| **method != case.method) {
            let found = ask(case.layer(), case.request_by(method, "")).await;
            // These providers send the secret itself instead of a signature, so any request with the secret is a
            // delivery.
            let is_delivery = matches!(case.provider, "okta" | "cloudevents" | "azure-eventgrid");
            match found {
                Found::Handled if is_delivery => {}
                Found::Rejected(_) if !is_delivery => {}
                found => panic!("{} {method}: {found:?}", case.provider),
            }
        }
    }
}

#[tokio::test]
async fn an_event_that_is_disguised_as_a_handshake_is_rejected() {
    let event = r#"{"object":"page","value":[{"clientState":"guess"}],"entry":[]}"#;
    for case in unsigned() {
        // Send the event without the secret, and as JSON.
        let query = case.query.replace("access_token=secret", "");
        // With the right token, the layer would answer the handshake of Asana or Clio, so use a wrong token.
        let query =
            if ["asana", "clio"].contains(&case.provider) { query.replace("more", "less") } else { query };
        let url = format!("{URL}?{query}");
        let mut headers: Vec<_> = case
            .headers
            .iter()
            .filter(|(name, _)| !matches!(*name, "authorization" | "content-type"))
            .copied()
            .collect();
        headers.push(("content-type", "application/json"));
        let found = ask(case.layer(), request(&Method::POST, &url, &headers, event)).await;
        // RingCentral's handshake may have any body; the layer answers it, and does not call the handler.
        let is_answered = case.provider == "ringcentral" && found == case.answer;
        assert!(is_answered || matches!(found, Found::Rejected(_)), "{}: {found:?}", case.provider);
    }
}

#[tokio::test]
async fn a_valid_delivery_is_handled_although_its_query_resembles_a_handshake() {
    let body = r#"{"list_folder":{}}"#;
    let signature = hex(&hmac::<Hmac<Sha256>>("secret", body));
    let url = format!("{URL}?challenge=x");
    let delivery = request(&Method::POST, &url, &[("x-dropbox-signature", &signature)], body);
    assert_eq!(ask(layer("dropbox", secret("secret")), delivery).await, Found::Handled);
    let url = format!("{URL}?validationToken=x");
    let body = r#"{"value":[{"clientState":"secret"}]}"#;
    let delivery = request(&Method::POST, &url, &[("content-type", "application/json")], body);
    assert_eq!(ask(layer("ms-graph", secret("secret")), delivery).await, Found::Handled);
}

#[tokio::test]
async fn an_event_of_ringcentral_is_handled_although_it_has_a_validation_token() {
    let ask = |token, length, body: &'static str| {
        let headers =
            [("validation-token", "0c8e4cc2"), ("verification-token", token), ("content-length", length)];
        ask(layer("ringcentral", secret("secret")), request(&Method::POST, URL, &headers, body))
    };
    let event = r#"{"event":"/restapi/v1.0/account/~/extension"}"#;
    assert_eq!(ask("secret", "45", event).await, Found::Handled);
    assert_eq!(ask("guess", "45", event).await, Found::Rejected(Kind::WrongSignature));
    assert_eq!(ask("secret", "0", "").await, nothing(200));
    assert_eq!(ask("guess", "0", "").await, nothing(200));
}
