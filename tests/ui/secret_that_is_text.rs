//~ E0277
//~ error: `&str` is not a signing secret
//~ error: `String` is not a signing secret
//~ expected a `Secret`, or an array of them
//~ parse a secret from its text, which must not be empty: `"…".parse::<Secret>()?`
//~ `Secret::from_env("NAME")?`
use tower_webhook::{WebhookLayer, provider};

fn main() {
    let _ = WebhookLayer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let _ = provider::github(std::env::var("WEBHOOK_SECRET").unwrap());
}
