//! Plivo.

use crate::support::*;

#[tokio::test]
async fn a_nonce_cannot_contain_separators_of_a_url() {
    let plivo = async |version: &str, signed: &str, nonce: &str| {
        let signature = base64(b"s", format!("https://hooks.example/in{signed}{nonce}"));
        let name = format!("x-plivo-signature-{version}");
        let headers = [(&*name, &*signature), (&*format!("{name}-nonce"), nonce)];
        let layer = layer(&format!("plivo-{version}"), "s").public_url("https://hooks.example/in");
        judge(&layer, post(&headers, "a=1.2")).await
    };
    assert_eq!(plivo("v2", "", "05429567804466091622").await, Ok(()));
    assert_eq!(plivo("v2", "", "/123").await, Err(Kind::MalformedSignature));
    assert_eq!(plivo("v3", "?a1.2.", "05429567804466091622").await, Ok(()));
    assert_eq!(plivo("v3", "?a1.2.", "3.4").await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_digit_moved_to_the_nonce_does_not_change_the_id() {
    let layer = layer("plivo-v2", "secret");
    let signature = base64(b"secret", b"https://hooks.example/plivo/acme123");
    let sent = |path: &str, nonce: &str| {
        let headers = [
            ("host", "hooks.example"),
            ("x-plivo-signature-v2", &*signature),
            ("x-plivo-signature-v2-nonce", nonce),
        ];
        post_to(path, &headers, "a=1")
    };
    let seen = accepts(&layer, sent("/plivo/acme?unsigned", "123")).await;
    assert_eq!(seen.id(), Some("https://hooks.example/plivo/acme123"));
    for (path, nonce) in [("/plivo/acme", "123"), ("/plivo/acme1", "23"), ("/plivo/acme12", "3")] {
        assert!(is_duplicate(&layer, sent(path, nonce)).await, "{path}");
    }
    for (path, nonce) in [("/plivo/acm", "e123"), ("/plivo/ac", "me123"), ("/", "plivo/acme123")] {
        assert_eq!(judge(&layer, sent(path, nonce)).await, Err(Kind::MalformedSignature), "{path}");
    }
}

/// Plivo signs the configured URL, which may lack a path; a request always has one.
#[tokio::test]
async fn a_digit_moved_from_the_host_to_the_nonce_does_not_change_the_id() {
    let layer = layer("plivo-v2", "secret");
    let signature = base64(b"secret", b"https://hooks.example:8443123");
    let sent = |host: &str, nonce: &str| {
        let headers =
            [("host", host), ("x-plivo-signature-v2", &*signature), ("x-plivo-signature-v2-nonce", nonce)];
        post_to("/", &headers, "a=1")
    };
    let seen = accepts(&layer, sent("hooks.example:8443", "123")).await;
    assert_eq!(seen.id(), Some("https://hooks.example:8443123"));
    assert!(is_duplicate(&layer, sent("hooks.example:844", "3123")).await);
}

#[tokio::test]
async fn the_number_of_parameters_is_limited() {
    let body = "a&".repeat(100_000);
    let headers = [
        ("x-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("x-plivo-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];
    let request = post_to(URL, &headers, &body);
    assert_eq!(judge(&layer("plivo-v1", "secret"), request).await, Err(Kind::MalformedSignature));
}
