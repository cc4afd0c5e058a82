//! Many tenants on one route. Each has its own secrets, which are loaded from a database and cached for a minute.
//!
//! ```text
//! sqlite3 tenants.db "CREATE TABLE secrets (tenant TEXT, secret TEXT, made INTEGER DEFAULT (unixepoch()))"
//! sqlite3 tenants.db "INSERT INTO secrets VALUES ('acme', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 1)"
//! TENANTS=tenants.db cargo run --example multi_tenant --features axum
//! ```
//!
//! Then send the same delivery to tenant `acme` and to an unknown tenant:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! for tenant in acme unknown; do
//!     curl -i http://127.0.0.1:3000/webhook/$tenant -d "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! done
//! ```
//!
//! The delivery to the unknown tenant is rejected with a 401, as if its signature were wrong. While the database is
//! unavailable (`DROP TABLE secrets`), cached tenants are served for up to a minute. Deliveries to other tenants get a
//! 503, so that the provider retries.
//!
//! The three newest secrets of a tenant are accepted. To rotate a secret, insert another row.
//!
//! The address to listen on can be passed as an argument.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Router,
    http::{Response, StatusCode},
    routing::post,
};
use bytes::Bytes;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use tokio::{net::TcpListener, signal, task::spawn_blocking};
use tower_webhook::{
    BoxError, Delivery, Event, Rejection, Secrets, WebhookLayer, provider,
    verify::{CachedLookup, Endpoint},
};

/// The events of the tenants' shops.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let database = Database::open(&env::var("TENANTS").unwrap_or("tenants.db".to_owned()))?;
    let tenants = CachedLookup::new(
        10_000,
        // A secret that is removed from the database is still accepted for up to this time.
        Duration::from_secs(60),
        |head| head.uri.path().strip_prefix("/webhook/").map(str::to_owned),
        // SQLite blocks.
        move |tenant: String| {
            let database = database.clone();
            async move { spawn_blocking(move || database.endpoint(tenant)).await? }
        },
    );
    let webhooks = WebhookLayer::with_lookup(tenants).json::<Order>().on_rejection(answer);
    let app = Router::new().route("/webhook/{tenant}", post(on_order).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

/// The tenant whose secret matched.
///
/// Do not use the name in axum's `Path` instead. It is percent-decoded, so the deliveries of a tenant whose name is
/// `acm%65` would be handled as those of `acme`.
#[derive(Clone)]
struct Tenant(String);

/// Handles a delivery that was signed with a secret of the tenant.
async fn on_order(
    Extension(Tenant(tenant)): Extension<Tenant>,
    delivery: Delivery,
    order: Event<Order>,
) -> StatusCode {
    println!("{tenant}, {}: order {}", delivery.id().unwrap_or_default(), order.number);
    StatusCode::NO_CONTENT
}

/// Answers every 401 alike: "missing signature" would reveal that the tenant exists.
fn answer(_: &Rejection, mut response: Response<Bytes>) -> Response<Bytes> {
    if response.status() == StatusCode::UNAUTHORIZED {
        *response.body_mut() = Bytes::from_static(b"wrong signature");
    }
    response
}

#[derive(Clone)]
struct Database(Arc<Mutex<Connection>>);

impl Database {
    fn open(file: &str) -> rusqlite::Result<Self> {
        // Fail if the file is missing. With SQLite's default flags, it would be created, without tenants.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        // Shorter than the layer's timeout for lookups, which is one second.
        connection.busy_timeout(Duration::from_millis(500))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Loads a tenant's endpoint. Returns `None` if the tenant is unknown. After an error, the layer answers 503, so
    /// that the provider retries.
    fn endpoint(&self, tenant: String) -> Result<Option<Endpoint>, BoxError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let newest_first = "SELECT secret FROM secrets WHERE tenant = ?1 ORDER BY made DESC LIMIT 3";
        let mut statement = connection.prepare(newest_first)?;
        let secrets: Vec<String> =
            statement.query_map([&tenant], |row| row.get(0))?.collect::<Result<_, _>>()?;
        if secrets.is_empty() {
            return Ok(None);
        }
        // An invalid secret is a mistake in the database and not in the request, so return an error and not `None`.
        let verifier = provider::standard_webhooks(Secrets::try_from(secrets)?)?;
        Ok(Some(Endpoint::new(verifier).insert(Tenant(tenant))))
    }
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
