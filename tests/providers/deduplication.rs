//! Ids and deduplication.

use crate::support::*;

#[tokio::test]
async fn the_location_of_the_id_depends_on_the_provider() {
    let github = [
        ("x-hub-signature-256", format!("sha256={}", hex(b"s", "{}"))),
        ("x-github-delivery", "in-a-header".to_owned()),
    ];
    let github = github.each_ref().map(|(name, value)| (*name, &**value));
    let delivery = send(&layer("github", "s"), post(&github, "{}")).await.unwrap().unwrap();
    assert_eq!(delivery.id(), Some("in-a-header"));
    let body = r#"{"event":{"id":"in-the-body"}}"#;
    let request = post(&[("x-pagerduty-signature", &format!("v1={}", hex(b"s", body)))], body);
    let delivery = send(&layer("pagerduty", "s"), request).await.unwrap().unwrap();
    assert_eq!(delivery.id(), Some("in-the-body"));
    // Onfido sends no id, so its deliveries are not deduplicated.
    let request = post(&[("x-sha2-signature", &hex(b"s", "{}"))], "{}");
    let delivery = send(&layer("onfido", "s"), request).await.unwrap().unwrap();
    assert_eq!((delivery.id(), delivery.is_deduped()), (None, false));
}

#[tokio::test]
async fn two_events_of_one_object_are_two_deliveries() {
    let [created, paid] = [r#"{"id":"p1","status":"PENDING"}"#, r#"{"id":"p1","status":"SUCCEEDED"}"#];
    let [moved, booked] =
        [r#"{"data":{"id":"T1","status":"received"}}"#, r#"{"data":{"id":"T1","status":"booked"}}"#];
    let key = "44782def547aaa06c910c43932b1eb0c71fc68d9d0c057550c48ec2acf6ba056";
    // This id depends only on the webhook and the time in seconds.
    let woocommerce = ("x-wc-webhook-delivery-id", "0c5f");
    // All webhooks that one event triggers share this id.
    let gitlab = ("x-gitlab-event-uuid", "e1f2");
    for (provider, secret, header, bodies) in [
        ("woocommerce", "a secret", Some(woocommerce), [r#"{"id":1}"#, r#"{"id":2}"#]),
        (
            "gitlab-token",
            "a secret",
            Some(gitlab),
            [r#"{"object_kind":"push"}"#, r#"{"object_kind":"note"}"#],
        ),
        ("adyen-header", key, None, [moved, booked]),
        ("monei", "a secret", None, [created, paid]),
    ] {
        let secret: Secret = secret.parse().unwrap();
        let verifier = provider::find(provider).unwrap().verifier(secret).unwrap();
        let layer = WebhookLayer::with_verifier(verifier.clone()).clock(ManualClock::at_unix(NOW));
        for body in bodies {
            let request = post(header.as_slice(), body).map(|_| Bytes::from(body));
            let request = testing::sign_at(&verifier, request, signed_at()).unwrap();
            let delivery = send(&layer, request.map(Full::new)).await.unwrap();
            assert!(delivery.is_some(), "{provider}: {body} was treated as a duplicate");
        }
    }
}

#[test]
fn providers_that_act_on_the_response_to_a_retry_are_not_deduplicated() {
    for id in ["twilio", "plivo-v1", "sinch-application", "teams", "dropbox-sign"] {
        let secret: Secret = "czNjcmV0".parse().unwrap();
        let verifier = provider::find(id).unwrap().verifier(secret).unwrap();
        let profile = verifier.profile();
        assert!(profile.id().is_empty() && !profile.equal_bodies(), "{id}");
    }
}
