//~ none
//~ async closure does not implement `Fn` because it captures state from its environment
//~ Fn(K) -> Fut
use std::{collections::HashMap, time::Duration};

use tower_webhook::{
    WebhookLayer,
    verify::{CachedLookup, Endpoint},
};

fn main() {
    let database = HashMap::<String, Endpoint>::new();
    let lookup = CachedLookup::new(
        10,
        Duration::from_secs(60),
        |head| Some(head.uri.path().to_owned()),
        async move |name: String| Ok(database.get(&name).cloned()),
    );
    let _ = WebhookLayer::with_lookup(lookup);
}
