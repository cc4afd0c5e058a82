//! A Redis store whose master is chosen by Sentinel.
//!
//! ```text
//! SENTINELS=redis://127.0.0.1:26379 SERVICE=mymaster \
//!     cargo run --example redis_sentinel --features axum,redis
//! ```
//!
//! Then send a delivery, signed as the Standard Webhooks specification says. Force a failover with `redis-cli -p 26379
//! sentinel failover mymaster`, and send the same delivery again: it is still a duplicate.
//!
//! ```sh
//! id=msg_1 at=$(date +%s) body='{"type":"order.placed","number":17}'
//! key=$(printf %s MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw | base64 -d | od -An -vtx1 | tr -d ' \n')
//! tag=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
//! curl -i http://127.0.0.1:3000/webhook -d "$body" \
//!     -H "webhook-id: $id" -H "webhook-timestamp: $at" -H "webhook-signature: v1,$tag"
//! ```
//!
//! The `redis` crate asks Sentinel for the master only when it opens a connection. [`SentinelConnection`] asks again
//! when the connection breaks, or when the connection's server has become a replica.
//!
//! The address to listen on can be passed as an argument.

use std::{
    env,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Router, http::StatusCode, routing::post};
use redis::{
    Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RetryMethod, ServerErrorKind, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    sentinel::{SentinelClient, SentinelServerType},
};
use tokio::net::TcpListener;
use tower_webhook::{BoxError, Delivery, InvalidSecret, Secret, WebhookLayer, store::RedisStore};

/// A connection to the current master.
#[derive(Clone)]
pub(crate) struct SentinelConnection {
    sentinel: Arc<tokio::sync::Mutex<SentinelClient>>,
    current: Arc<Mutex<Option<MultiplexedConnection>>>,
}

impl SentinelConnection {
    /// Creates a connection to the master of `service`. The first command asks `sentinels` for the master's address.
    pub(crate) fn new(sentinels: Vec<String>, service: &str) -> Result<Self, RedisError> {
        let client = SentinelClient::build(sentinels, service.to_owned(), None, SentinelServerType::Master)?;
        Ok(Self { sentinel: Arc::new(tokio::sync::Mutex::new(client)), current: Arc::default() })
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        // The lock makes concurrent callers wait for a single request to Sentinel.
        let mut sentinel = self.sentinel.lock().await;
        if let Some(connection) = self.current().clone() {
            return Ok(connection);
        }
        let connection = sentinel.get_async_connection().await?;
        *self.current() = Some(connection.clone());
        Ok(connection)
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Option<MultiplexedConnection>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Drops the connection after an error that a new connection may avoid, so that the next command asks Sentinel
    /// again.
    fn check<T>(&self, answer: Result<T, RedisError>) -> Result<T, RedisError> {
        if let Err(error) = &answer
            && (is_read_only(error) || !matches!(error.retry_method(), RetryMethod::NoRetry))
        {
            *self.current() = None;
        }
        answer
    }
}

/// Returns whether the error is from a server that has become a replica.
fn is_read_only(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly)
}

impl ConnectionLike for SentinelConnection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        Box::pin(async move {
            let mut connection = self.connection().await?;
            let answer = connection.req_packed_command(command).await;
            self.check(answer.and_then(Value::extract_error))
        })
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        Box::pin(async move {
            let mut connection = self.connection().await?;
            self.check(connection.req_packed_commands(pipeline, offset, count).await)
        })
    }

    fn get_db(&self) -> i64 {
        0
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let sentinels = env::var("SENTINELS").unwrap_or("redis://127.0.0.1:26379".to_owned());
    let sentinels = sentinels.split(',').map(str::to_owned).collect();
    let service = env::var("SERVICE").unwrap_or("mymaster".to_owned());
    let store = RedisStore::new(SentinelConnection::new(sentinels, &service)?);
    let webhooks = WebhookLayer::try_new(secret()?)?.dedupe(store);
    let app = Router::new().route("/webhook", post(on_delivery).layer(webhooks));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    // `redis.rs` shows a graceful shutdown.
    Ok(axum::serve(listener, app).await?)
}

async fn on_delivery(delivery: Delivery) -> StatusCode {
    println!("{}", delivery.id().unwrap_or_default());
    StatusCode::NO_CONTENT
}

/// Returns the signing secret that the shop shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    if env::var_os("WEBHOOK_SECRET").is_some() {
        return Secret::from_env("WEBHOOK_SECRET");
    }
    eprintln!("WEBHOOK_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}
