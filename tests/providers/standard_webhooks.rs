//! Providers that sign with Standard Webhooks or Svix.

use crate::support::*;

/// The key that [`WHSEC`] encodes.
fn key() -> Vec<u8> {
    BASE64.decode(&WHSEC.as_bytes()["whsec_".len()..]).unwrap()
}

#[tokio::test]
async fn svix_may_send_either_set_of_headers_and_no_unsigned_id() {
    let (key, layer) = (key(), layer("svix", WHSEC));
    for (prefix, other, id) in [("svix", "webhook", "msg_1"), ("webhook", "svix", "msg_2")] {
        let headers = standard(prefix, id, &key, "{}");
        assert_eq!(accepts(&layer, post(&borrowed(&headers), "{}")).await.id(), Some(id));
        // The signature does not cover an id in the other set of headers. That id is ignored, so the delivery is still
        // a duplicate.
        let mut replayed = headers.clone();
        replayed.push((format!("{other}-id"), "msg_forged".to_owned()));
        assert!(send(&layer, post(&borrowed(&replayed), "{}")).await.unwrap().is_none(), "{prefix}");
    }
    let mut mixed = standard("svix", "msg_3", &key, "{}");
    mixed.retain(|(name, _)| name != "svix-signature");
    mixed.push(("webhook-signature".to_owned(), standard("svix", "msg_3", &key, "{}")[2].1.clone()));
    assert_eq!(send(&layer, post(&borrowed(&mixed), "{}")).await.err(), Some(Kind::MissingSignature));
}

#[tokio::test]
async fn equal_values_of_a_header_count_once() {
    let layer = layer("standard-webhooks", WHSEC).without_dedupe();
    let headers = standard("webhook", "msg_1", &key(), "{}");
    let mut twice = headers.clone();
    twice.extend(headers.iter().filter(|(name, _)| name != "webhook-signature").cloned());
    accepts(&layer, post(&borrowed(&twice), "{}")).await;
    twice.push(("webhook-id".to_owned(), "msg_2".to_owned()));
    assert_eq!(send(&layer, post(&borrowed(&twice), "{}")).await.err(), Some(Kind::MalformedSignature));
}

#[tokio::test]
async fn an_attempt_of_surge_under_another_scheme_is_a_duplicate() {
    let layer = layer("surge", WHSEC);
    let body = r#"{"id":"evt_1","type":"message.received"}"#;
    let first = standard("webhook", "attempt_1", &key(), body);
    assert_eq!(accepts(&layer, post(&borrowed(&first), body)).await.id(), Some("evt_1"));
    let second = standard("webhook", "attempt_2", WHSEC.as_bytes(), body);
    assert!(send(&layer, post(&borrowed(&second), body)).await.unwrap().is_none());
    let signature = format!("t={NOW},v1={}", hex(WHSEC.as_bytes(), format!("{NOW}.{body}")));
    let older = [("surge-signature", &*signature), ("webhook-id", "forged")];
    assert!(send(&layer, post(&older, body)).await.unwrap().is_none());
    // The id in the header is not signed. If the body has no id either, the delivery has none.
    let signature = format!("t={NOW},v1={}", hex(WHSEC.as_bytes(), format!("{NOW}.{{}}")));
    let older = [("surge-signature", &*signature), ("webhook-id", "forged")];
    assert_eq!(accepts(&layer, post(&older, "{}")).await.id(), None);
}
