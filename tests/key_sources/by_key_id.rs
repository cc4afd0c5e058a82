//! eBay and Circle, which name the public key by a key id in a header, and their handshakes.

use super::*;

/// A provider whose public keys are fetched by a key id in the request.
pub(super) struct ByKeyId {
    vectors: &'static str,
    url: fn(&str) -> String,
    page: fn(&Value) -> Value,
    new: fn(&Arc<Web>) -> Handler,
}

pub(super) const EBAY: ByKeyId = ByKeyId {
    vectors: include_str!("ebay.json"),
    url: |key_id| format!("https://api.ebay.com/commerce/notification/v1/public_key/{key_id}"),
    page: |vector| json!({"key": vector["secret"], "algorithm": "ECDSA", "digest": "SHA1"}),
    new: |web| service(provider::ebay(Arc::clone(web)), IN_2012).0,
};

pub(super) const CIRCLE: ByKeyId = ByKeyId {
    vectors: include_str!("circle.json"),
    url: |key_id| format!("https://api.circle.com/v2/notifications/publicKey/{key_id}"),
    page: |vector| {
        json!({"data": {
            "id": vector["key_id"], "algorithm": "ECDSA_SHA_256", "publicKey": vector["secret"],
            "createDate": "2026-01-15T21:47:35.107250Z",
        }})
    },
    new: |web| service(provider::circle(Arc::clone(web)), IN_2012).0,
};

impl ByKeyId {
    fn vectors(&self) -> Vec<Value> {
        serde_json::from_str(self.vectors).unwrap()
    }

    fn url(&self, vector: &Value) -> String {
        (self.url)(vector["key_id"].as_str().unwrap())
    }

    fn web(&self, vector: &Value) -> Arc<Web> {
        Web::with(&self.url(vector), (self.page)(vector).to_string())
    }

    /// Returns the first known answer, a web that serves its key, and a service that fetches from it.
    pub(super) fn valid(&self) -> (Value, Arc<Web>, Handler) {
        let vector = self.vectors().swap_remove(0);
        let web = self.web(&vector);
        let service = (self.new)(&web);
        (vector, web, service)
    }
}

#[tokio::test]
async fn the_known_answers_with_key_ids_are_judged_correctly() {
    for provider in [EBAY, CIRCLE] {
        let (mut valid, vectors) = (0, provider.vectors());
        assert!(vectors.len() >= 12, "only {} vectors", vectors.len());
        for vector in vectors {
            let web = provider.web(&vector);
            let service = (provider.new)(&web);
            let id = &vector["id"];
            // The first request fetches the key, and the second one finds it in the cache.
            for _ in 0..2 {
                let judged = send_request(&service, request_of(&vector)).await;
                assert_eq!(judged, expected(&vector).map(|()| seen(&vector)), "{id}");
                // Do not send a valid request twice: the second would be a duplicate.
                valid += usize::from(judged.is_ok());
                if judged.is_ok() {
                    break;
                }
            }
            assert!(web.asked().len() <= usize::from(needs_key(&vector)), "{id}");
            let tampered = json!({
                "headers": vector["headers"], "body_utf8": format!("{} ", vector["body_utf8"].as_str().unwrap()),
            });
            assert!(send_request(&service, request_of(&tampered)).await.is_err(), "{id}");
        }
        assert!(valid >= 2);
    }
}

/// Returns what the handler sees of a delivery: its event type and id.
fn seen(vector: &Value) -> String {
    let body: Value = serde_json::from_str(vector["body_utf8"].as_str().unwrap()).unwrap();
    let text = |pointers: [&str; 2]| {
        let value = pointers.iter().find_map(|pointer| body.pointer(pointer)?.as_str());
        value.unwrap().to_owned()
    };
    let event_type = text(["/metadata/topic", "/notificationType"]);
    format!("{event_type} {}", text(["/notification/notificationId", "/notificationId"]))
}

