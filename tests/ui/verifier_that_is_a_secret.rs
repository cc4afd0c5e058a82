//~ E0277
//~ error: `Secret` is not a webhook verifier
//~ use one of `tower_webhook::provider`, such as `provider::github(secret)`
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "a secret".parse().unwrap();
    let _ = WebhookLayer::with_verifier(secret);
}
