//~ E0277
//~ error: `&str` is not a signing secret
//~ expected a `Secret`, or an array of them
//~ parse a secret from its text, which must not be empty: `"…".parse::<Secret>()?`
fn main() {
    let _ = tower_webhook::WebhookLayer::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
}
