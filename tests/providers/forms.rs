//! Providers that send forms.

use crate::support::*;

#[tokio::test]
async fn a_mandrill_form_in_another_encoding_is_the_same_delivery() {
    let layer = layer("mandrill", "secret");
    let events = r#"[{"event":"send","_id":"1"}]"#;
    let signature = BASE64.encode(&hmac_sha1(b"secret", format!("{URL}mandrill_events{events}")));
    let headers = [("x-mandrill-signature", &*signature)];
    let plain = form([("mandrill_events", events)]);
    assert!(!is_duplicate(&layer, post_to(URL, &headers, &plain)).await);
    for other in [
        plain.clone(),
        plain.replace("%22", "\""),
        plain.replace("mandrill", "%6dandrill"),
        format!("&{plain}"),
        format!("{plain}&"),
        format!("{plain}&{plain}"),
    ] {
        assert!(is_duplicate(&layer, post_to(URL, &headers, &other)).await, "{other}");
    }
}

#[tokio::test]
async fn mandrills_head_request_is_answered() {
    let response = answer(&layer("mandrill", "secret"), request("HEAD", URL, &[], "")).await;
    assert_eq!(response.status(), StatusCode::OK);
}

fn dropbox_json(kind: &str) -> String {
    let hash = hex(b"secret", format!("1700000000{kind}"));
    format!(r#"{{"event":{{"event_time":"1700000000","event_type":"{kind}","event_hash":"{hash}"}}}}"#)
}

#[tokio::test]
async fn dropbox_signs_endpoint_test_is_answered_after_verification() {
    let layer = layer("dropbox-sign", "secret");
    let multipart = |json: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{json}\r\n--b--\r\n")
    };
    let test = multipart(&dropbox_json("callback_test"));
    let response = answer(&layer, post_to(URL, &[], &test)).await;
    assert_eq!((response.status(), &response.body()[..]), (StatusCode::OK, &b"Hello API Event Received"[..]));
    let forged = test.replace("1700000000", "1700000001");
    assert_eq!(judge(&layer, post_to(URL, &[], &forged)).await, Err(Kind::WrongSignature));
    let json = dropbox_json("signature_request_sent");
    let seen = accepts(&layer, post_to(URL, &[], &multipart(&json))).await;
    assert_eq!(seen.event_type(), Some("signature_request_sent"));
    // `json` decodes the form's field, not the form.
    let typed = layer.clone().json::<serde_json::Value>();
    assert!(judge(&typed, post_to(URL, &[], &multipart(&json))).await.is_ok());
    // With two fields, the handler might read the one that is not signed.
    let twice = format!("json={json}&json=%7B%7D");
    assert_eq!(judge(&layer, post_to(URL, &[], &twice)).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn braintrees_kind_is_the_event_type_and_a_challenge_is_not_a_notification() {
    let secret: Secret = "integration_private_key".parse().unwrap();
    let secret = secret.with_key_id("integration_public_key");
    let layer = layer_with("braintree", secret);
    let payload = BASE64.encode(b"<notification><kind>check</kind></notification>");
    let key = sha1::Sha1::digest("integration_private_key");
    let tag = HEXLOWER.encode(&hmac_sha1(&key, &payload));
    let body = |signature: &str| form([("bt_signature", signature), ("bt_payload", &payload)]);
    let signature = format!("other|00&integration_public_key|{tag}");
    let seen = accepts(&layer, post_to(URL, &[], &body(&signature))).await;
    assert_eq!(seen.event_type(), Some("check"));
    // Other fields are not signed, so adding one does not make the request a new delivery.
    assert!(is_duplicate(&layer, post_to(URL, &[], &format!("{}&a=b", body(&signature)))).await);
    assert_eq!(
        judge(&layer, post_to(URL, &[], &body(&format!("other|{tag}")))).await,
        Err(Kind::WrongSignature)
    );
    assert_eq!(judge(&layer, post_to(URL, &[], "bt_payload=x")).await, Err(Kind::MissingSignature));

    let challenge = "20f9f8ed05f77439fe955c977e4c8a53";
    let response = answer(&layer, request("GET", &format!("{URL}?bt_challenge={challenge}"), &[], "")).await;
    let signed = std::str::from_utf8(response.body()).unwrap().to_owned();
    assert_eq!(signed, "integration_public_key|d9b899556c966b3f06945ec21311865d35df3ce4");
    // The handshake signs challenges of any client, so a signed challenge is not accepted as a notification.
    let replay = format!("bt_signature={}&bt_payload={challenge}", signed.replace('|', "%7C"));
    assert_eq!(judge(&layer, post_to(URL, &[], &replay)).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn the_json_of_a_form_or_a_query_is_signed_and_is_the_payload() {
    let posted = form([("payload", JSON)]);
    for (provider, prefix) in [("gitea", "x-gitea"), ("gogs", "x-gogs")] {
        let (signature, delivery, mac) =
            (format!("{prefix}-signature"), format!("{prefix}-delivery"), hex(b"secret", JSON));
        let headers = |id| [(&*signature, &*mac), (&*delivery, id), FORM];
        let layer = layer(provider, "secret");
        let answer = answer(&layer, post(&headers("1"), &posted)).await;
        let delivery: &Delivery = answer.extensions().get().unwrap();
        assert_eq!((&**answer.body(), delivery.id()), (JSON.as_bytes(), Some("1")));
        assert_eq!(delivery.raw(), posted.as_bytes());
        let get = request("GET", &format!("/?a=b&{posted}"), &headers("2"), "");
        assert_eq!(accepts(&layer, get).await.payload(), JSON.as_bytes());
        // Only the JSON is signed. The form's other parameters are not part of the payload.
        let more = post(&headers("3"), &format!("{posted}&payload=x&admin=true"));
        assert_eq!(accepts(&layer, more).await.payload(), JSON.as_bytes());
        for body in ["payload=%7B%7D", "", "other=x"] {
            let rejected = judge(&layer, post(&headers("4"), body)).await.err();
            assert_eq!(rejected, Some(Kind::WrongSignature), "{provider}: {body}");
        }
    }
}

#[tokio::test]
async fn json_from_a_form_is_described_as_json() {
    let body = form([("payload", JSON)]);
    let mac = hex(b"secret", JSON);
    let headers = [("x-gitea-signature", &*mac), FORM, ("content-length", &*body.len().to_string())];
    let service = layer("gitea", "secret").layer(service_fn(async |request: Request<Body>| {
        let header = |name| request.headers()[name].to_str().unwrap().to_owned();
        let described = format!("{} {}", header("content-type"), header("content-length"));
        Ok::<_, BoxError>(Response::new(Full::<Bytes>::from(described)))
    }));
    let response = service.oneshot(post(&headers, &body)).await.unwrap();
    let described = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(described, format!("application/json {}", JSON.len()));
}
