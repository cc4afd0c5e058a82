//! Many tenants on one route: each path has secrets of its own, which are in a database and are
//! remembered for a while.
//!
//! ```text
//! sqlite3 tenants.db "CREATE TABLE secrets (tenant TEXT, secret TEXT, made INTEGER DEFAULT (unixepoch()))"
//! sqlite3 tenants.db "INSERT INTO secrets VALUES ('acme', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 1)"
//! TENANTS=tenants.db cargo run --example multi_tenant --features axum
//! ```
//!
//! Then send tenant `acme` a delivery, and tenant `nobody` the same one:
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! for tenant in acme nobody; do
//!     curl -i http://127.0.0.1:3000/webhook/$tenant -d "$body" \
//!         -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! done
//! ```
//!
//! The second is a 401, with the very words of a wrong signature. With
//! the database gone (`DROP TABLE secrets`), those that are remembered go on for a minute, and the others
//! are answered 503, so that their provider tries again.
//!
//! A tenant with several rows is changing its secret: each of them is accepted.
//!
//! The address to listen on may be given as an argument.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Router,
    extract::{Path, Request},
    http::{Response, StatusCode},
    middleware::{Next, from_fn},
    response,
    routing::post,
};
use bytes::Bytes;
use moka::sync::Cache;
use rusqlite::{Connection, OpenFlags};
use serde::Deserialize;
use tokio::{net::TcpListener, signal, task::spawn_blocking};
use tower_webhook::{
    BoxError, Delivery, Event, Rejection, Secrets, WebhookLayer, provider, verify::Verifier,
};

/// What our tenants' shops tell about.
#[derive(Debug, Deserialize)]
struct Order {
    number: u32,
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let tenants = Tenants::open(&env::var("TENANTS").unwrap_or("tenants.db".to_owned()))?;
    let webhooks = WebhookLayer::with_verifier_for(move |head| {
        tenants.clone().verifier(head.extensions.get::<Tenant>().cloned())
    });
    let webhooks = webhooks.json::<Order>().on_rejection(answer);
    // The last layer runs first.
    let webhook = post(on_order).layer(webhooks).layer(from_fn(name_tenant));
    let app = Router::new().route("/webhook/{tenant}", webhook);

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(stopped()).await?;
    Ok(())
}

/// Called once for each delivery that was signed with the secret of the tenant in its path.
async fn on_order(
    Extension(Tenant(tenant)): Extension<Tenant>,
    delivery: Delivery,
    order: Event<Order>,
) -> StatusCode {
    println!("{tenant}, {}: order {}", delivery.id().unwrap_or_default(), order.number);
    StatusCode::NO_CONTENT
}

/// The tenant that a request is for.
#[derive(Clone)]
struct Tenant(String);

/// Reads the tenant's name from the path once, for the layer and for the handler. With a parser for
/// each, a name such as `acm%65` could be one tenant to the layer and another to the handler.
async fn name_tenant(Path(name): Path<String>, mut request: Request, next: Next) -> response::Response {
    request.extensions_mut().insert(Tenant(name));
    next.run(request).await
}

/// Answers every 401 alike: "missing signature" would tell that the tenant exists.
fn answer(rejection: &Rejection) -> Response<Bytes> {
    let mut response = rejection.to_response();
    if response.status() == StatusCode::UNAUTHORIZED {
        *response.body_mut() = Bytes::from_static(b"wrong signature");
    }
    response
}

/// The tenants' verifiers. Anybody can ask for any tenant, before anything is verified: so what is
/// looked up is remembered, and so is that there is nothing; and no more than so much of it.
#[derive(Clone)]
struct Tenants {
    database: Arc<Mutex<Connection>>,
    known: Cache<String, Option<Arc<dyn Verifier>>>,
}

impl Tenants {
    fn open(file: &str) -> rusqlite::Result<Self> {
        // It must be there. A file that is made in its place would be a database without tenants.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        // Less than the second that the layer waits.
        connection.busy_timeout(Duration::from_millis(500))?;
        let known = Cache::builder()
            // Of names that are made up, the cache keeps few: it prefers what is asked for often.
            .max_capacity(10_000)
            // For so long a secret that was removed is still good, and a new tenant still unknown.
            .time_to_live(Duration::from_secs(60))
            .build();
        Ok(Self { database: Arc::new(Mutex::new(connection)), known })
    }

    /// `None`: there is no such tenant. An error: it cannot be told, and the provider is to try again.
    async fn verifier(self, tenant: Option<Tenant>) -> Result<Option<Arc<dyn Verifier>>, BoxError> {
        let Some(Tenant(tenant)) = tenant else { return Ok(None) };
        if let Some(known) = self.known.get(&tenant) {
            return Ok(known);
        }
        // SQLite blocks. Those who ask for the same tenant meanwhile wait for this one's answer; an
        // error is not remembered.
        let looked_up =
            spawn_blocking(move || self.known.try_get_with_by_ref(&tenant, || self.look_up(&tenant)));
        looked_up.await?.map_err(|error| error.to_string().into())
    }

    fn look_up(&self, tenant: &str) -> Result<Option<Arc<dyn Verifier>>, BoxError> {
        let connection = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let newest_first = "SELECT secret FROM secrets WHERE tenant = ?1 ORDER BY made DESC LIMIT 3";
        let mut statement = connection.prepare(newest_first)?;
        let secrets: Vec<String> =
            statement.query_map([tenant], |row| row.get(0))?.collect::<Result<_, _>>()?;
        // Without rows there is no tenant; with one that is no secret it is we who are wrong, not the
        // sender: an error.
        if secrets.is_empty() {
            return Ok(None);
        }
        let verifier = provider::standard_webhooks(Secrets::try_from(secrets)?)?;
        Ok(Some(Arc::new(verifier)))
    }
}

async fn stopped() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
