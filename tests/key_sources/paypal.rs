//! PayPal, whose certificate is named in a header.

use super::*;

fn paypal_vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("paypal.json")).unwrap()
}

fn paypal_web(vector: &Value) -> Arc<Web> {
    let key = BASE64.decode(vector["public_key_der_b64"].as_str().unwrap().as_bytes()).unwrap();
    Web::with(vector["headers"]["PAYPAL-CERT-URL"].as_str().unwrap(), key)
}

fn paypal(webhook_ids: impl Into<Secrets>, web: &Arc<Web>) -> Handler {
    service(provider::paypal(webhook_ids, Arc::clone(web)), IN_2012).0
}

#[tokio::test]
async fn the_known_answers_of_paypal_are_judged_right() {
    let mut valid = 0;
    for vector in paypal_vectors() {
        let secret: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
        let web = paypal_web(&vector);
        let service = paypal(secret, &web);
        let expected = match vector["expect"].as_str().unwrap() {
            "valid" => Ok("PAYMENT.SALE.COMPLETED WH-0G2756385H040842W-5Y612302CV158622M".to_owned()),
            "invalid:signature_mismatch" => Err(RejectionKind::WrongSignature),
            other => panic!("{other}"),
        };
        valid += usize::from(expected.is_ok());
        assert_eq!(send_request(&service, request_of(&vector)).await, expected, "{}", vector["id"]);
        // The key is there now, and what is not signed is refused with it as well.
        let mut changed = request_of(&vector);
        changed.headers_mut().insert("paypal-transmission-id", "other".parse().unwrap());
        assert_eq!(send_request(&service, changed).await, Err(RejectionKind::WrongSignature));
        assert_eq!(web.asked().len(), 1);
    }
    assert!(valid > 0);
}

#[tokio::test]
async fn any_of_several_webhook_ids_of_paypal_will_do() {
    let vector = &paypal_vectors()[0];
    let right: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let other: Secret = "8PT597110X687430LKGECATA".parse().unwrap();
    for ids in [[right.clone(), other.clone()], [other, right]] {
        let service = paypal(Secrets::from(ids), &paypal_web(vector));
        assert!(send_request(&service, request_of(vector)).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_not_of_paypal_is_refused_without_a_fetch() {
    let vector = &paypal_vectors()[0];
    let id: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let web = paypal_web(vector);
    let service = paypal(id, &web);
    let urls = [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x",
        "https://api.paypal.com/v1/payments/CERT-1",
    ];
    let urls = urls.map(|url| ("paypal-cert-url", url));
    let others = [
        ("paypal-auth-algo", "SHA1withRSA"),
        ("paypal-transmission-time", "yesterday"),
        ("paypal-transmission-sig", "no base64!"),
    ];
    for (name, value) in urls.into_iter().chain(others) {
        let mut request = request_of(vector);
        request.headers_mut().insert(name, value.parse().unwrap());
        assert_eq!(send_request(&service, request).await, Err(RejectionKind::MalformedSignature), "{value}");
    }
    for name in ["paypal-transmission-id", "paypal-transmission-time", "paypal-transmission-sig"] {
        let mut request = request_of(vector);
        request.headers_mut().append(name, "again".parse().unwrap());
        assert_eq!(send_request(&service, request).await, Err(RejectionKind::MalformedSignature), "{name}");
        let mut request = request_of(vector);
        request.headers_mut().remove(name);
        assert_eq!(send_request(&service, request).await, Err(RejectionKind::MissingSignature), "{name}");
    }
    assert_eq!(web.asked(), [""; 0]);
}
