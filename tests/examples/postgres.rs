//! The example that completes deliveries in the transactions of their effects.

use http::StatusCode;

use crate::{
    documented::{Documented, paste, statuses},
    postgres_server::Server,
    program::{Program, is_duplicate},
};

const DUPLICATE: u16 = 2;
const PAYMENT: &str = r#"{"type":"payment.received","account":"anna","cents":500}"#;

fn start(server: &Server) -> Program {
    Documented::of("postgres").start(&[("DATABASE_URL", &server.url())])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_is_booked_once_as_documented() {
    let server = Server::start_empty(&[]).await;
    let documented = Documented::of("postgres");
    // The second round is after a restart.
    for expected in [[204, DUPLICATE, 200], [DUPLICATE, DUPLICATE, 200]] {
        let program = start(&server);
        let answers = paste(&program.address(), documented.paste());
        assert_eq!(statuses(&answers), expected);
        assert_eq!(answers[2].body, "500\n");
        program.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_cannot_be_booked_is_retried() {
    let server = Server::start_empty(&[]).await;
    let program = start(&server);
    let endpoint = program.endpoint();
    server.run("ALTER TABLE accounts RENAME TO missing").await;
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::SERVICE_UNAVAILABLE);
    program.says("payment not booked");
    server.run("ALTER TABLE missing RENAME TO accounts").await;
    assert_eq!(endpoint.deliver("msg_1", PAYMENT).await.status(), StatusCode::NO_CONTENT);
    let replica = start(&server);
    assert!(is_duplicate(&replica.endpoint().deliver("msg_1", PAYMENT).await));
    assert_eq!(endpoint.get("/balance/anna").await, "500\n");
}
