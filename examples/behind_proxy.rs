//! A provider that signs the URL it calls, behind a proxy that changes the URL.
//!
//! ```sh
//! PUBLIC_URL=https://shop.example/hooks/square SQUARE_SIGNATURE_KEY=everybody-knows-me \
//!     cargo run --example behind_proxy --features axum
//! ```
//!
//! Then send a delivery as the proxy forwards it, signed as Square does for the public URL:
//!
//! ```sh
//! url=https://shop.example/hooks/square body='{"event_id":"1","type":"payment.created"}'
//! tag=$(printf %s "$url$body" | openssl dgst -sha256 -hmac everybody-knows-me -binary | base64)
//! curl -i http://127.0.0.1:3000/square -d "$body" -H "x-square-hmacsha256-signature: $tag"
//! ```
//!
//! # The signed URL
//!
//! * `PUBLIC_URL`: the URL exactly as it is registered with the provider. This works whatever the proxy does to
//!   scheme, host and path. Use it if there is a single URL.
//! * `TRUSTED_PROXY=10.0.0.7`, for services with many hosts: the layer takes scheme and host from this proxy's
//!   `x-forwarded-proto` and `x-forwarded-host`, and the path from the request. The layer ignores these headers from
//!   any other peer. Otherwise an attacker could set them to the URL for which a captured request was signed.
//! * Neither: the layer assumes `https://`, the `host` header and the path. This works if the registered URL begins
//!   with `https://`, and the proxy changes neither the host nor the path.
//!
//! Most providers do not sign the URL and need none of these settings. Square, Twilio, HubSpot, Trello, Mandrill and
//! Plivo sign it, and so do some providers that send a JSON Web Token. Contentful and Sinch sign the path.
//!
//! # Other ways to break signatures
//!
//! The signature covers every byte of the body. A firewall breaks the signature if it parses and serializes JSON, a
//! gateway if it wraps the body in a string, and a proxy if it decompresses the body. In your own program, a middleware
//! outside the layer must not consume or change the body. If the proxy drops a header, the signature may be missing.
//! For example, nginx by default drops headers with underscores in their names.
//!
//! The proxy's own limits apply before the layer's. For nginx:
//!
//! ```text
//! location = /hooks/square {
//!     proxy_pass http://10.0.0.8:3000/square;
//!     proxy_set_header Host $host;
//!     proxy_set_header X-Forwarded-Host $host;
//!     proxy_set_header X-Forwarded-Proto $scheme;
//!     client_max_body_size 1m;     # at least the layer's limit, or nginx answers 413 first
//!     proxy_read_timeout 15s;      # longer than the ack deadline, or nginx answers 504 first
//!     proxy_next_upstream off;     # the provider retries; retries by nginx add duplicates
//! }
//! ```
//!
//! The address to listen on can be passed as an argument.

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
        // The smaller of this limit and the proxy's limit applies. Square's payloads are a few kilobytes.
        .body_limit(1 << 20)
        // A buffering proxy forwards a body only once the body is complete, so the layer receives it quickly.
        .body_timeout(Duration::from_secs(5))
        // Shorter than the timeouts of the proxy and of the provider.
        .ack_deadline(Duration::from_secs(8))
        // The provider only sees a short fixed message. Log the details for the operator.
        .on_outcome(|outcome| {
            if let Some(rejection) = outcome.rejection() {
                let why = std::error::Error::source(rejection).map(ToString::to_string);
                eprintln!("rejected, {}: {}", rejection.kind(), why.unwrap_or_default());
            }
        });
    let webhooks = with_signed_url(webhooks)?;
    let drain = webhooks.drain();
    let app = Router::new().route("/square", post(on_delivery).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // `peer` below needs the address of the connection.
    let app = app.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    drain.finished().await;
    Ok(())
}

/// Configures the URL that the provider signs, or the proxy that reports this URL.
fn with_signed_url(webhooks: WebhookLayer) -> Result<WebhookLayer, BoxError> {
    Ok(match (env::var("PUBLIC_URL"), env::var("TRUSTED_PROXY")) {
        (Ok(url), _) => webhooks.public_url(&url),
        (_, Ok(proxy)) => webhooks.trust_forwarded([proxy.parse::<IpAddr>()?], peer),
        _ => webhooks,
    })
}

/// Returns the address of the connection's peer: the proxy, or a client that bypassed it.
fn peer(head: &request::Parts) -> Option<IpAddr> {
    head.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip())
}

async fn on_delivery(delivery: Delivery) -> StatusCode {
    println!("{}: {}", delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    StatusCode::NO_CONTENT
}

/// Returns the "Signature key" in the subscription's settings.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("SQUARE_SIGNATURE_KEY").is_some() {
        return Secret::from_env("SQUARE_SIGNATURE_KEY");
    }
    eprintln!("SQUARE_SIGNATURE_KEY is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
