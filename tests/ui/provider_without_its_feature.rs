//~ E0425
//~ cannot find function `discord` in module `provider`
//~ the item is gated behind the `asymmetric` feature
use tower_webhook::{Secret, provider};

fn main() {
    let key: Secret = "a public key".parse().unwrap();
    let _ = provider::discord(key);
}
