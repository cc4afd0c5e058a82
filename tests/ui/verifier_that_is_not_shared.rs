//~ E0271|E0308|E0277
//~ Arc<dyn
//~ Verifier
use tower_webhook::{Secret, WebhookLayer, provider};

fn main() {
    let secret: Secret = "a secret".parse().unwrap();
    let _ = WebhookLayer::with_verifier_for(move |_head| {
        let verifier = provider::github(secret.clone());
        async { Ok(Some(verifier)) }
    });
}
