//! Signed forms.

use std::sync::Arc;

use tower_webhook::store::MokaStore;

use super::*;

#[tokio::test]
async fn fields_of_a_form_are_signed_as_sorted_pairs() {
    let scheme = Scheme::hmac_sha256("x", Encoding::Hex)
        .signature_in("form:sign")
        .signs("{sorted_pairs:sign,sign_type}")
        .id("form:id");
    let send = async |fields: &str, text: &str| {
        let body = format!("{fields}&sign={}", tag(text));
        send(&scheme, secret("secret"), post(&[], &body)).await
    };
    let text = "amount=1.50&id=7&name=H&M=";
    assert_eq!(send("id=7&name=x&amount=1.50", "amount=1.50&id=7&name=x").await, Ok("7".to_owned()));
    assert_eq!(send("%69d=%37&sign_type=RSA2&b=+%2B", "b= +&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&b=&c", "b=&c=&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=x%3Dy%3D", "a=x=y=&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=H%26M", "a=H&M&id=7").await, Ok("7".to_owned()));
    assert_eq!(send("id=7&a=1", "a=1&id=7&").await, Err(Kind::WrongSignature));
    // Bytes must not move between names and values, or between pairs.
    for fields in [
        "amount=1.50%26id%3D7&name=H%26M%3D",
        "amount=1.50&id=7%26name%3DH%26M%3D",
        "amount=1.50&id=7&name=H%26M%3D",
        "amount%3D1.50%26id=7&name=H&M=",
        "amount=1.50&id=7&name=H%26M=",
    ] {
        assert_eq!(send(fields, text).await, Err(Kind::MalformedSignature), "{fields}");
    }
    for repeated in ["id=7&id=7", "id=7&id=8", "id=7&sign_type=a&sign_type=b"] {
        assert_eq!(send(repeated, "id=7").await, Err(Kind::MalformedSignature), "{repeated}");
    }
    let fields = (0..1025).map(|n| format!("a{n}=1")).collect::<Vec<_>>().join("&");
    assert_eq!(send(&fields, "").await, Err(Kind::MalformedSignature));

    // The pairs may be hashed together with the secret.
    let scheme =
        Scheme::new(Algorithm::Sha256, "x-signature", Encoding::Hex).signs("{sorted_pairs}&key={secret}");
    let hash = data_encoding::HEXLOWER.encode(&<sha2::Sha256 as sha2::Digest>::digest("a=1&b=2&key=secret"));
    let request = post(&[("x-signature", &hash)], "b=2&a=1");
    assert_eq!(self::send(&scheme, secret("secret"), request).await, Ok(String::new()));
}

#[tokio::test]
async fn a_form_has_at_most_1024_fields() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{sorted_form}");
    let send = async |fields: usize| {
        let signature = tag((0..fields).map(|n| format!("a{n:04}")).collect::<String>());
        let form: Vec<_> = (0..fields).map(|n| format!("a={n:04}")).collect();
        send(&scheme, secret("secret"), post(&[("x-signature", &signature)], &form.join("&"))).await
    };
    assert_eq!(send(1024).await, Ok(String::new()));
    assert_eq!(send(1025).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_form_signed_with_the_url_or_the_path_is_one_delivery_in_any_encoding() {
    for (template, signed) in [
        ("{url}{sorted_form}", "https://hooks.example/in?order=7&token=xa1b2"),
        ("{path_query}{sorted_form}", "/in?order=7&token=xa1b2"),
    ] {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template).id("header:x-id");
        let verifier = scheme.verifier("acme", secret("secret")).unwrap();
        let layer = WebhookLayer::with_verifier(verifier).replay_guard().dedupe(Arc::new(MokaStore::new(10)));
        let layer = layer.clock(ManualClock::at_unix(NOW));
        for (id, form) in [("1", "a=1&b=2"), ("2", "b=2&a=1"), ("3", "%61=1&b=2")] {
            let request =
                post(&[("x-signature", &tag(signed)), ("x-id", id), ("host", "hooks.example")], form);
            let delivery = deliver::send(&layer, request).await.unwrap();
            assert_eq!(delivery.is_some(), id == "1", "{template} {form}");
        }
    }
}
