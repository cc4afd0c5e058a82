//~ E0038
//~ Store` is not dyn compatible
//~ use `AnyStore` instead of `dyn Store`
use std::sync::Arc;

use tower_webhook::{
    Secret, WebhookLayer,
    store::{CachedStore, MokaStore, Store},
};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let memory = MokaStore::new(1);
    let store: Arc<dyn Store> = match std::env::args().next() {
        Some(_) => Arc::new(CachedStore::new(memory, 1)),
        None => Arc::new(memory),
    };
    let _ = WebhookLayer::new(secret).dedupe(store);
}
