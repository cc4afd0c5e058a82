//~ E0277
//~ error: `Box<MokaStore>` is not a deduplication store
//~ `AnyStore::new(store)` instead of `Arc<dyn Store>`
use tower_webhook::{Secret, WebhookLayer, store::MokaStore};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let _ = WebhookLayer::new(secret).dedupe(Box::new(MokaStore::new(1)));
}
