//~ E0282
//~ type annotations needed
//~ consider giving this closure parameter an explicit type
use std::collections::HashMap;

use tower_webhook::{WebhookLayer, verify::Endpoint};

fn main() {
    let table = HashMap::<String, Endpoint>::new();
    let _ = WebhookLayer::with_lookup(move |head| {
        let endpoint = table.get(head.uri.path()).cloned();
        async move { Ok(endpoint) }
    });
}
