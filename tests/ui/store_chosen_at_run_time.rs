use tower_webhook::{
    Secret, WebhookLayer,
    store::{AnyStore, CachedStore, MokaStore},
};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let memory = MokaStore::new(1);
    let store: AnyStore = match std::env::args().next() {
        Some(_) => CachedStore::new(memory, 1).into(),
        None => memory.into(),
    };
    let _ = WebhookLayer::new(secret).dedupe(store);
}
