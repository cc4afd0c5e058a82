//! Random operations on `RedisStore` and its scripts, whose results must match the reference model of a store.

use tower_webhook::store::CachedStore;

use crate::{server::Server, store_server::reference::matches_the_model};

#[test]
fn the_scripts_match_the_model() {
    matches_the_model::<Server, _>(300, |store, _| store);
}

#[test]
fn a_cached_store_matches_the_model() {
    matches_the_model::<Server, _>(300, |store, clock| CachedStore::new(store, 100).clock(clock));
}
