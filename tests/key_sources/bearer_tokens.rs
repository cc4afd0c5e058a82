//! Providers whose bearer tokens are signed with the keys of a published key set.

use data_encoding::BASE64URL_NOPAD;
use tower_webhook::provider::ProviderVerifier;

use super::*;

const CERTS: &str = "https://www.googleapis.com/oauth2/v3/certs";

const AUDIENCE: &str = "https://example.com";

const SERVICE_ACCOUNT: &str = "push@my-project.iam.gserviceaccount.com";

fn files() -> Vec<Vec<Value>> {
    let files = [
        include_str!("google_pubsub.json"),
        include_str!("google_cloud_tasks.json"),
        include_str!("google_chat.json"),
        include_str!("bot_framework.json"),
        include_str!("azure_eventgrid_entra.json"),
    ];
    files.into_iter().map(|file| serde_json::from_str(file).unwrap()).collect()
}

/// The keys of all vectors, and the tokens for the tests of the cache.
fn keys() -> Value {
    serde_json::from_str(include_str!("key_set.json")).unwrap()
}

fn web_of(vector: &Value) -> Arc<Web> {
    let web = Web::new(true);
    for (url, set) in vector["jwks"].as_object().unwrap() {
        web.set(url, Ok(page(set["keys"].as_array().unwrap())));
    }
    web
}

/// Returns a key set. Adds the numbers of the keys, which the vectors omit.
fn page(set: &[Value]) -> Bytes {
    let known = keys();
    let mut set = set.to_vec();
    for key in &mut set {
        let full = ["a", "b", "c"]
            .into_iter()
            .map(|name| &known[name])
            .find(|full| full["kid"] == key["kid"])
            .unwrap();
        (key["n"], key["e"]) = (full["n"].clone(), full["e"].clone());
    }
    json!({ "keys": set }).to_string().into()
}

