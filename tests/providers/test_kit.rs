//! The test kit, for providers with several forms of a delivery.

use crate::support::*;

#[tokio::test]
async fn the_test_kit_signs_each_form_of_a_delivery() {
    let posted = form([("payload", JSON)]);
    let mailgun = "sender=a%40b.example&subject=hi";
    let compressed = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        std::io::Write::write_all(&mut encoder, JSON.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let mut gzipped = post(&[("content-encoding", "gzip")], "");
    *gzipped.body_mut() = Full::from(compressed);
    let whsec = [("webhook-signature", "-"), ("webhook-id", "msg_1")];
    for (provider, secret, request, payload) in [
        ("gitea", "secret", post(&[FORM], &posted), JSON),
        ("gitea", "secret", request("GET", &format!("/?{posted}"), &[], ""), JSON),
        ("gitea", "secret", post(&[], JSON), JSON),
        ("gogs", "secret", post(&[FORM], &posted), JSON),
        ("github", "secret", post(&[FORM], &posted), &posted),
        ("slack", "secret", post(&[FORM], &posted), &posted),
        ("getstream", "secret", gzipped, JSON),
        ("svix", WHSEC, post(&whsec, JSON), JSON),
        ("svix", WHSEC, post(&[], JSON), JSON),
        ("shopify", "secret", post(&[("shopify-hmac-sha256", "-")], JSON), JSON),
        ("sentry", "secret", post(&[("sentry-app-signature", "-")], JSON), JSON),
        ("intercom", "secret", post(&[("x-body-signature", "-")], JSON), JSON),
        ("quicknode", "secret", post(&[], JSON), JSON),
        ("bigcommerce", "secret", post(&[], JSON), JSON),
        ("surge", WHSEC, post(&[("surge-signature", "-")], JSON), JSON),
        ("inngest", "signkey-test-12345678", post(&[], r#"{"b":"\u003c", "a":1.0}"#), r#"{"a":1,"b":"<"}"#),
    ] {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.collect().await.unwrap().to_bytes());
        let text: Secret = secret.parse().unwrap();
        let verifier = provider::find(provider).unwrap().verifier(text).unwrap();
        let signed = testing::sign_at(&verifier, request, signed_at()).unwrap().map(Full::new);
        let headers = format!("{:?}", signed.headers());
        let delivery = send(&layer(provider, secret), signed).await;
        let delivery = delivery.unwrap_or_else(|kind| panic!("{provider}: {kind} {headers}")).unwrap();
        assert_eq!(delivery.payload(), payload.as_bytes(), "{provider}");
    }
    let text: Secret = "secret".parse().unwrap();
    let verifier = provider::mailgun(text);
    let request = Request::post("/").header(FORM.0, FORM.1).body(mailgun).unwrap();
    let signed = testing::sign_at(&verifier, request, signed_at()).unwrap().map(Full::new);
    assert!(accepts(&layer("mailgun", "secret"), signed).await.id().is_some());
}
