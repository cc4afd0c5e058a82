use http::StatusCode;
use rusqlite::{Connection, TransactionBehavior::Immediate};
use tokio::task::JoinSet;

use crate::{
    documented::{DUP, Documented, paste, statuses},
    program::{Directory, Program, is_duplicate},
};

const PAYMENT: &str = r#"{"type":"payment.received","account":"anna","cents":500}"#;

/// A database file that is removed on drop.
struct Database(Directory);

impl Database {
    fn new() -> Self {
        Self(Directory::new("payments"))
    }

    fn file(&self) -> String {
        self.0.file("payments.db")
    }

    fn start(&self) -> Program {
        Program::start("transaction", &[&self.file(), "127.0.0.1:0"], &[])
    }
}

#[test]
fn effect_happens_once_as_documented() {
    let database = Database::new();
    let documented = Documented::of("transaction");
    // The layer's store in memory is lost, as if the process had crashed between the commit and completing the claim.
    // In the second round, the transaction detects the duplicate, and then the layer does.
    for first in [204, 200] {
        let program = database.start();
        let address = program.address();
        for status in [first, DUP] {
            let answers = paste(&address, documented.paste());
            assert_eq!(statuses(&answers), [status, 200]);
            assert_eq!(answers[1].body, "500\n");
        }
        program.kill();
    }
}

#[tokio::test]
async fn effect_happens_once_if_the_secret_is_rotated_before_the_retry() {
    const NEW: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let database = Database::new();
    let program = database.start();
    assert_eq!(program.endpoint().deliver("msg_1", PAYMENT).await.status(), StatusCode::NO_CONTENT);
    program.kill();

    let program =
        Program::start("transaction", &[&database.file(), "127.0.0.1:0"], &[("WEBHOOK_SECRET", NEW)]);
    let endpoint = program.endpoint();
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::UNAUTHORIZED);
    let retry = endpoint.send(NEW, "msg_1", PAYMENT).await;
    assert_eq!((retry.status(), is_duplicate(&retry)), (StatusCode::OK, false));
    assert_eq!(endpoint.get("/balance/anna").await, "500\n");
}

#[tokio::test]
async fn effect_happens_once_for_concurrent_duplicates_at_several_processes() {
    let database = Database::new();
    let programs = [(); 3].map(|()| database.start());
    let endpoints = programs.each_ref().map(Program::endpoint);
    for id in ["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"] {
        let duplicates = (0..12).map(|duplicate| {
            let endpoint = endpoints[duplicate % endpoints.len()].clone();
            tokio::spawn(async move { endpoint.deliver(id, PAYMENT).await.status() })
        });
        let mut booked = 0;
        for duplicate in duplicates.collect::<Vec<_>>() {
            match duplicate.await.unwrap() {
                StatusCode::NO_CONTENT => booked += 1,
                // A duplicate according to the layer or the table, or a delivery in progress.
                StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE => {}
                other => panic!("{other}"),
            }
        }
        assert_eq!(booked, 1);
    }
    assert_eq!(endpoints[0].get("/balance/anna").await, "2500\n");
}

#[tokio::test]
async fn effect_happens_once_after_a_crash_of_its_handler() {
    let database = Database::new();
    let program = database.start();
    let endpoint = program.endpoint();
    // Another connection holds the write lock, so the handler waits.
    let mut other = Connection::open(database.file()).unwrap();
    let lock = other.transaction_with_behavior(Immediate).unwrap();
    let mut duplicates = JoinSet::new();
    for _ in 0..2 {
        let endpoint = endpoint.clone();
        duplicates.spawn(async move { endpoint.deliver("msg_1", PAYMENT).await });
    }
    // One request gets a 503, because the other is in progress.
    let in_progress = duplicates.join_next().await.unwrap().unwrap();
    assert_eq!(
        (in_progress.status(), &in_progress.headers()["retry-after"]),
        (StatusCode::SERVICE_UNAVAILABLE, &"5".parse().unwrap())
    );
    program.kill();
    assert!(duplicates.join_next().await.unwrap().is_err(), "the request got a response");
    drop(lock);

    let program = database.start();
    let endpoint = program.endpoint();
    assert_eq!(endpoint.get("/balance/anna").await, "0\n");
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(endpoint.get("/balance/anna").await, "500\n");
}

#[tokio::test]
async fn effect_happens_once_if_the_process_is_killed_at_any_time() {
    let database = Database::new();
    for round in 1_u32..=10 {
        let program = database.start();
        let endpoint = program.endpoint();
        let id = format!("msg_{round}");
        let delivery = tokio::spawn({
            let (endpoint, id) = (endpoint.clone(), id.clone());
            async move { endpoint.deliver(&id, PAYMENT).await }
        });
        // Kill the process at a different point in each round.
        for _ in 0..round * 20 {
            tokio::task::yield_now().await;
        }
        program.kill();
        let _ = delivery.await;

        let program = database.start();
        let endpoint = program.endpoint();
        endpoint.deliver_until_acknowledged(&id, PAYMENT).await;
        assert_eq!(endpoint.get("/balance/anna").await, format!("{}\n", round * 500));
    }
}
