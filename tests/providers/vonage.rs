//! Vonage.

use crate::support::*;

#[tokio::test]
async fn a_separator_in_the_id_does_not_change_the_id() {
    let layer = layer("vonage-params", "secret");
    let sig = hex(b"secret", "&messageId=m_1&status=a_b&timestamp=1700000000");
    let sent = |id: &str, status: &str| {
        post_to(URL, &[], &format!("messageId={id}&status={status}&timestamp=1700000000&sig={sig}"))
    };
    let seen = accepts(&layer, sent("m_1", "a_b")).await;
    assert_eq!(seen.id(), Some("m_1:a_b"));
    for (id, status) in [("m%261", "a_b"), ("m%3D1", "a_b"), ("m_1", "a%26b")] {
        assert!(is_duplicate(&layer, sent(id, status)).await, "{id} {status}");
    }
}

#[tokio::test]
async fn json_is_signed_like_its_parameters() {
    let layer = layer("vonage-params", "secret").without_dedupe();
    let sig = hex(b"secret", "&concat=true&messageId=m1&n=7&text=a_b_c&timestamp=1700000000");
    let body = format!(
        r#" {{"text":"a&b=c","messageId":"m1","n":7,"concat":true,"timestamp":"1700000000","sig":"{sig}"}}"#
    );
    assert_eq!(accepts(&layer, post_to(URL, &[], &body)).await.id(), Some("m1"));
    assert_eq!(judge(&layer, post_to(URL, &[], &body.replace(":7", ":8"))).await, Err(Kind::WrongSignature));
    for malformed in [
        body.replace(":7", ":[7]"),
        body.replace(":7", ":null"),
        body.replace(":7", r#":7,"n":8"#),
        body.replace('}', ""),
    ] {
        let judged = judge(&layer, post_to(URL, &[], &malformed)).await;
        assert_eq!(judged, Err(Kind::MalformedSignature), "{malformed}");
    }
}

#[tokio::test]
async fn parameters_cannot_be_recombined() {
    let layer = layer("vonage-params", "secret").without_dedupe();
    let sig = hex(b"secret", "&a=1&b=2&timestamp=1700000000");
    assert!(
        judge(&layer, post_to(URL, &[], &format!("a=1&b=2&timestamp=1700000000&sig={sig}"))).await.is_ok()
    );
    for body in
        ["a%3D1%26b=2&timestamp=1700000000", "a=1&b%3D2&timestamp=1700000000", "a=1&a=2&b=2&timestamp=1"]
    {
        let request = post_to(URL, &[], &format!("{body}&sig={sig}"));
        assert_eq!(judge(&layer, request).await, Err(Kind::MalformedSignature), "{body}");
    }
    // A signed query does not cover a body.
    let url = format!("{URL}?a=1&b=2&timestamp=1700000000&sig={sig}");
    assert!(judge(&layer, post_to(&url, &[], "")).await.is_ok());
    assert_eq!(judge(&layer, post_to(&url, &[], "a=1")).await, Err(Kind::WrongSignature));
    assert_eq!(judge(&layer, post_to(&format!("{url}&a=2"), &[], "")).await, Err(Kind::MalformedSignature));
    // A signed query without a timestamp is rejected.
    let url = format!("{URL}?a=1&sig={}", hex(b"secret", "&a=1"));
    assert_eq!(judge(&layer, post_to(&url, &[], "")).await, Err(Kind::MissingSignature));
}

#[tokio::test]
async fn receipts_for_one_message_are_separate_deliveries() {
    let layer = layer("vonage-params", "secret");
    for status in ["accepted", "delivered"] {
        let sig = hex(b"secret", format!("&messageId=m1&status={status}&timestamp=1700000000"));
        let body = format!("messageId=m1&status={status}&timestamp=1700000000&sig={sig}");
        let seen = accepts(&layer, post_to(URL, &[], &body)).await;
        assert_eq!(seen.id().unwrap(), format!("m1:{status}"));
        assert!(seen.is_deduped());
    }
}
