//! Behind a proxy: a provider that signs the URL it calls, which is not the URL that arrives here.
//!
//! ```sh
//! PUBLIC_URL=https://shop.example/hooks/square SQUARE_SIGNATURE_KEY=everybody-knows-me \
//!     cargo run --example behind_proxy --features axum
//! ```
//!
//! Then send it what the proxy would pass on, signed as Square signs what it sends to the proxy:
//!
//! ```sh
//! url=https://shop.example/hooks/square body='{"event_id":"1","type":"payment.created"}'
//! tag=$(printf %s "$url$body" | openssl dgst -sha256 -hmac everybody-knows-me -binary | base64)
//! curl -i http://127.0.0.1:3000/square -d "$body" -H "x-square-hmacsha256-signature: $tag"
//! ```
//!
//! # Which URL
//!
//! * `PUBLIC_URL`: the URL as the provider was given it, to the letter. Whatever the proxy does to host,
//!   scheme and path, it is right. Choose this where there is one URL.
//! * `TRUSTED_PROXY=10.0.0.7`, for hosts that come and go: what that proxy says in `x-forwarded-proto` and
//!   `x-forwarded-host`, with the path that arrived. From anybody else these headers are not believed:
//!   who may choose the URL may choose one of the URLs that a leaked delivery was signed for.
//! * Neither: `https://`, the `host` header and the path. Right, if the proxy changes none of them.
//!
//! Most providers do not sign the URL; then a proxy can do no harm to it. (Square, Twilio, HubSpot, Trello,
//! Mandrill and Plivo do.)
//!
//! # What else breaks signatures
//!
//! The body is signed byte by byte. A firewall that parses and writes JSON anew, a gateway that makes a
//! string of it, a proxy that decompresses it: all of them break it. In this service, let nothing stand
//! above the layer that reads the body. A header that the proxy drops (nginx drops those with underscores)
//! is a missing signature.
//!
//! The proxy's own limits come first. For nginx:
//!
//! ```text
//! location = /hooks/square {
//!     proxy_pass http://10.0.0.8:3000/square;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-Host $host;
//!     proxy_set_header X-Forwarded-Proto $scheme;
//!     client_max_body_size 1m;     # not less than the layer's limit, or deliveries fail with its 413
//!     proxy_read_timeout 15s;      # longer than the ack deadline, or it answers 504 first
//!     proxy_next_upstream off;     # the provider tries again; a proxy that does, too, makes duplicates
//! }
//! ```
//!
//! The address to listen on may be given as an argument.

use std::{
    env,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    extract::ConnectInfo,
    http::{StatusCode, request},
    routing::post,
};
use tokio::{net::TcpListener, signal};
use tower_webhook::{BoxError, Delivery, InvalidSecret, Secret, WebhookLayer, provider};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let webhooks = WebhookLayer::with_verifier(provider::square(secret()?))
        // The proxy's limit and this one: the smaller counts. Square's bodies have some kilobytes.
        .body_limit(1 << 20)
        // A proxy that buffers passes a body on when it has all of it: from then on it comes quickly.
        .body_timeout(Duration::from_secs(5))
        // Shorter than both the proxy and the provider wait.
        .ack_deadline(Duration::from_secs(8))
        // The provider is told two words. Why a signature was wrong is for whoever set this up.
        .on_outcome(|outcome| {
            if let Some(rejection) = outcome.rejection() {
                let why = std::error::Error::source(rejection).map(ToString::to_string);
                eprintln!("refused, {}: {}", rejection.kind(), why.unwrap_or_default());
            }
        });
    let webhooks = at_its_url(webhooks)?;
    let drain = webhooks.drain();
    let app = Router::new().route("/square", post(on_delivery).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // With the peer's address, for `peer` below.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    drain.finished().await;
    Ok(())
}

/// Tells the layer the URL that is signed, or where to learn it.
fn at_its_url(webhooks: WebhookLayer) -> Result<WebhookLayer, BoxError> {
    Ok(match (env::var("PUBLIC_URL"), env::var("TRUSTED_PROXY")) {
        (Ok(url), _) => webhooks.public_url(&url),
        (_, Ok(proxy)) => webhooks.trust_forwarded([proxy.parse::<IpAddr>()?], peer),
        _ => webhooks,
    })
}

/// Who the connection is with: the proxy itself, or somebody who got past it.
fn peer(head: &request::Parts) -> Option<IpAddr> {
    head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
}

async fn on_delivery(delivery: Delivery) -> StatusCode {
    println!("{}: {}", delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    StatusCode::NO_CONTENT
}

/// "Signature key" in the subscription's settings.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("SQUARE_SIGNATURE_KEY").is_some() {
        return Secret::from_env("SQUARE_SIGNATURE_KEY");
    }
    eprintln!("SQUARE_SIGNATURE_KEY is not set: everybody knows the one used instead, {DEMO}");
    DEMO.parse()
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
