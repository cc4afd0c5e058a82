//~ E0277
//~ error: the trait bound `Secret: serde::Serialize` is not satisfied
#[derive(serde::Serialize)]
struct Settings {
    secret: tower_webhook::Secret,
}

fn main() {
    let secret = "a secret".parse().unwrap();
    let _ = Settings { secret };
}
