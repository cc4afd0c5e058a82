//! The contract test with other settings of the store and of the server.

use tower_webhook::store;

use crate::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_without_prepared_statements_fulfills_the_contract() {
    let server = Server::start().await;
    let store = server.store().await.without_prepared_statements();
    store::contract(store, async |time| server.advance(time).await).await;
}

/// Applications may set another default isolation level, for which the server reports conflicts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_serializable_server_fulfills_the_contract() {
    for level in ["repeatable read", "serializable"] {
        let setting = format!("default_transaction_isolation={level}");
        let server = Server::start_with(&[&setting]).await;
        store::contract(server.store().await, async |time| server.advance(time).await).await;
    }
}
