//! Adobe I/O Events, which sends two signatures and the paths of their keys, and its handshake.

use super::*;

fn vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("adobe_io.json")).unwrap()
}

fn client_id(vector: &Value) -> Secret {
    vector["secret"].as_str().unwrap().parse().unwrap()
}

fn adobe(vector: &Value, web: &Arc<Web>) -> Handler {
    service(provider::adobe_io(client_id(vector), Arc::clone(web)), IN_2012).0
}

pub(super) fn valid() -> (Value, Arc<Web>, Handler) {
    let vector = vectors().swap_remove(0);
    let web = Web::of(&vector);
    let service = adobe(&vector, &web);
    (vector, web, service)
}

/// Returns the URLs of the two keys.
fn urls(vector: &Value) -> [String; 2] {
    ["x-adobe-public-key1-path", "x-adobe-public-key2-path"]
        .map(|name| format!("https://static.adobeioevents.com{}", vector["headers"][name].as_str().unwrap()))
}

#[tokio::test]
async fn the_known_answers_of_adobe_are_judged_correctly() {
    let mut valid = 0;
    for vector in vectors() {
        let (web, id) = (Web::of(&vector), &vector["id"]);
        let judged = send_request(&adobe(&vector, &web), request_of(&vector)).await.map(drop);
        assert_eq!(judged, expected(&vector), "{id}");
        let fetches = match (needs_key(&vector), judged.is_ok()) {
            (true, true) => 1..=2,
            (true, false) => 2..=2,
            (false, _) => 0..=0,
        };
        assert!(fetches.contains(&web.asked().len()), "{id}: {:?}", web.asked());
        valid += usize::from(judged.is_ok());
    }
    assert!(valid >= 9);
}

#[tokio::test]
async fn the_handler_sees_the_id_and_the_type_in_the_body_of_adobe() {
    let seen = async |index: usize| {
        let vector = &vectors()[index];
        send_request(&adobe(vector, &Web::of(vector)), request_of(vector)).await.unwrap()
    };
    assert_eq!(seen(0).await, "- eventId1");
    assert_eq!(seen(1).await, "- -");
    let event =
        "com.adobe.platform.marketo.activity.standard.changesegment 8927ce83-2f10-4df9-9eb4-09c381bc4778";
    assert_eq!(seen(6).await, event);
    assert_eq!(seen(7).await, event);
}

#[tokio::test]
async fn any_of_several_client_ids_is_accepted() {
    let vector = &vectors()[0];
    let (right, other): (Secret, Secret) = (client_id(vector), "client_id2".parse().unwrap());
    for ids in [[right.clone(), other.clone()], [other, right]] {
        let service = service(provider::adobe_io(Secrets::from(ids), Web::of(vector)), IN_2012).0;
        assert!(send_request(&service, request_of(vector)).await.is_ok());
    }
}

#[tokio::test]
async fn a_batch_that_is_sent_again_is_a_duplicate() {
    let vector = &vectors()[1];
    let verifier = provider::adobe_io(client_id(vector), Web::of(vector));
    let (service, calls) = service(verifier, IN_2012);
    for _ in 0..2 {
        assert!(send_request(&service, request_of(vector)).await.is_ok());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test(start_paused = true)]
async fn made_up_paths_are_limited_and_do_not_affect_cached_keys() {
    let (vector, web, service) = valid();
    let [first, _] = urls(&vector);
    assert!(send_request(&service, request_of(&vector)).await.is_ok());
    assert_eq!(web.asked(), [&*first]);
    for number in 0..40 {
        let mut request = request_of(&vector);
        for index in 1..=2 {
            let path = format!("/prod/keys/pub-key-made-up-{number}-{index}.pem").parse().unwrap();
            let name: HeaderName = format!("x-adobe-public-key{index}-path").parse().unwrap();
            request.headers_mut().insert(name, path);
        }
        assert_eq!(send_request(&service, request).await, UNAVAILABLE);
    }
    assert_eq!(web.asked().len(), 16);
    assert!(web.asked().iter().all(|asked| asked.starts_with("https://static.adobeioevents.com/prod/keys/")));
    assert!(send_request(&service, request_of(&vector)).await.is_ok());
    // The limit also applies to a real key that is not cached, until the next minute.
    let mut rotated = request_of(&vector);
    rotated.headers_mut().insert("x-adobe-public-key1-path", "/prod/keys/pub-key-new.pem".parse().unwrap());
    assert_eq!(send_request(&service, rotated.clone()).await, UNAVAILABLE);
    tokio::time::advance(MINUTE).await;
    assert!(send_request(&service, rotated).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_cached_key_is_used_instead_of_a_fetch() {
    let (vector, web, service) = valid();
    let [first, second] = urls(&vector);
    let page = vector["pages"][&*first].as_str().unwrap().to_owned();
    web.set(&first, Err("the host is down"));
    assert!(send_request(&service, request_of(&vector)).await.is_ok());
    assert_eq!(web.asked(), [&*first, &*second]);
    // The second key is cached, so the first one is not fetched although it could be.
    web.set(&first, Ok(page.into()));
    for _ in 0..3 {
        assert!(send_request(&service, request_of(&vector)).await.is_ok());
    }
    assert_eq!(web.asked().len(), 2);
    // After a day, the key that is in use is refreshed.
    tokio::time::advance(DAY).await;
    assert!(send_request(&service, request_of(&vector)).await.is_ok());
    settle().await;
    assert_eq!(web.asked().last(), Some(&second));
    assert_eq!(web.asked().len(), 3);
}

#[tokio::test]
async fn a_file_that_is_not_a_key_of_adobe_is_a_503() {
    let (vector, web, service) = valid();
    let [first, second] = urls(&vector);
    let right = vector["pages"][&*first].as_str().unwrap();
    let ec = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEYAGMWO8XgCamYKMJS6jc/qgvSlAd\n\
              AjPuDPRcXU22YxgBrz+zoN19MzuRyW87qEt9/AmtoNP5GrobzUvQSyJFVw==\n-----END PUBLIC KEY-----\n";
    let wrong = ["", "<html>", "-----BEGIN PUBLIC KEY-----", ec, &right.replace("PUBLIC", "SECRET")];
    for page in wrong {
        for url in [&first, &second] {
            web.set(url, Ok(page.to_owned().into()));
        }
        assert_eq!(send_request(&service, request_of(&vector)).await, UNAVAILABLE, "{page}");
    }
    web.set(&first, Ok(right.to_owned().into()));
    assert!(send_request(&service, request_of(&vector)).await.is_ok());
}

#[tokio::test]
async fn only_adobes_challenge_is_echoed() {
    let client_id: Secret = "client_id1".parse().unwrap();
    let layer = WebhookLayer::with_verifier(provider::adobe_io(client_id, Web::new(true)));
    let ask = |method, query| ask(layer.clone(), method, query);
    let challenge = "8ec8d794-e0ab-42df-9017-e3dada8e84f7";
    let query = &format!("challenge={challenge}");
    assert_eq!(ask("GET", query).await, (200, challenge.to_owned()));
    assert_eq!(ask("POST", query).await.0, 401);
    assert_eq!(ask("GET", "").await.0, 401);
}
