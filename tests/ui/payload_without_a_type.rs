//~ E0282|E0283|E0284
//~ type annotations needed
//~ json
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "c2VjcmV0".parse().unwrap();
    let _ = WebhookLayer::new(secret).json();
}
