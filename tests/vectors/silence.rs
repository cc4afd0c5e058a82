//! Whatever is sent, and to whichever provider's verifier: none of it is told to a log.

use std::{collections::BTreeSet, fmt::Write};

use crate::{Found, Vector, judge, seen::Seen, vectors};

#[tokio::test]
async fn no_vector_leaves_a_secret_a_signature_or_a_payload_in_a_log() {
    let mut failures = String::new();
    let mut refused = 0;
    for vector in vectors() {
        let (seen, _guard) = Seen::start();
        let found = judge(&vector).await;
        let spans = seen.spans();
        // An id and a type are told of those that are true, and of no others.
        let named: BTreeSet<_> = spans
            .iter()
            .flat_map(|span| [span.field("webhook.delivery_id"), span.field("webhook.event_type")])
            .flatten()
            .collect();
        if matches!(found, Found::Refused(_)) {
            assert!(named.is_empty(), "{}: {named:?}", vector.id);
            refused += 1;
        }
        for sent in sent(&vector) {
            let is_named = named.iter().any(|named| named.contains(sent));
            if !is_named && seen.text().contains(sent) {
                let _ = writeln!(failures, "{} ({}): {sent}", vector.id, vector.name);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(refused >= 500, "only {refused} were refused");
}

/// The secrets, and what of the request is long enough to be told from the layer's own words.
fn sent(vector: &Vector) -> Vec<&str> {
    let secrets = vector.secrets.iter().flatten().chain([&vector.secret]);
    let headers = vector.headers.values().flat_map(|value| value.iter());
    // The scalars of a JSON body, the fields of a form.
    let body = vector.body_utf8.split(['"', '&', '=']);
    let sent = secrets.chain(headers).map(String::as_str).chain(body);
    sent.map(str::trim).filter(|text| text.len() >= 16).collect()
}
