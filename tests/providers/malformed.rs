//! Malformed requests to providers with their own signing schemes.

use crate::support::*;

/// Every combination must be rejected without a panic.
#[tokio::test]
async fn malformed_requests_are_rejected_without_a_panic() {
    const IDS: [&str; 18] = [
        "twilio",
        "vonage-params",
        "vonage-params-md5hash",
        "plivo-v1",
        "plivo-v2",
        "plivo-v3",
        "adyen-standard",
        "mailgun",
        "dropbox-sign",
        "braintree",
        "mercadopago",
        "contentful",
        "sinch-application",
        "messagebird-legacy",
        "mandrill",
        "recurly",
        "pandadoc",
        "pusher",
    ];
    const NAMES: [&str; 18] = [
        "x-twilio-signature",
        "x-plivo-signature",
        "x-plivo-signature-v2",
        "x-plivo-signature-v2-nonce",
        "x-plivo-signature-v3",
        "x-plivo-signature-v3-nonce",
        "x-signature",
        "x-contentful-signature",
        "x-contentful-signed-headers",
        "x-contentful-timestamp",
        "authorization",
        "x-timestamp",
        "messagebird-signature",
        "messagebird-request-timestamp",
        "x-mandrill-signature",
        "recurly-signature",
        "x-pusher-signature",
        "x-pusher-key",
    ];
    let values: [&[u8]; 12] = [
        b"",
        b"\xff\xfe",
        b",",
        b"=",
        b"ts=,v1=",
        b"ts=99999999999999999999,v1=zz",
        b"Application :",
        b"Application",
        b"9223372036854775807",
        b"-1",
        b"AAAA====",
        "\u{e9}".as_bytes(),
    ];
    let bodies: [&[u8]; 16] = [
        b"",
        b"{",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"--",
        b"--\r\n\r\n",
        b"json=%ff",
        b"bt_signature=|&bt_payload=",
        br#"{"signature":{"timestamp":1e400,"token":[],"signature":null}}"#,
        br#"{"notificationItems":[{}]}"#,
        br#"{"notificationItems":[{"NotificationRequestItem":null}]}"#,
        br#"{"event":{"event_time":-1,"event_type":"","event_hash":"00"}}"#,
        b"sig=&timestamp=",
        br#"{"sig":"","timestamp":18446744073709551615}"#,
    ];
    let urls = [URL, "https://h?sig=%ff&signature=%00", "https://[::1]:1/?data.id=%3b&bodySHA256=", "/in?%"];
    let deep = "{\"a\":".repeat(10_000);
    for id in IDS {
        let layer = layer_with(id, "00112233445566778899aabbccddeeff".parse().unwrap());
        for value in values {
            for url in urls {
                for body in bodies.into_iter().chain([deep.as_bytes()]) {
                    let request = NAMES.into_iter().fold(Request::post(url), |request, name| {
                        request.header(name, http::HeaderValue::from_bytes(value).unwrap())
                    });
                    let request = request.body(Full::from(body.to_vec())).unwrap();
                    assert!(judge(&layer, request).await.is_err(), "{id} {url} {value:?} {body:?}");
                }
            }
        }
    }
}
