//~ E0277
//~ Order:
//~ Deserialize
//~ required by a bound in `WebhookLayer::json`
use tower_webhook::{Secret, WebhookLayer};

struct Order {
    number: u32,
}

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let _ = WebhookLayer::new(secret).json::<Order>();
}