#[tokio::test]
async fn a_page_without_a_key_of_the_right_kind_is_a_503() {
    const P384: &str =
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqkS2HfhPsP7vXSF9UZvIPMCy8tGdrjdMG9q6Yd4m5ZnSIAbFSqGzKkTGAgoXm6vD";
    for provider in [EBAY, CIRCLE] {
        let (vector, web, service) = provider.valid();
        let right = (provider.page)(&vector).to_string();
        let key = vector["secret"].as_str().unwrap();
        let wrong = [
            String::new(),
            "{}".to_owned(),
            "[".repeat(60_000),
            right.replace("SHA1", "SHA256").replace("SHA_256", "SHA_512"),
            right.replace("ECDSA", "RSA"),
            right.replace(key, ""),
            right.replace(key, "-----BEGIN PUBLIC KEY-----"),
            right.replace(key, P384),
            right.replace(&key[30..60], ""),
        ];
        for page in &wrong {
            assert_ne!(page, &right);
            web.set(&provider.url(&vector), Ok(page.clone().into()));
            assert_eq!(send_request(&service, request_of(&vector)).await, UNAVAILABLE, "{page:.90}");
        }
        web.set(&provider.url(&vector), Ok(right.into()));
        assert_eq!(send_request(&service, request_of(&vector)).await, Ok(seen(&vector)));
        assert_eq!(web.asked(), vec![provider.url(&vector); wrong.len() + 1]);
    }
}

#[tokio::test(start_paused = true)]
async fn fetches_of_made_up_key_ids_are_limited() {
    let (vector, web, service) = CIRCLE.valid();
    for number in 0..40 {
        let mut request = request_of(&vector);
        let key_id = format!("00000000-0000-4000-8000-{number:012x}");
        request.headers_mut().insert("x-circle-key-id", key_id.parse().unwrap());
        assert_eq!(send_request(&service, request).await, UNAVAILABLE);
    }
    assert_eq!(web.asked().len(), 16);
    tokio::time::advance(MINUTE).await;
    assert_eq!(send_request(&service, request_of(&vector)).await, Ok(seen(&vector)));
}

#[tokio::test]
async fn the_other_environments_fetch_only_from_their_own_urls() {
    type Make = fn(Arc<Web>) -> Handler;
    let places: [(ByKeyId, Make, &str); 3] = [
        (
            EBAY,
            |web| service(provider::ebay(web).sandbox(), IN_2012).0,
            "https://api.sandbox.ebay.com/commerce/notification/v1/public_key/",
        ),
        (
            CIRCLE,
            |web| service(provider::circle(web).cpn(), IN_2012).0,
            "https://api.circle.com/v2/cpn/notifications/publicKey/",
        ),
        (
            CIRCLE,
            |web| service(provider::circle(web).stablefx(), IN_2012).0,
            "https://api.circle.com/v2/stablefx/notifications/publicKey/",
        ),
    ];
    for (provider, make, place) in places {
        let vector = &provider.vectors()[0];
        let url = format!("{place}{}", vector["key_id"].as_str().unwrap());
        let web = Web::with(&url, (provider.page)(vector).to_string());
        assert_eq!(send_request(&make(Arc::clone(&web)), request_of(vector)).await, Ok(seen(vector)));
        assert_eq!(web.asked(), [url]);
    }
}

/// The values are from eBay's own library, including the response. The request has the path of the public URL.
#[tokio::test]
async fn only_ebays_challenge_is_answered_with_its_hash() {
    let layer = |token: bool, url: bool| {
        let mut layer = WebhookLayer::with_verifier(provider::ebay(Web::new(true)));
        if token {
            layer = layer.verify_token("71745723-d031-455c-bfa5-f90d11b4f20a".parse::<Secret>().unwrap());
        }
        match url {
            true => layer.public_url("http://www.testendpoint.com/webhook"),
            false => layer,
        }
    };
    let code = "challenge_code=71745723-d031-455c-bfa5-f90d11b4f20a";
    let hash = "048de9ffd0e35021fefc0388d5c52e0f475324f582f3778ca81a53354ccbbc97";
    let answer = (200, format!(r#"{{"challengeResponse":"{hash}"}}"#));
    assert_eq!(ask(layer(true, true), "GET", code).await, answer);
    for (layer, method, query) in [
        (layer(false, true), "GET", code),
        (layer(true, false), "GET", code),
        (layer(true, true), "POST", code),
        (layer(true, true), "GET", ""),
    ] {
        assert_eq!(ask(layer, method, query).await.0, 401, "{method} {query}");
    }
}

#[tokio::test]
async fn circles_head_request_is_answered() {
    for (method, status) in [("HEAD", 200), ("GET", 401)] {
        let layer = WebhookLayer::with_verifier(provider::circle(Web::new(true)));
        assert_eq!(ask(layer, method, "").await.0, status, "{method}");
    }
}