fn verifier(vector: &Value, web: &Arc<Web>) -> ProviderVerifier {
    let arguments: Vec<_> =
        vector["arguments"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let web = Arc::clone(web);
    match (vector["provider"].as_str().unwrap(), &*arguments) {
        ("google-pubsub", [audience, account]) => provider::google_pubsub(*audience, *account, web).into(),
        ("google-cloud-tasks", [audience, account]) => {
            provider::google_cloud_tasks(*audience, *account, web).into()
        }
        ("google-chat", [audience]) => provider::google_chat(*audience, web).into(),
        ("google-chat", [audience, account]) => provider::google_chat(*audience, web).add_on(*account).into(),
        ("bot-framework", [app_id]) => provider::bot_framework(*app_id, web).into(),
        ("azure-eventgrid-entra", [tenant, audience]) => {
            provider::azure_eventgrid_entra(tenant, *audience, web).into()
        }
        ("azure-eventgrid-entra", [tenant, audience, sender]) => {
            provider::azure_eventgrid_entra(tenant, *audience, web).sender(sender).into()
        }
        other => panic!("{other:?}"),
    }
}

/// Returns the event type and the id that the handler should see.
fn seen(vector: &Value) -> String {
    let body: Value = serde_json::from_str(vector["body_utf8"].as_str().unwrap()).unwrap_or_default();
    let header = |name: &str| vector["headers"].get(name).and_then(Value::as_str);
    let json = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let (id, event_type) = match vector["provider"].as_str().unwrap() {
        "google-pubsub" => (header("x-goog-pubsub-message-id").or(json("/message/messageId")), None),
        "google-cloud-tasks" => (header("x-cloudtasks-taskname"), None),
        "azure-eventgrid-entra" => (None, json("/0/eventType")),
        _ => (None, json("/type")),
    };
    format!("{} {}", event_type.unwrap_or("-"), id.unwrap_or("-"))
}

#[tokio::test]
async fn the_known_answers_with_bearer_tokens_are_judged_correctly() {
    let mut valid = 0;
    for vector in files().iter().flatten() {
        let name = format!("{} ({})", vector["id"], vector["name"]);
        let web = web_of(vector);
        let now = vector["now_unix"].as_u64().unwrap().try_into().unwrap();
        // With an empty cache, and with the key set in the cache.
        let service = service(verifier(vector, &web), now).0;
        for attempt in 0..2 {
            let judged = send_request(&service, request_of(vector)).await;
            let (expected, needs_key) = (expected(vector).map(|()| seen(vector)), needs_key(vector));
            valid += usize::from(judged.is_ok());
            match (attempt, &expected) {
                // The response to a duplicate.
                (1, Ok(_)) if judged == Ok(String::new()) => {}
                _ => assert_eq!(judged, expected, "{name}"),
            }
            // A token whose claims are wrong causes no fetch. The Bot Framework also has claims about the body.
            let is_about_body = vector["provider"] == "bot-framework" && !needs_key;
            match web.asked().len() {
                0 => assert!(!needs_key, "{name}"),
                1 => assert!(
                    needs_key || is_about_body || expected == Err(RejectionKind::StaleTimestamp),
                    "{name}"
                ),
                more => panic!("{name}: {more} fetches"),
            }
        }
    }
    assert!(valid >= 30, "{valid}");
}

#[tokio::test]
async fn a_token_is_accepted_only_by_its_provider() {
    let files = files();
    for vector in files.iter().map(|file| &file[0]) {
        for other in files.iter().map(|file| &file[0]) {
            let web = web_of(other);
            let service = service(verifier(other, &web), 1_550_182_400).0;
            let is_accepted = send_request(&service, request_of(vector)).await.is_ok();
            assert_eq!(is_accepted, vector["id"] == other["id"], "{} for {}", vector["id"], other["id"]);
        }
    }
}

#[tokio::test]
async fn tokens_that_are_too_long_or_repeated_are_rejected() {
    let vector = &files()[0][0];
    let web = web_of(vector);
    let service = service(verifier(vector, &web), 1_550_182_400).0;
    let mut long = request_of(vector);
    let value = format!("Bearer {}", "a.".repeat(4097));
    long.headers_mut().insert("authorization", value.parse().unwrap());
    let mut twice = request_of(vector);
    twice.headers_mut().append("authorization", "Bearer a.b.c".parse().unwrap());
    for request in [long, twice] {
        assert_eq!(send_request(&service, request).await, Err(RejectionKind::MalformedSignature));
    }
    assert_eq!(web.asked(), [""; 0]);
}

#[tokio::test]
async fn equal_ids_of_two_subscriptions_or_queues_are_two_deliveries() {
    let files = files();
    let (pubsub, tasks) = (&files[0][0], &files[1][0]);
    let other_subscription = {
        let body = pubsub["body_utf8"].as_str().unwrap().replace("mysubscription", "another");
        request_of(&json!({ "headers": pubsub["headers"], "body_utf8": body }))
    };
    let mut other_queue = request_of(tasks);
    other_queue.headers_mut().insert("x-cloudtasks-queuename", "another".parse().unwrap());
    for (vector, other) in [(pubsub, other_subscription), (tasks, other_queue)] {
        let service = service(verifier(vector, &web_of(vector)), 1_550_182_400).0;
        assert_eq!(send_request(&service, request_of(vector)).await, Ok(seen(vector)));
        assert_eq!(send_request(&service, request_of(vector)).await, Ok(String::new()));
        assert_eq!(send_request(&service, other).await, Ok(seen(vector)));
    }
}

/// Pub/Sub at a time before the tokens of `key_set.json` expire, with a cache in virtual time.
struct PubSub {
    service: Handler,
    web: Arc<Web>,
    keys: Value,
    sent: AtomicUsize,
}

impl PubSub {
    fn new(keys_of_set: &[&str]) -> Self {
        let web = Web::new(true);
        let verifier = provider::google_pubsub(AUDIENCE, SERVICE_ACCOUNT, Arc::clone(&web));
        let service = service(verifier, 1_600_000_000).0;
        let this = Self { service, web, keys: keys(), sent: AtomicUsize::new(0) };
        this.publish(keys_of_set);
        this
    }

    fn publish(&self, names: &[&str]) {
        let set: Vec<_> = names.iter().map(|name| self.keys[*name].clone()).collect();
        self.web.set(CERTS, Ok(page(&set)));
    }

    /// Sends a new message with the token of a key.
    async fn send(&self, key: &str) -> Result<(), RejectionKind> {
        self.send_token(self.keys[format!("token_{key}")].as_str().unwrap()).await
    }

    /// Sends a new message with a forged token that names a key.
    async fn forge(&self, key_id: &str) -> Result<(), RejectionKind> {
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let header = part(&json!({ "alg": "RS256", "kid": key_id, "typ": "JWT" }));
        let signature = BASE64URL_NOPAD.encode(&[7; 256]);
        self.send_token(&format!("{header}.{}.{signature}", part(&self.keys["claims"]))).await
    }

    async fn send_token(&self, token: &str) -> Result<(), RejectionKind> {
        let id = self.sent.fetch_add(1, Ordering::Relaxed).to_string();
        let body = json!({ "message": { "messageId": id }, "subscription": "s" }).to_string();
        let request =
            Request::post("/").header("authorization", format!("Bearer {token}")).body(body).unwrap();
        let seen = send_request(&self.service, request).await?;
        settle().await;
        assert_eq!(seen, format!("- {id}"));
        Ok(())
    }

    fn fetches(&self) -> usize {
        assert!(self.web.asked().iter().all(|url| url == CERTS));
        self.web.asked().len()
    }
}

const WRONG: Result<(), RejectionKind> = Err(RejectionKind::WrongSignature);
const NO_KEY: Result<(), RejectionKind> = Err(RejectionKind::VerifierUnavailable);

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_once_a_token_names_it() {
    let google = PubSub::new(&["a"]);
    assert_eq!(google.send("a").await, Ok(()));
    google.publish(&["a", "b"]);
    // The set is at most a minute old, so it counts as current.
    tokio::time::advance(MINUTE - SECOND).await;
    assert_eq!(google.send("b").await, WRONG);
    assert_eq!(google.fetches(), 1);
    tokio::time::advance(SECOND).await;
    assert_eq!(google.send("b").await, Ok(()));
    assert_eq!(google.send("a").await, Ok(()));
    assert_eq!(google.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_no_longer_in_the_set_is_not_used() {
    let google = PubSub::new(&["a", "b"]);
    assert_eq!(google.send("a").await, Ok(()));
    google.publish(&["b"]);
    tokio::time::advance(DAY).await;
    // The delivery that starts the refresh does not wait for it.
    assert_eq!(google.send("a").await, Ok(()));
    assert_eq!(google.send("a").await, WRONG);
    assert_eq!(google.send("b").await, Ok(()));
    assert_eq!(google.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn forged_tokens_with_made_up_keys_cause_one_fetch_a_minute() {
    let google = PubSub::new(&["a"]);
    assert_eq!(google.send("a").await, Ok(()));
    for minute in 1..=5 {
        tokio::time::advance(MINUTE).await;
        for forged in 0..50 {
            assert_eq!(google.forge(&format!("{minute} {forged}")).await, WRONG);
        }
        assert_eq!(google.fetches(), 1 + minute);
        assert_eq!(google.send("a").await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn forged_tokens_cause_few_fetches_before_the_first_delivery() {
    let google = PubSub::new(&["a"]);
    for minute in 1..=5 {
        for forged in 0..50 {
            assert_eq!(google.forge(&format!("{minute} {forged}")).await, WRONG);
            assert_eq!(google.forge(google.keys["a"]["kid"].as_str().unwrap()).await, WRONG);
        }
        assert_eq!(google.fetches(), minute);
        tokio::time::advance(MINUTE).await;
    }
    assert_eq!(google.send("a").await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn known_keys_stay_usable_for_72_hours_while_fetches_fail() {
    let google = PubSub::new(&["a"]);
    assert_eq!(google.send("a").await, Ok(()));
    let pages = [Err("the host is down"), Err("panic"), Ok("<html>".into()), Ok(r#"{"keys":[]}"#.into())];
    for hour in 1..72 {
        google.web.set(CERTS, pages[hour % 4].clone());
        tokio::time::advance(HOUR).await;
        // At most 4 fetches a minute, while forgeries name made-up keys.
        let before = google.fetches();
        for forged in 0..10 {
            assert_eq!(google.forge(&forged.to_string()).await, NO_KEY, "{hour}");
        }
        assert_eq!(google.fetches(), before + 4, "{hour}");
        assert_eq!(google.send("a").await, Ok(()), "{hour}");
    }
    tokio::time::advance(HOUR).await;
    assert_eq!(google.send("a").await, NO_KEY);
    google.publish(&["a"]);
    assert_eq!(google.send("a").await, Ok(()));
}

#[tokio::test]
async fn event_grid_validates_an_endpoint_with_an_event_or_with_options() {
    let vector = &files()[4][0];
    let web = web_of(vector);
    let service = service(verifier(vector, &web), 1_550_182_400).0;
    let event = |token: bool| {
        let body = json!([{
            "id": "2d1781af-3a4c-4d7c-bd0c-e34b19da4e66", "topic": "/subscriptions/s", "subject": "",
            "data": { "validationCode": "512d38b6-c7b8-40c8-89fe-f46f9e9622b6" },
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "dataVersion": "1",
        }]);
        let mut request = Request::post("/").header("aeg-event-type", "SubscriptionValidation");
        if token {
            request = request.header("authorization", vector["headers"]["authorization"].as_str().unwrap());
        }
        request.body(body.to_string()).unwrap()
    };
    let answer = r#"{"validationResponse":"512d38b6-c7b8-40c8-89fe-f46f9e9622b6"}"#;
    assert_eq!(send_request(&service, event(true)).await, Ok(answer.to_owned()));
    assert_eq!(send_request(&service, event(false)).await, Err(RejectionKind::MissingSignature));

    let options = async |origin: &'static str| {
        let request = Request::options("/").header("webhook-request-origin", origin);
        let response =
            service.clone().oneshot(request.body(Full::<Bytes>::default()).unwrap()).await.unwrap();
        response.headers().get("webhook-allowed-origin").cloned()
    };
    assert_eq!(options("eventgrid.azure.net").await, Some("eventgrid.azure.net".parse().unwrap()));
    assert_eq!(options("evil.example").await, None);
}

#[test]
fn the_test_kit_cannot_sign_a_bearer_token() {
    let vector = &files()[0][0];
    let verifier = verifier(vector, &web_of(vector));
    assert!(tower_webhook::testing::sign(&verifier, Request::new("{}")).is_err());
}
