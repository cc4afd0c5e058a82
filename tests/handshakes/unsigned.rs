//! Handshakes that are answered from the head alone.

use bytes::Bytes;
use hmac::Hmac;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::json;
use sha2::Sha256;
use tower_webhook::WebhookLayer;

use crate::support::{
    Found, URL, WRONG, ask, ask_provider, base64, hex, hmac, layer, nothing, object, request, secret, text,
};

/// A handshake and its expected response.
struct Unsigned {
    provider: &'static str,
    method: Method,
    query: String,
    headers: &'static [(&'static str, &'static str)],
    answer: Found,
}

/// The verify token of the layers, as it is in a query.
const TOKEN: &str = "a+token+%26+more";

impl Unsigned {
    fn layer(&self) -> WebhookLayer {
        let layer = layer(self.provider, [secret("secret"), secret("older")]);
        if self.query.contains(TOKEN) { layer.verify_token(secret("a token & more")) } else { layer }
    }

    fn request_by(&self, method: &Method, body: &str) -> Request<Full<Bytes>> {
        request(method, &format!("{URL}?{}", self.query), self.headers, body)
    }
}

fn unsigned() -> Vec<Unsigned> {
    const GET: Method = Method::GET;
    const HEAD: Method = Method::HEAD;
    const POST: Method = Method::POST;
    const OPTIONS: Method = Method::OPTIONS;
    const HOOK_SECRET: &[(&str, &str)] = &[("x-hook-secret", "b537207f20cbfa02")];
    const ORIGIN: (&str, &str) = ("webhook-request-origin", "eventgrid.azure.net");
    let of = |provider, method, query: &str, headers, answer| Unsigned {
        provider,
        method,
        query: query.to_owned(),
        headers,
        answer,
    };
    let hub = |mode: &str, challenge: &str| {
        let topic = "https%3A%2F%2Fexample.com%2Ffeed";
        format!("hub.mode={mode}&hub.challenge={challenge}&hub.verify_token={TOKEN}&hub.topic={topic}")
    };
    let start = hub("subscribe", "1158201444");
    let end = hub("unsubscribe", "c%3Cb%3E");
    let crc = format!("sha256={}", base64(&hmac::<Hmac<Sha256>>("secret", "a_token")));
    let code = "890e4665-4dfe-4ab1-b689-ed553bceeed0";
    let code_mac = hex(&hmac::<Hmac<Sha256>>("secret", code));
    let code_answer = object(json!({ "challengeCode": code, "challengeResponse": code_mac }));
    let token = format!("verify_token={TOKEN}");
    let oura = format!("verification_token={TOKEN}&challenge=c%22b%22");
    vec![
        of("meta", GET, &start, &[], text("1158201444")),
        of("websub", GET, &start, &[], text("1158201444")),
        of("websub", GET, &end, &[], text("c<b>")),
        of("websub-sha256", GET, &start, &[], text("1158201444")),
        of("dropbox", GET, "challenge=%3Cscript%3E", &[], text("<script>")),
        of("linkedin", GET, &format!("challengeCode={code}"), &[], code_answer),
        of("worldline", GET, "", &[("x-gcs-webhooks-endpoint-verification", "<script>")], text("<script>")),
        of("nylas", GET, "challenge=bc609b38-c81f", &[], text("bc609b38-c81f")),
        of("oura", GET, &oura, &[], object(json!({ "challenge": "c\"b\"" }))),
        of("trello", HEAD, "", &[], nothing(200)),
        of("intercom", HEAD, "", &[], nothing(200)),
        of("surveymonkey", HEAD, "", &[], nothing(200)),
        of("asana", POST, &token, HOOK_SECRET, nothing(200)),
        of("clio", POST, &token, HOOK_SECRET, nothing(200)),
        of("ringcentral", POST, "", &[("validation-token", "0c8e4cc2-bf1b")], nothing(200)),
        of("twitter", GET, "crc_token=a_token", &[], object(json!({ "response_token": crc }))),
        of(
            "okta",
            GET,
            "",
            &[("x-okta-verification-challenge", "Me_rShK8\"}"), ("authorization", "older")],
            object(json!({ "verification": "Me_rShK8\"}" })),
        ),
        of(
            "ms-graph",
            POST,
            "validationToken=Validation%3A+Testing+client",
            &[("content-type", "text/plain; charset=utf-8")],
            text("Validation: Testing client"),
        ),
        of(
            "cloudevents",
            OPTIONS,
            "access_token=secret",
            &[ORIGIN, ("webhook-request-rate", "120")],
            nothing(200),
        ),
        of("cloudevents", OPTIONS, "", &[ORIGIN, ("authorization", "Bearer older")], nothing(200)),
        of("azure-eventgrid", OPTIONS, "access_token=secret", &[ORIGIN], nothing(200)),
    ]
}

#[tokio::test]
async fn every_unsigned_handshake_is_answered_without_the_handler() {
    for case in unsigned() {
        let found = ask(case.layer(), case.request_by(&case.method, "")).await;
        assert_eq!(found, case.answer, "{}", case.provider);
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
    let methods = ["GET", "HEAD", "POST", "PUT", "OPTIONS", "DELETE", "PATCH"];
    let methods = methods.map(|method| method.parse::<Method>().unwrap());
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
        let mut query = case.query.replace("access_token=secret", "");
        // With the right token, the layer would answer the handshake of Asana or Clio, so use a wrong token.
        if ["asana", "clio"].contains(&case.provider) {
            query = query.replace("more", "less");
        }
        let url = format!("{URL}?{query}");
        let mut headers = case.headers.to_vec();
        headers.retain(|(name, _)| !matches!(*name, "authorization" | "content-type"));
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
    assert_eq!(ask_provider("dropbox", delivery).await, Found::Handled);
    let url = format!("{URL}?validationToken=x");
    let body = r#"{"value":[{"clientState":"secret"}]}"#;
    let delivery = request(&Method::POST, &url, &[("content-type", "application/json")], body);
    assert_eq!(ask_provider("ms-graph", delivery).await, Found::Handled);
}

#[tokio::test]
async fn an_event_of_ringcentral_is_handled_although_it_has_a_validation_token() {
    let ask = |token, length, body: &'static str| {
        let headers =
            [("validation-token", "0c8e4cc2"), ("verification-token", token), ("content-length", length)];
        ask_provider("ringcentral", request(&Method::POST, URL, &headers, body))
    };
    let event = r#"{"event":"/restapi/v1.0/account/~/extension"}"#;
    assert_eq!(ask("secret", "45", event).await, Found::Handled);
    assert_eq!(ask("guess", "45", event).await, WRONG);
    assert_eq!(ask("secret", "0", "").await, nothing(200));
    assert_eq!(ask("guess", "0", "").await, nothing(200));
}
