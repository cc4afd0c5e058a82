//~ E0277
//~ error: `&str` is not a deduplication store
//~ `store::RedisStore::connect(url).await?` (feature `redis`)
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let _ = WebhookLayer::new(secret).dedupe("redis://127.0.0.1");
}
