//! Mailgun.

use crate::support::*;

#[tokio::test]
async fn the_timestamp_and_the_token_can_be_split_in_only_one_way() {
    let layer = layer("mailgun", "secret");
    let body = |timestamp: &str, token: &str| {
        let signature = hex(b"secret", "170000000012ab");
        format!(
            r#"{{"signature":{{"timestamp":"{timestamp}","token":"{token}","signature":"{signature}"}},"event-data":{{"event":"opened"}}}}"#
        )
    };
    let seen = accepts(&layer, post_to(URL, &[], &body("1700000000", "12ab"))).await;
    assert_eq!(seen.event_type(), Some("opened"));
    assert!(is_duplicate(&layer, post_to(URL, &[], &body("1700000000", "12ab"))).await);
    for (timestamp, token) in [("17000000001", "2ab"), ("170000000", "012ab"), ("", "170000000012ab")] {
        assert_eq!(
            judge(&layer, post_to(URL, &[], &body(timestamp, token))).await,
            Err(Kind::MalformedSignature)
        );
    }
}

#[tokio::test]
async fn a_route_may_forward_a_message_as_multipart() {
    let token = "a".repeat(50);
    let signature = hex(b"secret", format!("{NOW}{token}"));
    let now = NOW.to_string();
    let body = |signature: &str| {
        let part = |(name, value): (&str, &str)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields =
            [("sender", "a@b.example"), ("timestamp", &*now), ("token", &token), ("signature", signature)];
        format!("{}--b--\r\n", fields.map(part).concat())
    };
    let layer = layer("mailgun", "secret");
    let headers = [("content-type", "multipart/form-data; boundary=b")];
    let delivery = accepts(&layer, post(&headers, &body(&signature))).await;
    assert_eq!(delivery.id(), Some(&*format!("{NOW}{token}")));
    let wrong = send(&layer, post(&headers, &body(&hex(b"secret", "")))).await.err();
    assert_eq!(wrong, Some(Kind::WrongSignature));
}
