//! Providers that sign JSON in a canonical form, and a byte order mark before JSON.

use crate::support::*;

#[tokio::test]
async fn a_byte_order_mark_before_json_is_ignored() {
    let body = format!("\u{feff}{}", r#"{"id":"evt_1","type":"a.b"}"#);
    let layer = layer("checkout", "secret");
    let delivery = accepts(&layer, post(&[("cko-signature", &hex(b"secret", &body))], &body)).await;
    assert_eq!((delivery.id(), delivery.event_type()), (Some("evt_1"), Some("a.b")));
    let json: serde_json::Value = delivery.json().unwrap();
    assert_eq!(json["id"], "evt_1");
}

#[tokio::test]
async fn inngest_signs_the_canonical_form_which_is_the_payload() {
    let layer = layer("inngest", "signkey-test-12345678").without_dedupe();
    let signed = |json: &str| {
        let mac = hex(b"12345678", format!("{json}{NOW}"));
        format!("t={NOW}&s={mac}")
    };
    let canonical = r#"{"a":1,"b":"<"}"#;
    let signature = signed(canonical);
    let headers = [("x-inngest-signature", &*signature)];
    for body in [canonical, r#"{"b":"\u003c", "a":1.0}"#] {
        let answer = answer(&layer, post(&headers, body)).await;
        assert_eq!(answer.body(), canonical, "{body}");
        assert_eq!(answer.extensions().get::<Delivery>().unwrap().payload(), canonical, "{body}");
    }
    // Parsers differ on which of two equal keys they read, so the payload has only one of them.
    let twice = r#"{"a":2,"b":"<","a":1}"#;
    assert_eq!(accepts(&layer, post(&headers, twice)).await.payload(), canonical.as_bytes());
    for body in [r#"{"a":2,"b":"<"}"#, "", "no JSON"] {
        assert_eq!(send(&layer, post(&headers, body)).await.err(), Some(Kind::WrongSignature), "{body}");
    }
    // Text that is not JSON has no canonical form. Even the signature of an empty body must not match such text.
    let empty = signed("");
    let forged = post(&[("x-inngest-signature", &*empty)], "no JSON");
    assert_eq!(send(&layer, forged).await.err(), Some(Kind::WrongSignature));
}

#[tokio::test]
async fn nowpayments_signs_sorted_keys() {
    let layer = layer("nowpayments", "secret").without_dedupe();
    let canonical = r#"{"actually_paid":1e-7,"fee":{"currency":"btc","depositFee":0.0000635},"order":"<é/🦀>","payment_status":"finished","price":25.5}"#;
    let signature = HEXLOWER.encode(&hmac_sha512(b"secret", canonical));
    let headers = [("x-nowpayments-sig", &*signature)];
    for body in [
        canonical,
        r#"{"price":25.50,"payment_status":"finished","order":"<é/🦀>","fee":{"depositFee":0.0000635,"currency":"btc"},"actually_paid":1e-7}"#,
        r#"{ "payment_status": "finished", "order": "\u003c\u00e9\/\ud83e\udd80>", "price": 25.5,
            "fee": {"depositFee": 6.35e-5, "currency": "btc"}, "actually_paid": 0.0000001 }"#,
    ] {
        let delivery = accepts(&layer, post(&headers, body)).await;
        assert_eq!(delivery.payload(), canonical.as_bytes(), "{body}");
        assert_eq!(delivery.event_type(), Some("finished"));
    }
    for body in [canonical.replace("25.5", "2.55"), canonical.replace("0.0000635", "\"0.0000635\"")] {
        let rejected = send(&layer, post(&headers, &body)).await.err();
        assert_eq!(rejected, Some(Kind::WrongSignature), "{body}");
    }
}
