//~ E0277
//~ error: `String` is not a signing secret
//~ `"…".parse::<Secret>()?`
fn main() {
    let _ = tower_webhook::provider::github(std::env::var("WEBHOOK_SECRET").unwrap());
}
