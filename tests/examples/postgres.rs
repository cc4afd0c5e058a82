//! The example that completes deliveries in the transactions of their effects.

use http::StatusCode;

use crate::{
    documented::{DUP, Documented, paste, statuses},
    postgres_server::{Server, until},
    program::{Program, is_duplicate},
};

const STATEMENT: &str = r#"{"type":"statement.ready","account":"anna","month":"2026-11"}"#;
/// Settings of a worker that imports and retries at once.
const AT_ONCE: [(&str, &str); 2] = [("IMPORT_SECONDS", "0"), ("RETRY_SECONDS", "0")];
const PAYMENT: &str = r#"{"type":"payment.received","account":"anna","cents":500}"#;

fn start(server: &Server) -> Program {
    start_with(server, &[])
}

fn start_with(server: &Server, settings: &[(&str, &str)]) -> Program {
    let url = server.url();
    let settings = [&[("DATABASE_URL", &*url)], settings].concat();
    Documented::of("postgres").start(&settings)
}

async fn count(server: &Server, rows: &str) -> i64 {
    server.get(&format!("SELECT count(*) FROM {rows}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_booked_once_as_documented() {
    let server = Server::start_empty(&[]).await;
    let documented = Documented::of("postgres");
    // The second round is after a restart.
    for expected in [[204, DUP, 200, 202], [DUP, DUP, 200, DUP]] {
        let program = start(&server);
        let answers = paste(&program.address(), documented.paste());
        assert_eq!(statuses(&answers), expected);
        assert_eq!(answers[2].body, "500\n");
        until("the statement is imported", async || count(&server, "inbox").await == 0).await;
        program.kill();
    }
    assert_eq!(count(&server, "statements").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_booked_is_retried() {
    let server = Server::start_empty(&[]).await;
    let program = start(&server);
    let endpoint = program.endpoint();
    server.run("ALTER TABLE accounts RENAME TO missing").await;
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    program.says("delivery not handled");
    server.run("ALTER TABLE missing RENAME TO accounts").await;
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::NO_CONTENT);
    let replica = start(&server);
    assert!(is_duplicate(&replica.endpoint().deliver("msg_1", PAYMENT).await));
    assert_eq!(endpoint.get("/balance/anna").await, "500\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_imported_once_after_a_crash_of_its_worker() {
    let server = Server::start_empty(&[]).await;
    let program = start_with(&server, &[("IMPORT_SECONDS", "600"), ("RETRY_SECONDS", "0")]);
    let endpoint = program.endpoint();
    assert_eq!(endpoint.deliver("msg_1", STATEMENT).await.status(), StatusCode::ACCEPTED);
    assert!(is_duplicate(&endpoint.deliver("msg_1", STATEMENT).await));
    program.says("importing the statement 2026-11 of anna, attempt 1");
    program.kill();
    let programs = [(); 3].map(|()| start_with(&server, &AT_ONCE));
    until("the statement is imported", async || count(&server, "inbox").await == 0).await;
    assert!(is_duplicate(&programs[0].endpoint().deliver("msg_1", STATEMENT).await));
    assert_eq!(count(&server, "statements").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_imported_becomes_a_dead_letter() {
    let server = Server::start_empty(&[]).await;
    let program = start_with(&server, &AT_ONCE);
    let endpoint = program.endpoint();
    server.run("ALTER TABLE statements RENAME TO missing").await;
    assert_eq!(endpoint.deliver("msg_1", STATEMENT).await.status(), StatusCode::ACCEPTED);
    program.says("attempt 5 at 1 failed");
    server.run("ALTER TABLE missing RENAME TO statements").await;
    // A later delivery does not wait for it.
    assert_eq!(endpoint.deliver("msg_2", STATEMENT).await.status(), StatusCode::ACCEPTED);
    program.says("imported the statement");
    assert_eq!(count(&server, "inbox WHERE delivery_id = 'msg_1' AND attempts = 5").await, 1);
    server.run("UPDATE inbox SET attempts = 0").await;
    until("the inbox is empty", async || count(&server, "inbox").await == 0).await;
    assert_eq!(count(&server, "statements").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_cannot_be_stored_is_retried() {
    let server = Server::start_empty(&[]).await;
    let program = start_with(&server, &AT_ONCE);
    let endpoint = program.endpoint();
    server.run("ALTER TABLE inbox RENAME TO missing").await;
    assert_eq!(endpoint.deliver("msg_1", STATEMENT).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    server.run("ALTER TABLE missing RENAME TO inbox").await;
    assert_eq!(endpoint.deliver("msg_1", STATEMENT).await.status(), StatusCode::ACCEPTED);
    until("the statement is imported", async || count(&server, "statements").await == 1).await;
    assert_eq!(count(&server, "inbox").await, 0);
}
