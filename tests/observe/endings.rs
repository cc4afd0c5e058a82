//! A request for each kind of rejection.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::request::Parts;
use http_body::Frame;
use serde::Deserialize;
use tower_webhook::{
    BoxError, RejectionKind, WebhookLayer,
    testing::{Fault, Operation},
    verify::{Endpoint, Profile, Verified, Verifier, from_fn},
};

use crate::{
    sign::post,
    support::{
        Act, Answer, Handler, NOW, OTHER_SECRET, faulty_store, layer, settle_down, signed, signed_with,
    },
};

/// A payload that must never appear in logs and metrics, whether it is verified or not.
pub const PAYLOAD: &str = r#"{"card":"4111-PAYLOAD","amount":"PAYLOAD\r\nforged: line"}"#;

pub const KINDS: [RejectionKind; 15] = [
    RejectionKind::MissingSignature,
    RejectionKind::MalformedSignature,
    RejectionKind::StaleTimestamp,
    RejectionKind::WrongSignature,
    RejectionKind::UnknownEndpoint,
    RejectionKind::BodyInterrupted,
    RejectionKind::BodyTooSlow,
    RejectionKind::BodyTooLarge,
    RejectionKind::Undecodable,
    RejectionKind::InProgress,
    RejectionKind::AckDeadline,
    RejectionKind::StoreUnavailable,
    RejectionKind::VerifierUnavailable,
    RejectionKind::OverBudget,
    RejectionKind::HandlerTimeout,
];

/// A type that [`PAYLOAD`] cannot be decoded as.
#[derive(Clone, Debug, Deserialize)]
pub struct Order {
    #[allow(dead_code, reason = "only its type matters")]
    amount: u32,
}

/// Sends a request that a new layer rejects as `kind`. Nothing is left running.
pub async fn rejected(kind: RejectionKind) -> Answer {
    let answer = reject(kind).await;
    answer.assert_rejected(kind);
    settle_down().await;
    answer
}

async fn reject(kind: RejectionKind) -> Answer {
    use RejectionKind as Kind;
    let good = || signed("msg_1", PAYLOAD);
    let quick = Handler::default();
    match kind {
        Kind::MissingSignature => quick.under(&layer()).send(post(PAYLOAD)).await,
        Kind::MalformedSignature => {
            let mut request = good();
            request.headers_mut().insert("webhook-signature", "v1,SIGNATURE?!".parse().unwrap());
            quick.under(&layer()).send(request).await
        }
        Kind::StaleTimestamp => {
            let request = signed_with(crate::sign::SECRET, "msg_1", NOW - 1000, PAYLOAD);
            quick.under(&layer()).send(request).await
        }
        Kind::WrongSignature => {
            let request = signed_with(OTHER_SECRET, "msg_1", NOW, PAYLOAD);
            quick.under(&layer()).send(request).await
        }
        Kind::UnknownEndpoint => quick.under(&chosen(|| Ok(None))).send(good()).await,
        Kind::BodyInterrupted => quick.under(&layer()).send(good().map(|_| Broken(true))).await,
        Kind::BodyTooSlow => quick.under(&layer()).send(good().map(|_| Broken(false))).await,
        Kind::BodyTooLarge => quick.under(&layer().body_limit(8)).send(good()).await,
        Kind::Undecodable => quick.under(&layer().json::<Order>()).send(good()).await,
        Kind::InProgress => {
            let app = Handler::doing([Act::Hang]).under(&layer());
            let first = tokio::spawn({
                let app = app.clone();
                async move { app.send(good()).await }
            });
            settle_down().await;
            let answer = app.send(signed("msg_1", PAYLOAD)).await;
            first.abort();
            first.await.unwrap_err();
            answer
        }
        Kind::AckDeadline => {
            let handler = Handler::doing([Act::Sleep(Duration::from_secs(5))]);
            let layer = layer().ack_deadline(Duration::from_secs(2));
            let answer = handler.under(&layer).send(good()).await;
            layer.drain().finished().await;
            answer
        }
        Kind::StoreUnavailable => {
            let store = faulty_store();
            store.fail(Operation::Claim, Fault::Error);
            let layer = layer().dedupe(store);
            let answer = quick.under(&layer).send(good()).await;
            // The store may have granted the claim, so the layer releases it in the background.
            layer.drain().finished().await;
            answer
        }
        Kind::VerifierUnavailable => {
            quick.under(&chosen(|| Err("the tenants' database is down".into()))).send(good()).await
        }
        Kind::OverBudget => quick.under(&layer().buffer_budget(8)).send(good()).await,
        Kind::HandlerTimeout => {
            let layer = layer().handler_timeout(Duration::from_secs(2));
            Handler::doing([Act::Hang]).under(&layer).send(good()).await
        }
        _ => unreachable!("{kind} is not in the list"),
    }
}

type Chosen = Result<Option<Endpoint>, BoxError>;

fn chosen(verifier: fn() -> Chosen) -> WebhookLayer {
    WebhookLayer::with_lookup(move |_: &Parts| async move { verifier() })
}

/// Returns a verifier with this provider name that accepts every request.
pub fn named(provider: String) -> impl Verifier {
    from_fn(|_, _| Ok(Verified::new())).with_profile(Profile::new(provider))
}

/// A body that fails if `true`, and stays pending if `false`.
pub struct Broken(pub bool);

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.0 { Poll::Ready(Some(Err("the connection was reset".into()))) } else { Poll::Pending }
    }
}
