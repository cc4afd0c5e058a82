//~ E0277
//~ error: `Vec<Secret>` is not a signing secret
//~ error: `Vec<String>` is not a signing secret
//~ for a `Vec` of secrets or strings: `Secrets::try_from(vec)?`
use tower_webhook::{Secret, WebhookLayer};

fn main() {
    let secrets: Vec<Secret> = vec!["new".parse().unwrap(), "old".parse().unwrap()];
    let _ = WebhookLayer::new(secrets);
    let strings: Vec<String> = vec!["new".to_owned(), "old".to_owned()];
    let _ = WebhookLayer::new(strings);
}
