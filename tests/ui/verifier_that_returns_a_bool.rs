//~ E0271|E0308
//~ Result<Verified, VerifyError>
use tower_webhook::{WebhookLayer, verify};

fn main() {
    let verifier = verify::from_fn(|request, _body| request.head().headers.contains_key("x-signature"));
    let _ = WebhookLayer::with_verifier(verifier);
}
