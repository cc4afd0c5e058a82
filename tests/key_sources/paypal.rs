//! PayPal, which sends the URL of the certificate in a header.

use super::*;

fn paypal_vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("paypal.json")).unwrap()
}

fn paypal_web(vector: &Value) -> Arc<Web> {
    Web::with(cert_url(vector), certificate_of(vector))
}

fn cert_url(vector: &Value) -> &str {
    vector["headers"]["PAYPAL-CERT-URL"].as_str().unwrap()
}

/// The time at which the requests of the test vectors were sent: 2015-05-18T15:45:13Z.
const SENT_AT: u32 = 1_431_963_913;

/// Returns a service for the sandbox, the environment of all test vectors.
fn paypal(webhook_ids: impl Into<Secrets>, web: &Arc<Web>) -> Handler {
    service(provider::paypal(webhook_ids, Arc::clone(web)).sandbox(), SENT_AT).0
}

#[tokio::test]
async fn paypal_test_vectors_have_the_expected_results() {
    let mut valid = 0;
    for vector in paypal_vectors() {
        let secret: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
        let web = paypal_web(&vector);
        let service = paypal(secret, &web);
        let seen = "PAYMENT.SALE.COMPLETED WH-0G2756385H040842W-5Y612302CV158622M".to_owned();
        let expected = expected(&vector).map(|()| seen);
        valid += usize::from(expected.is_ok());
        assert_eq!(send_request(&service, request_of(&vector)).await, expected, "{}", vector["id"]);
        // With the cached key, a request that does not match its signature is rejected too.
        let mut changed = request_of(&vector);
        changed.headers_mut().insert("paypal-transmission-id", "other".parse().unwrap());
        assert_eq!(send_request(&service, changed).await, Err(RejectionKind::WrongSignature));
        assert_eq!(web.asked().len(), 1);
    }
    assert!(valid > 0);
}

#[tokio::test]
async fn any_of_several_paypal_webhook_ids_is_accepted() {
    let vector = &paypal_vectors()[0];
    let right: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let other: Secret = "8PT597110X687430LKGECATA".parse().unwrap();
    for ids in [[right.clone(), other.clone()], [other, right]] {
        let service = paypal(Secrets::from(ids), &paypal_web(vector));
        assert!(send_request(&service, request_of(vector)).await.is_ok());
    }
}

#[tokio::test]
async fn requests_that_cannot_be_from_paypal_are_rejected_without_a_fetch() {
    let vector = &paypal_vectors()[0];
    let id: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let web = paypal_web(vector);
    let service = paypal(id, &web);
    let urls = [
        "http://api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://API.SANDBOX.PAYPAL.COM/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com./v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com:443/v1/notifications/certs/CERT-1",
        "https://user@api.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://www.sandbox.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/",
        "https://api.sandbox.paypal.com/v1/notifications/certs/../CERT-1",
        "https://api.sandbox.paypal.com/v1/notifications/certs/CERT-1?x",
        "https://api.sandbox.paypal.com/v1/payments/CERT-1",
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

#[tokio::test]
async fn the_live_and_the_sandbox_environment_of_paypal_do_not_accept_each_others_certificates() {
    let vector = &paypal_vectors()[0];
    let id: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let sandbox = cert_url(vector);
    let live = sandbox.replace("api.sandbox.", "api.");
    assert_ne!(live, sandbox);
    for (own, other, is_sandbox) in [(sandbox, &*live, true), (&*live, sandbox, false)] {
        let web = Web::with(own, certificate_of(vector));
        web.set(other, Ok(certificate_of(vector)));
        let verifier = provider::paypal(id.clone(), Arc::clone(&web));
        let (service, _) = service(if is_sandbox { verifier.sandbox() } else { verifier }, SENT_AT);
        // The URL of the certificate is not signed.
        let with = |url: &str| {
            let mut request = request_of(vector);
            request.headers_mut().insert("paypal-cert-url", url.parse().unwrap());
            request
        };
        assert_eq!(send_request(&service, with(other)).await, Err(RejectionKind::MalformedSignature));
        assert!(send_request(&service, with(own)).await.is_ok());
        assert_eq!(web.asked(), [own]);
    }
}
