//! The number of the provider's attempt at a delivery.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, request::Builder};
use http_body_util::Full;
use sha2::Sha256;
use tower_webhook::{
    Secret, WebhookLayer, provider,
    verify::{Attempt, Location, Profile, Verified, Verifier, from_fn},
};

use crate::{
    sign::Sent,
    support::{GITHUB_SECRET, Handler, NOW, TokioClock, layer, signed},
};

fn mac(signed: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(GITHUB_SECRET.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    HEXLOWER.encode(&mac.finalize().into_bytes())
}

fn secret() -> Secret {
    GITHUB_SECRET.parse().unwrap()
}

/// Sends the request through a layer with `verifier` and returns the delivery's attempt number.
async fn attempt(verifier: impl Verifier, request: Builder) -> Option<u32> {
    let handler = Handler::default();
    let app =
        handler.under(&WebhookLayer::with_verifier(verifier).without_dedupe().clock(TokioClock::start()));
    let request: Sent = request.body(Full::new(Bytes::from_static(b"{}"))).unwrap();
    app.send(request).await.assert_handled();
    handler.last().attempt()
}

#[tokio::test(start_paused = true)]
async fn attempts_count_from_1_for_every_provider() {
    for (header, counted) in [(None, Some(1)), (Some("1"), Some(2)), (Some("3"), Some(4))] {
        let mut request = Request::post("/")
            .header("x-slack-request-timestamp", NOW)
            .header("x-slack-signature", format!("v0={}", mac(&format!("v0:{NOW}:{{}}"))));
        if let Some(retry) = header {
            request = request.header("x-slack-retry-num", retry);
        }
        assert_eq!(attempt(provider::slack(secret()), request).await, counted, "{header:?}");
    }
    for (header, counted) in [(None, None), (Some("1"), Some(1)), (Some("3"), Some(3))] {
        let mut request = Request::post("/").header("x-hub-signature", format!("sha256={}", mac("{}")));
        if let Some(number) = header {
            request = request.header("x-attempt-number", number);
        }
        assert_eq!(attempt(provider::bitbucket(secret()), request).await, counted, "{header:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_attempt_number_is_ignored() {
    for header in ["", "-1", "+1", "1.0", "0x1", "one", "4294967296", "99999999999999999999", "\u{663}"] {
        let request = Request::post("/")
            .header("x-hub-signature", format!("sha256={}", mac("{}")))
            .header("x-attempt-number", header.as_bytes());
        assert_eq!(attempt(provider::bitbucket(secret()), request).await, None, "{header:?}");
        let request = Request::post("/")
            .header("x-slack-request-timestamp", NOW)
            .header("x-slack-signature", format!("v0={}", mac(&format!("v0:{NOW}:{{}}"))))
            .header("x-slack-retry-num", header.as_bytes());
        assert_eq!(attempt(provider::slack(secret()), request).await, None, "{header:?}");
    }
    let request = Request::post("/")
        .header("x-hub-signature", format!("sha256={}", mac("{}")))
        .header("x-attempt-number", "0");
    assert_eq!(attempt(provider::bitbucket(secret()), request).await, None);
}

#[tokio::test(start_paused = true)]
async fn providers_without_an_attempt_header_have_no_attempt_number() {
    let handler = Handler::default();
    handler.under(&layer()).send(signed("msg_1", "{}")).await.assert_handled();
    assert_eq!(handler.last().attempt(), None);
}

#[test]
fn built_in_providers_name_their_attempt_headers() {
    let retries = |header| Some(Attempt::Retries(Location::header(header)));
    for (id, attempt) in [
        ("bitbucket", Some(Attempt::Number(Location::header("x-attempt-number")))),
        ("slack", retries("x-slack-retry-num")),
        ("square", retries("square-retry-number")),
        ("twitch", retries("twitch-eventsub-message-retry")),
        ("github", None),
    ] {
        let verifier = provider::find(id).unwrap().verifier(secret()).unwrap();
        assert_eq!(verifier.profile().attempt(), attempt.as_ref(), "{id}");
    }
}

/// A custom verifier may read the attempt number from the body.
#[tokio::test(start_paused = true)]
async fn the_attempt_number_can_be_in_the_body() {
    let profile = Profile::new("own").with_attempt(Attempt::Number(Location::json("/attempt")));
    let own = from_fn(|_, _| Ok(Verified::new())).with_profile(profile);
    let handler = Handler::default();
    let request: Sent = Request::new(Full::new(Bytes::from_static(br#"{"attempt":7}"#)));
    handler.under(&WebhookLayer::with_verifier(own)).send(request).await.assert_handled();
    assert_eq!(handler.last().attempt(), Some(7));
}
