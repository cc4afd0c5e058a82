//~ E0277
//~ error: `Vec<String>` is not a signing secret
//~ for a `Vec` of secrets or strings: `Secrets::try_from(vec)?`
use tower_webhook::WebhookLayer;

fn main() {
    let secrets: Vec<String> = vec!["new".to_owned(), "old".to_owned()];
    let _ = WebhookLayer::new(secrets);
}
