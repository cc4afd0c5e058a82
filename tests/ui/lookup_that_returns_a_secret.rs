//~ E0277
//~ is not a lookup of endpoints
//~ `E` is an `Endpoint` or a verifier
use http::request::Parts;
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secret: Secret = "a secret".parse().unwrap();
    let _ = WebhookLayer::with_lookup(move |_: &Parts| {
        let secret = secret.clone();
        async move { Ok(Some(secret)) }
    });
}
