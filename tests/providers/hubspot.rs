//! HubSpot.

use crate::support::*;

#[tokio::test]
async fn the_url_may_be_signed_with_some_escapes_decoded() {
    let layer = layer("hubspot-v3", "secret").public_url("https://app.example/hook").without_dedupe();
    let millis = format!("{NOW}000");
    let sent_to = async |target: &str, signed: &str| {
        let text = format!("POST{signed}{{}}{millis}");
        let signature = base64(b"secret", &text);
        let headers = [("x-hubspot-signature-v3", &*signature), ("x-hubspot-request-timestamp", &*millis)];
        judge(&layer, request("POST", target, &headers, "{}")).await
    };
    let (target, sent) = ("/hook?a=b%40c%2Cd&e=%26%3D", "https://app.example/hook?a=b%40c%2Cd&e=%26%3D");
    assert_eq!(sent_to(target, sent).await, Ok(()));
    assert_eq!(sent_to(target, "https://app.example/hook?a=b@c,d&e=%26%3D").await, Ok(()));
    // `&` and `=` separate parameters, so their escapes are not decoded.
    let decoded = "https://app.example/hook?a=b@c,d&e=&=";
    assert_eq!(sent_to(target, decoded).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn a_signed_get_does_not_outlive_its_tolerance() {
    let signature = base64(b"s", format!("GEThttps://example.com/card?portalId=1234567{NOW}000"));
    let get = async |now: u32, query: &str, timestamp: &str| {
        let request = Request::get(format!("/card?portalId={query}"))
            .header("host", "example.com")
            .header("x-hubspot-signature-v3", &signature)
            .header("x-hubspot-request-timestamp", timestamp);
        let layer = layer("hubspot-v3", "s").clock(ManualClock::at_unix(now));
        judge(&layer, request.body(Full::default()).unwrap()).await
    };
    let (now, next_year) = (format!("{NOW}000"), NOW + 31_536_000);
    assert_eq!(get(NOW, "1234567", &now).await, Ok(()));
    assert_eq!(get(next_year, "1234567", &now).await, Err(Kind::StaleTimestamp));
    // With the query's last digit in front, the timestamp is beyond the year 4000.
    assert_eq!(get(next_year, "123456", &format!("7{now}")).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_plain_hash_cannot_be_extended() {
    let padding = |length: usize| {
        let zeros = (119 - length % 64) % 64;
        [&[0x80][..], &vec![0; zeros], &(length as u64 * 8).to_be_bytes()].concat()
    };
    // Computes the hash of a text, its padding and `more` from the text's hash and length alone.
    let extended = |hash: &[u8], length: usize, more: &[u8]| {
        let mut state = [0; 8];
        let words = hash.chunks(4).map(|word| u32::from_be_bytes(word.try_into().unwrap()));
        state.iter_mut().zip(words).for_each(|(to, word)| *to = word);
        let hashed = length + padding(length).len();
        let rest = [more, &padding(hashed + more.len())].concat();
        sha2::block_api::compress256(&mut state, rest.as_chunks::<64>().0);
        HEXLOWER.encode(&state.map(u32::to_be_bytes).concat())
    };
    let post = |headers: &[(&str, &str)], body: Vec<u8>| post(headers, "").map(|_| Full::from(body));

    let (body, more) = (&b"[{\"eventId\":1}]"[..], &b"[{\"eventId\":2}]"[..]);
    let hash = Sha256::digest([SECRET.as_bytes(), body].concat());
    let length = SECRET.len() + body.len();
    let layer = layer("hubspot-v1", SECRET);
    let seen = HEXLOWER.encode(&hash);
    assert!(send(&layer, post(&[("x-hubspot-signature", &seen)], body.to_vec())).await.is_ok());
    let forged = [body, &padding(length), more].concat();
    let signature = extended(&hash, length, more);
    // The hash is valid; the request is rejected because of its body.
    assert_eq!(signature, HEXLOWER.encode(&Sha256::digest([SECRET.as_bytes(), &forged].concat())));
    let judged = send(&layer, post(&[("x-hubspot-signature", &signature)], forged)).await;
    assert_eq!(judged.map(drop), Err(Kind::MalformedSignature));

    // From a request without a body, an attacker could forge the whole body.
    let text = format!("{SECRET}POSThttps://example.com/webhook");
    let forged = [&padding(text.len()), more].concat();
    let signature = extended(&Sha256::digest(&text), text.len(), more);
    let layer = self::layer("hubspot-v2", SECRET);
    let headers = [("host", "example.com"), ("x-hubspot-signature", &*signature)];
    assert_eq!(judge(&layer, post(&headers, forged)).await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_signature_of_version_2_is_not_accepted_as_one_of_version_1() {
    // The two versions share a header and a secret.
    let text = "POSThttps://example.com/webhook{}";
    let signature = HEXLOWER.encode(&Sha256::digest(format!("s{text}")));
    let headers = [("host", "example.com"), ("x-hubspot-signature", &*signature)];
    assert_eq!(judge_post("hubspot-v2", "s", &headers, "{}").await, Ok(()));
    assert_eq!(judge_post("hubspot-v1", "s", &headers, text).await, Err(Kind::MalformedSignature));
}
