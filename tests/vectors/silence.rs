//! Logs contain no secret, signature or payload of any vector.

use std::{collections::BTreeSet, fmt::Write};

use crate::{Found, Vector, judge, seen::Seen, vectors};

#[tokio::test]
async fn no_vector_leaves_a_secret_a_signature_or_a_payload_in_a_log() {
    let mut failures = String::new();
    let mut rejected = 0;
    for vector in vectors() {
        let (seen, _guard) = Seen::start();
        let found = judge(&vector).await;
        let spans = seen.spans();
        // Only verified deliveries have an id and an event type in the span.
        let named: BTreeSet<_> = spans
            .iter()
            .flat_map(|span| [span.field("webhook.delivery_id"), span.field("webhook.event_type")])
            .flatten()
            .collect();
        if matches!(found, Found::Rejected(_)) {
            assert!(named.is_empty(), "{}: {named:?}", vector.id);
            rejected += 1;
        }
        for sent in sent(&vector) {
            let is_named = named.iter().any(|named| named.contains(sent));
            if !is_named && seen.text().contains(sent) {
                let _ = writeln!(failures, "{} ({}): {sent}", vector.id, vector.name);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(rejected >= 500, "only {rejected} were rejected");
}

/// Returns the secrets, and the parts of the request that are too long to occur in the layer's own texts.
fn sent(vector: &Vector) -> Vec<&str> {
    let secrets = vector.secrets.iter().flatten().chain([&vector.secret]);
    let headers = vector.headers.values().flat_map(|value| value.iter());
    // Split the body into the scalars of JSON or the fields of a form.
    let body = vector.body_utf8.split(['"', '&', '=']);
    let sent = secrets.chain(headers).map(String::as_str).chain(body);
    // Skip values that are the name of a header, because errors name headers.
    let is_name = |text: &&str| vector.headers.keys().any(|name| name.eq_ignore_ascii_case(text));
    sent.map(str::trim).filter(|text| text.len() >= 16 && !is_name(text)).collect()
}
