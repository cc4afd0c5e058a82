//! The server of the store: starting it, injecting its faults, and polling it.

use std::time::Duration;

use redis::{AsyncConnectionConfig, Client, aio::MultiplexedConnection};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{
    check::Store,
    effects,
    faults::{AWAY, Fault},
    ledger::Line,
    postgres_server, redis_server,
};

pub enum StoreServer {
    Redis(redis_server::Server),
    Postgres(postgres_server::Server),
}

impl StoreServer {
    pub async fn start(store: Store) -> Self {
        match store {
            Store::Redis => {
                let arguments = "--appendonly yes --appendfsync always";
                Self::Redis(redis_server::Server::start_with(arguments).await)
            }
            Store::Postgres => {
                let server = postgres_server::Server::start().await;
                server.run(effects::TABLE).await;
                Self::Postgres(server)
            }
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Postgres(server) => server.url(),
        }
    }

    pub fn probe(&self) -> Probe {
        match self {
            Self::Redis(server) => Probe::Redis(Client::open(server.url()).unwrap(), None),
            Self::Postgres(server) => Probe::Postgres(server.options(), None),
        }
    }

    /// Returns the kinds of faults of this server.
    pub fn faults(&self) -> &'static [Fault] {
        match self {
            Self::Redis(_) => {
                &[Fault::RedisKilled, Fault::RedisShutDown, Fault::RedisSuspended, Fault::RedisPaused]
            }
            Self::Postgres(_) => {
                &[Fault::PostgresKilled, Fault::PostgresSuspended, Fault::PostgresConnectionsCut]
            }
        }
    }

    /// Injects a fault that lasts for `time`.
    pub async fn inflict(&mut self, fault: Fault, time: Duration) {
        match self {
            Self::Redis(redis) => inflict_on_redis(redis, fault, time).await,
            Self::Postgres(postgres) => inflict_on_postgres(postgres, fault, time).await,
        }
    }

    /// Returns the committed effects.
    pub async fn effects(&self) -> Vec<Line> {
        match self {
            // The replicas have written them to the ledger.
            Self::Redis(_) => Vec::new(),
            Self::Postgres(server) => effects::read(&mut server.connection().await).await,
        }
    }
}

async fn inflict_on_redis(redis: &mut redis_server::Server, fault: Fault, time: Duration) {
    match fault {
        Fault::RedisSuspended => {
            redis.signal("STOP");
            sleep(time).await;
            redis.signal("CONT");
        }
        Fault::RedisPaused => {
            redis.run::<()>(&format!("CLIENT PAUSE {} ALL", time.as_millis())).await;
            sleep(time).await;
        }
        _ => {
            if fault == Fault::RedisShutDown {
                redis.signal("TERM");
                let port = redis.port;
                redis_server::until("Redis has shut down", async || {
                    TcpStream::connect(("127.0.0.1", port)).await.is_err()
                })
                .await;
            }
            redis.kill();
            sleep(time).await;
            redis.restart().await;
        }
    }
}

async fn inflict_on_postgres(postgres: &mut postgres_server::Server, fault: Fault, time: Duration) {
    match fault {
        Fault::PostgresSuspended => {
            postgres.signal_all("STOP");
            sleep(time).await;
            postgres.signal_all("CONT");
        }
        Fault::PostgresConnectionsCut => {
            const CUT_HALF: &str = "
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND random() < 0.5";
            postgres.run(CUT_HALF).await;
        }
        _ => {
            postgres.kill();
            sleep(time).await;
            postgres.restart().await;
        }
    }
}

/// A connection that polls the server.
pub enum Probe {
    Redis(Client, Option<MultiplexedConnection>),
    Postgres(PgConnectOptions, Option<PgConnection>),
}

impl Probe {
    /// Returns whether the server responds in time.
    pub async fn ping(&mut self) -> bool {
        let responds = match self {
            Self::Redis(client, connection) => timeout(AWAY, ping_redis(client, connection)).await,
            Self::Postgres(options, connection) => timeout(AWAY, ping_postgres(options, connection)).await,
        };
        let responds = matches!(responds, Ok(Some(())));
        if !responds {
            match self {
                Self::Redis(_, connection) => *connection = None,
                Self::Postgres(_, connection) => *connection = None,
            }
        }
        responds
    }
}

async fn ping_redis(client: &Client, connection: &mut Option<MultiplexedConnection>) -> Option<()> {
    let config = AsyncConnectionConfig::new().set_response_timeout(None).set_connection_timeout(Some(AWAY));
    if connection.is_none() {
        *connection = Some(client.get_multiplexed_async_connection_with_config(&config).await.ok()?);
    }
    let pong = redis::cmd("PING").query_async::<String>(connection.as_mut()?).await.ok()?;
    (pong == "PONG").then_some(())
}

async fn ping_postgres(options: &PgConnectOptions, connection: &mut Option<PgConnection>) -> Option<()> {
    if connection.is_none() {
        *connection = Some(PgConnection::connect_with(options).await.ok()?);
    }
    connection.as_mut()?.ping().await.ok()
}
