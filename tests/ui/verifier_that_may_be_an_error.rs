//~ E0277
//~ error: `Result<ProviderVerifier, InvalidSecret>` is not a webhook verifier
//~ a constructor of a provider that decodes its secret returns a `Result`: add a `?`
use tower_webhook::{Secret, WebhookLayer, provider};

fn main() {
    let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
    let _ = WebhookLayer::with_verifier(provider::svix(secret));
}
