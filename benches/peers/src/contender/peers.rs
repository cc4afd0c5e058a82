//! Comparable crates, each used as its documentation shows.

use std::{rc::Rc, sync::Arc};

use axum::{Router, routing::post};
use axum_github_webhook_extract::{GithubEvent, GithubToken};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::Full;
use tokio::runtime::Runtime;
use tower::{Layer, service_fn};
use tower_github_webhook::ValidateGitHubWebhookLayer;
use webhook_verify::{Provider, Secret, tower::VerifyLayer};

use super::{
    Contender,
    by_hand::{Verified, take},
    handle,
};
use crate::delivery::{KEY, Message, Scheme, standard_secret};

/// Returns the peers that support the scheme, in front of the same handler. A peer that is only a verifier
/// function is called by [`Verified`], the service written by hand.
pub fn peers(scheme: Scheme, runtime: &Rc<Runtime>) -> Vec<Contender> {
    let layered = verify_layer(scheme).layer(service_fn(handle::<Bytes>));
    let mut contenders = vec![Contender::new("`webhook-verify`", runtime, layered)];
    let inner = service_fn(handle::<Full<Bytes>>);
    match scheme {
        Scheme::Standard => {
            let svix = Arc::new(svix::webhooks::Webhook::new(&standard_secret()).unwrap());
            let reference = Arc::new(standardwebhooks::Webhook::new(&standard_secret()).unwrap());
            let by_svix = move |headers: &HeaderMap, body: &[u8]| svix.verify(body, headers).is_ok();
            let by_reference =
                move |headers: &HeaderMap, body: &[u8]| reference.verify(body, headers).is_ok();
            contenders.extend([
                Contender::new("`svix`", runtime, Verified { verify: by_svix, inner }),
                Contender::new("`standardwebhooks`", runtime, Verified { verify: by_reference, inner }),
            ]);
        }
        Scheme::Github => {
            let layered = github_layer().layer(inner);
            contenders.push(Contender::new("`tower-github-webhook`", runtime, layered));
        }
    }
    contenders
}

pub fn verify_layer(scheme: Scheme) -> VerifyLayer<Bytes> {
    match scheme {
        Scheme::Standard => VerifyLayer::new(Provider::StandardWebhooks, Secret::new(standard_secret())),
        Scheme::Github => VerifyLayer::new(Provider::GitHub, Secret::new(KEY)),
    }
}

pub fn github_layer() -> ValidateGitHubWebhookLayer<&'static str> {
    ValidateGitHubWebhookLayer::new(KEY)
}

pub fn peers_in_axum(runtime: &Rc<Runtime>) -> Vec<Contender> {
    async fn on_message(GithubEvent(message): GithubEvent<Message>) -> StatusCode {
        take(message)
    }
    let app =
        Router::new().route("/webhook", post(on_message)).with_state(GithubToken(Arc::new(KEY.to_owned())));
    vec![Contender::new("`axum-github-webhook-extract`", runtime, app)]
}
