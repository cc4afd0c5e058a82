//~ E0277
//~ error: `String` is not a signing secret
//~ `"…".parse::<Secret>()?`
//~ `Secret::from_env("NAME")?`
fn main() {
    let _ = tower_webhook::provider::github(std::env::var("WEBHOOK_SECRET").unwrap());
}
