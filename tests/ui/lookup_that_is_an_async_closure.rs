//~ E0277
//~ is not a lookup of endpoints
//~ the future must own its data
//~ `move |head: &Parts|`
//~ `async move { Ok(endpoint) }`
use std::collections::HashMap;

use http::request::Parts;
use tower_webhook::{WebhookLayer, verify::Endpoint};

fn main() {
    let table = HashMap::<String, Endpoint>::new();
    let _ = WebhookLayer::with_lookup(async move |head: &Parts| Ok(table.get(head.uri.path()).cloned()));
}
