//! A webhook endpoint whose metrics Prometheus can scrape.
//!
//! ```sh
//! WEBHOOK_SECRET=whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw cargo run --example metrics --features axum,metrics
//! curl http://127.0.0.1:3000/webhook -d '{}'        # rejected: not signed
//! curl http://127.0.0.1:9000/metrics
//! ```
//!
//! `examples/axum.rs` shows how to send a signed delivery. The metrics have a separate address, so that clients of the
//! webhook cannot read them. Both addresses can be passed as arguments.

use std::{env, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header::CONTENT_TYPE},
    routing::{get, post},
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, signal, time::interval};
use tower_webhook::{BoxError, Delivery, InvalidSecret, Secret, WebhookLayer};

/// The bounds of the buckets. They include the usual timeouts of providers, 5 s and 10 s.
const SECONDS: &[f64] = &[0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const BYTES: &[f64] = &[256.0, 1024.0, 4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0];

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // Install the recorder first, because deliveries are not counted until a recorder is installed.
    let prometheus = install_recorder()?;
    let webhooks = WebhookLayer::try_new(secret()?)?;
    let app = Router::new().route("/webhook", post(on_event).layer(webhooks));
    let scraped = Router::new().route("/metrics", get(move || render(prometheus.clone())));

    let mut addresses = env::args().skip(1);
    let mut listen =
        async |default: &str| TcpListener::bind(addresses.next().unwrap_or_else(|| default.to_owned())).await;
    let (webhook, metrics) = (listen("127.0.0.1:3000").await?, listen("127.0.0.1:9000").await?);
    println!("metrics on http://{}", metrics.local_addr()?);
    println!("listening on http://{}", webhook.local_addr()?);
    tokio::spawn(axum::serve(metrics, scraped).into_future());
    axum::serve(webhook, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

fn install_recorder() -> Result<PrometheusHandle, BoxError> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), BYTES)?
        .build_recorder();
    let prometheus = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| error.to_string())?;
    // Without upkeep, measurements accumulate until the next scrape.
    let upkeep = prometheus.clone();
    tokio::spawn(async move {
        let mut every = interval(Duration::from_secs(5));
        loop {
            every.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(prometheus)
}

async fn render(prometheus: PrometheusHandle) -> ([(axum::http::HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], prometheus.render())
}

async fn on_event(delivery: Delivery) -> StatusCode {
    println!("{:?}", delivery.id());
    StatusCode::NO_CONTENT
}

/// Returns the signing secret that the sender shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
