//! PgBouncer in transaction mode, which assigns a server connection to each transaction.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use http::StatusCode;
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tower_webhook::store::{self, PostgresStore};

use crate::{
    common::soon,
    server::{Server, pool_of, until},
    store_server::replica::{Replica, layer, signed},
    tools,
};

struct Bouncer {
    process: Child,
    port: u16,
    directory: PathBuf,
}

impl Bouncer {
    /// Starts a PgBouncer with two connections to the server, so that clients take turns on them.
    async fn to(server: &Server) -> Self {
        for _ in 0..20 {
            let (directory, port) = (tools::directory(), tools::free_port());
            let configuration = format!(
                "[databases]\n\
                 postgres = host=127.0.0.1 port={} user=postgres\n\
                 [pgbouncer]\n\
                 listen_addr = 127.0.0.1\n\
                 listen_port = {port}\n\
                 unix_socket_dir =\n\
                 auth_type = any\n\
                 pool_mode = transaction\n\
                 default_pool_size = 2\n\
                 ignore_startup_parameters = extra_float_digits\n",
                server.port
            );
            fs::write(directory.join("pgbouncer.ini"), configuration).unwrap();
            let installed = Path::new("/usr/sbin/pgbouncer");
            let program = if installed.exists() { installed } else { Path::new("pgbouncer") };
            let mut command = tools::command(program, &directory);
            command.arg("pgbouncer.ini").stdout(Stdio::null()).stderr(Stdio::null());
            let process = tools::run(&mut command, Command::spawn);
            let mut bouncer = Self { process, port, directory };
            if bouncer.is_up().await {
                return bouncer;
            }
        }
        panic!("pgbouncer exits right after starting");
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port);
        options.username("postgres").database("postgres")
    }

    async fn is_up(&mut self) -> bool {
        let mut up = false;
        until("pgbouncer is ready", async || {
            if self.process.try_wait().unwrap().is_some() {
                return true;
            }
            up = PgConnection::connect_with(&self.options()).await.is_ok();
            up
        })
        .await;
        up
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::new(pool_of(10, self.options()).await).without_prepared_statements()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_behind_pgbouncer_fulfills_the_contract() {
    let server = Server::start_empty(&[]).await;
    let bouncer = Bouncer::to(&server).await;
    let store = bouncer.store().await;
    store.migrate().await.unwrap();
    store::contract(store, async |time| server.advance(time).await).await;
}

#[tokio::test]
async fn deliveries_behind_pgbouncer_are_completed_in_their_transactions() {
    let server = Server::start().await;
    let bouncer = Bouncer::to(&server).await;
    let store = bouncer.store().await;
    let mut replica = Replica::new(layer(store.clone()));
    let other = Replica::new(layer(bouncer.store().await));
    replica.handle("msg_1").await;
    other.send(signed("msg_1")).await.assert_duplicate();
    let pool = pool_of(10, bouncer.options()).await;
    for (id, status) in [("msg_2", StatusCode::OK), ("msg_3", StatusCode::INTERNAL_SERVER_ERROR)] {
        let running = replica.begin(signed(id));
        let call = replica.call().await;
        let mut transaction = pool.begin().await.unwrap();
        store.complete_in(&mut transaction, call.delivery()).await.unwrap();
        other.send(signed(id)).await.assert_in_progress();
        match status {
            StatusCode::OK => transaction.commit().await.unwrap(),
            _ => drop(transaction),
        }
        call.answer(StatusCode::OK);
        assert_eq!(soon(running).await.unwrap().0.status(), status);
    }
    other.send(signed("msg_2")).await.assert_duplicate();
    replica.handle("msg_3").await;
    server.advance(Duration::from_secs(9 * 86_400)).await;
    assert_eq!(store.delete_expired(10).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn prepared_statements_behind_an_old_pgbouncer_name_the_setting() {
    let server = Server::start().await;
    let bouncer = Bouncer::to(&server).await;
    let mut replica = Replica::new(layer(PostgresStore::new(pool_of(10, bouncer.options()).await)));
    let mut causes = Vec::new();
    // Connections take turns, so some statement reaches a server connection that has not prepared it.
    until("a statement fails, or PgBouncer is a later one", async || {
        for n in 0..8 {
            let answer = replica.begin(signed(&format!("msg_{n}")));
            tokio::select! {
                call = replica.call() => call.answer(StatusCode::BAD_GATEWAY),
                () = tokio::time::sleep(Duration::from_millis(200)) => {}
            }
            let answer = soon(answer).await.unwrap();
            let rejection = answer.rejection().map(|it| format!("{:?}", std::error::Error::source(it)));
            causes.extend(rejection);
        }
        causes.iter().any(|cause| cause.contains("without_prepared_statements"))
    })
    .await;
}
