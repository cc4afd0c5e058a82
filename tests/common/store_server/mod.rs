//! Tests that every store on a server must pass. [`every_store_server_must`] runs them in `tests/redis/` and
//! `tests/postgres/`.

pub mod contracts;
pub mod deliveries;
pub mod failures;
pub mod reference;
pub mod replica;

use std::time::Duration;

use tower_webhook::store::{Claim, Key, Store, Token};

pub const LEASE: Duration = Duration::from_secs(30);

/// Acquires a claim on a free key and returns its fencing token.
pub async fn acquire(store: &impl Store, key: &Key, token: &Token) -> u64 {
    match store.claim(key, token, LEASE).await.unwrap() {
        Claim::Acquired { fencing_token } => fencing_token,
        other => panic!("{key} is {other:?}"),
    }
}

/// A server on which stores keep their deliveries. Dropping it stops it.
pub trait StoreServer: Sized {
    type Store: Store + Clone;
    type Pause;

    /// Starts a server.
    async fn start() -> Self;

    /// Starts a server that keeps its data when it is killed.
    async fn start_durable() -> Self {
        Self::start().await
    }

    fn url(&self) -> String;

    /// Connects a store, like that of another process.
    async fn store(&self) -> Self::Store;

    /// Connects a store that keeps other deliveries on the same server.
    async fn other_store(&self) -> Self::Store;

    /// Deletes all deliveries.
    async fn clear(&self);

    /// Advances the time of all leases and windows.
    async fn advance(&self, time: Duration);

    /// Returns the number of calls from stores: round trips, or statements.
    async fn calls(&self) -> usize;

    /// Lets calls that write wait until [`StoreServer::resume`].
    async fn pause(&self) -> Self::Pause;

    async fn resume(&self, pause: Self::Pause);

    async fn until_a_call_waits(&self);

    /// Kills the server, like a crash.
    fn kill(&mut self);

    /// Starts the server again, with its data.
    async fn restart(&mut self);

    /// Suspends the processes of the server until [`StoreServer::wake`].
    fn suspend(&self);

    fn wake(&self);
}

/// Runs every test on a server, each as a separate test.
macro_rules! every_store_server_must {
    ($server:ty) => {
        every_store_server_must! { $server, tokio::test:
            contracts::leases_and_windows_may_have_any_length,
            deliveries::a_delivery_takes_two_calls_and_a_duplicate_one,
            deliveries::a_cached_duplicate_takes_no_call,
            deliveries::a_delivery_handled_by_one_replica_is_a_duplicate_for_all,
            deliveries::another_replica_handles_a_delivery_after_a_failure,
            deliveries::a_client_that_hangs_up_during_the_handler_releases_the_claim,
            deliveries::a_client_that_hangs_up_during_the_claim_releases_the_claim,
            deliveries::a_client_that_hangs_up_after_success_completes_the_claim,
            deliveries::a_lease_is_extended_while_the_handler_runs,
            deliveries::a_suspended_owner_cannot_settle,
            deliveries::after_the_deadline_every_replica_sees_the_handlers_result,
            deliveries::a_delivery_is_remembered_for_its_window_and_until_it_is_forgotten,
            deliveries::a_replay_under_a_new_id_is_a_duplicate_by_its_body,
            deliveries::endpoints_with_different_scopes_or_stores_do_not_share_keys,
            failures::a_restart_loses_no_claims_and_no_completed_deliveries,
            failures::deliveries_are_rejected_while_the_server_is_down_and_handled_afterwards,
            failures::a_success_that_cannot_be_stored_stays_a_success_and_is_stored_when_the_server_is_back,
            failures::a_server_that_does_not_respond_times_out,
        }
        every_store_server_must! { $server, tokio::test(flavor = "multi_thread", worker_threads = 4):
            contracts::a_store_fulfills_the_contract,
            contracts::a_store_from_a_url_fulfills_the_contract,
            contracts::a_cached_store_fulfills_the_contract,
            contracts::leases_and_windows_expire_by_the_servers_clock,
            deliveries::one_of_many_duplicates_at_many_replicas_runs,
        }
    };
    ($server:ty, $test:meta: $($module:ident::$case:ident),+ $(,)?) => {
        $(#[$test]
        async fn $case() {
            crate::store_server::$module::$case::<$server>().await;
        })+
    };
}
