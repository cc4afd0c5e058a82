//~ E0599
//~ no method named `form` found for struct `WebhookLayer`
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "a secret".parse().unwrap();
    let _ = WebhookLayer::new(secret).form::<u32>();
}
