//! Providers whose keys are fetched: what is fetched, how often, and what becomes of deliveries when
//! it cannot be.
#![cfg(feature = "asymmetric")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{KeyPair as _, RSA_PKCS1_SHA256},
};
use bytes::Bytes;
use data_encoding::BASE64;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tower::{Layer, ServiceExt, service_fn};
use tower_webhook::{
    Body, BoxError, Delivery, ManualClock, Rejection, RejectionKind, Secret, Secrets, WebhookLayer,
    WebhookService, provider,
    verify::{Fetch, Verifier},
};

const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:MyTopic";

/// When the known answers were signed.
const IN_2012: u32 = 1_335_920_046;

/// An HTTP client without a network.
struct Web {
    pages: Mutex<HashMap<String, Result<Bytes, &'static str>>>,
    asked: Mutex<Vec<String>>,
    /// A fetch ends once there is a permit.
    gate: Semaphore,
}

impl Web {
    fn new(open: bool) -> Arc<Self> {
        let gate = Semaphore::new(if open { Semaphore::MAX_PERMITS } else { 0 });
        Arc::new(Self { pages: Mutex::default(), asked: Mutex::default(), gate })
    }

    fn with(url: &str, page: impl Into<Bytes>) -> Arc<Self> {
        let web = Self::new(true);
        web.set(url, Ok(page.into()));
        web
    }

    fn set(&self, url: &str, page: Result<Bytes, &'static str>) {
        self.pages.lock().unwrap().insert(url.to_owned(), page);
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Fetch for Web {
    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
        self.asked.lock().unwrap().push(url.to_owned());
        self.gate.acquire().await?.forget();
        let page = self.pages.lock().unwrap().get(url).cloned();
        match page.unwrap_or(Err("404")) {
            Ok(page) => Ok(page),
            Err("panic") => panic!("the client has a bug"),
            Err(error) => Err(error.into()),
        }
    }
}

/// A key of SNS's, and messages by it.
struct Sns(KeyPair);

impl Sns {
    fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn page(&self) -> Bytes {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        Bytes::copy_from_slice(der.as_ref())
    }

    fn sign(&self, mut message: Value) -> Value {
        let fields =
            ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
        let line = |name: &&str| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?));
        let text: String = fields.iter().filter_map(line).collect();
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        message["Signature"] = BASE64.encode(&signature).into();
        message
    }

    fn notification(&self, id: &str, url: &str) -> Value {
        self.sign(notification(id, url))
    }
}

fn notification(id: &str, url: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": "a\nb", "SignatureVersion": "2",
        "Timestamp": "2012-05-02T00:54:06.655Z", "SigningCertURL": url,
    })
}

fn cert_url(name: usize) -> String {
    format!("https://sns.us-west-2.amazonaws.com/SimpleNotificationService-{name:032x}.pem")
}

type Handler =
    WebhookService<tower::util::BoxCloneSyncService<Request<Body>, Response<Full<Bytes>>, Infallible>>;

/// The layer before a handler that answers with the event's type and counts its calls.
fn service(verifier: impl Verifier, now: u32) -> (Handler, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&calls);
    let handler = service_fn(move |request: Request<Body>| {
        counter.fetch_add(1, Ordering::Relaxed);
        let delivery = request.extensions().get::<Delivery>().unwrap();
        let seen = format!("{} {}", delivery.event_type().unwrap(), delivery.id().unwrap());
        async move { Ok::<_, Infallible>(Response::new(Full::from(seen))) }
    });
    let layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(now));
    (layer.layer(tower::util::BoxCloneSyncService::new(handler)), calls)
}

fn sns(web: &Arc<Web>) -> Handler {
    service(provider::aws_sns([TOPIC], Arc::clone(web)), IN_2012).0
}

/// What the handler saw, or why it did not.
async fn send(service: &Handler, body: impl ToString) -> Result<String, RejectionKind> {
    send_request(service, Request::post("/").body(body.to_string()).unwrap()).await
}

async fn send_request(service: &Handler, request: Request<String>) -> Result<String, RejectionKind> {
    let request = request.map(Full::<Bytes>::from);
    let response = service.clone().oneshot(request).await.unwrap();
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        return Err(rejection.kind());
    }
    assert_eq!(response.status(), StatusCode::OK);
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    Ok(String::from_utf8(body.to_vec()).unwrap())
}

const UNAVAILABLE: Result<String, RejectionKind> = Err(RejectionKind::VerifierUnavailable);

#[tokio::test]
async fn the_known_answers_of_sns_are_judged_right() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("aws_sns.json")).unwrap();
    let mut valid = 0;
    for vector in &vectors {
        let body = vector["body_utf8"].as_str().unwrap();
        let message: Value = serde_json::from_str(body).unwrap();
        let key = BASE64.decode(vector["public_key_der_b64"].as_str().unwrap().as_bytes()).unwrap();
        let judged = send(&sns(&Web::with(message["SigningCertURL"].as_str().unwrap(), key)), body).await;
        let expected = match vector["expect"].as_str().unwrap() {
            "valid" => Ok(format!("Notification {}", message["MessageId"].as_str().unwrap())),
            "invalid:signature_mismatch" => Err(RejectionKind::WrongSignature),
            "invalid:unsupported_algorithm" => Err(RejectionKind::MalformedSignature),
            other => panic!("{other}"),
        };
        valid += usize::from(expected.is_ok());
        assert_eq!(judged, expected, "{}", vector["id"]);
    }
    assert!(valid >= 2);
}

#[tokio::test]
async fn a_certificate_is_used_between_its_dates() {
    const IN_2027: u32 = 1_798_761_600;
    const IN_2023: u32 = 1_700_000_000;
    let known: Value = serde_json::from_str(include_str!("certificate.json")).unwrap();
    let body = known["body_utf8"].as_str().unwrap();
    let message: Value = serde_json::from_str(body).unwrap();
    let (url, pem) = (message["SigningCertURL"].as_str().unwrap(), known["certificate"].as_str().unwrap());
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = BASE64.decode(base64.as_bytes()).unwrap();
    let chain = format!("{pem}{pem}");
    for page in [Bytes::from(pem.to_owned()), Bytes::from(der), Bytes::from(chain)] {
        let at = |now| service(provider::aws_sns([TOPIC], Web::with(url, page.clone())), now).0;
        assert!(send(&at(IN_2027), body).await.is_ok());
        assert_eq!(
            send(&at(IN_2027), body.replace("By a", "By another")).await,
            Err(RejectionKind::WrongSignature)
        );
        // Not a stale timestamp, which would be judged after it.
        assert_eq!(send(&at(IN_2023), body).await, Err(RejectionKind::WrongSignature));
    }
}

#[tokio::test]
async fn a_key_is_fetched_once_however_many_wait_for_it() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    let waiting: Vec<_> = (0..20)
        .map(|id| {
            let (service, message) = (service.clone(), by.notification(&id.to_string(), &url));
            tokio::spawn(async move { send(&service, message).await })
        })
        .collect();
    while web.asked().is_empty() {
        tokio::task::yield_now().await;
    }
    // One of them goes away, whichever began it.
    waiting[0].abort();
    web.gate.add_permits(1);
    for (id, waiting) in waiting.into_iter().enumerate().skip(1) {
        assert_eq!(waiting.await.unwrap(), Ok(format!("Notification {id}")));
    }
    assert_eq!(send(&service, by.notification("later", &url)).await, Ok("Notification later".to_owned()));
    assert_eq!(web.asked(), [url]);
}

#[tokio::test]
async fn a_fetch_that_fails_is_a_503_and_is_not_remembered() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(true));
    let service = sns(&web);
    let pages = [
        Err("the host is down"),
        Err("panic"),
        Ok(Bytes::from("<html>")),
        Ok(Bytes::from(vec![b' '; 64 * 1024 + 1])),
    ];
    for page in pages {
        web.set(&url, page);
        assert_eq!(send(&service, by.notification("1", &url)).await, UNAVAILABLE);
    }
    web.set(&url, Ok(by.page()));
    assert_eq!(send(&service, by.notification("1", &url)).await, Ok("Notification 1".to_owned()));
    assert_eq!(web.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_hangs_is_given_up() {
    let (by, url, web) = (Sns::new(), cert_url(1), Web::new(false));
    web.set(&url, Ok(by.page()));
    let service = sns(&web);
    assert_eq!(send(&service, by.notification("1", &url)).await, UNAVAILABLE);
    tokio::time::advance(Duration::from_secs(1)).await;
    web.gate.add_permits(1);
    assert_eq!(send(&service, by.notification("1", &url)).await, Ok("Notification 1".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn a_key_is_fetched_again_after_a_day() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    for fetches in 1..=2 {
        for part in ["a", "b"] {
            let id = format!("{fetches}{part}");
            assert_eq!(send(&service, by.notification(&id, &url)).await, Ok(format!("Notification {id}")));
        }
        assert_eq!(web.asked().len(), fetches);
        tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn urls_that_are_made_up_are_not_all_fetched() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    assert!(send(&service, by.notification("first", &url)).await.is_ok());
    tokio::time::advance(Duration::from_secs(24 * 3600)).await;
    for name in 2..100 {
        assert_eq!(send(&service, by.notification("1", &cert_url(name))).await, UNAVAILABLE);
    }
    assert_eq!(web.asked().len(), 1 + 16);
    // The key that was good before is not kept from being fetched again, and the minute passes.
    assert!(send(&service, by.notification("second", &url)).await.is_ok());
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(send(&service, by.notification("1", &cert_url(100))).await, UNAVAILABLE);
    assert_eq!(web.asked().len(), 1 + 16 + 2);
}

#[tokio::test(start_paused = true)]
async fn no_more_than_64_keys_are_kept() {
    let (by, web) = (Sns::new(), Web::new(true));
    let service = sns(&web);
    for name in 0..65 {
        web.set(&cert_url(name), Ok(by.page()));
        assert!(send(&service, by.notification(&name.to_string(), &cert_url(name))).await.is_ok());
        // So that each minute has its own budget.
        tokio::time::advance(Duration::from_secs(60)).await;
    }
    assert!(send(&service, by.notification("kept", &cert_url(1))).await.is_ok());
    assert_eq!(web.asked().len(), 65);
    assert!(send(&service, by.notification("evicted", &cert_url(0))).await.is_ok());
    assert_eq!(web.asked().len(), 66);
}

#[tokio::test]
async fn nothing_but_certificates_of_sns_is_fetched() {
    let (by, web) = (Sns::new(), Web::new(true));
    let service = sns(&web);
    let good = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0a.pem";
    let bad = [
        ("https://", "http://"),
        ("https://", "https://evil.example/"),
        ("https://", "https://evil@"),
        ("https://", "HTTPS://"),
        (".com/", ".com.evil.example/"),
        (".com/", ".com:8443/"),
        (".com/", ".com@evil.example/"),
        (".com/", ".com.cn.evil.example/"),
        (".com/", ".com/other/"),
        (".com/", ".com//"),
        (".com/", ".com\\"),
        ("us-west-2", ""),
        ("us-west-2", "evil.example/"),
        ("us-west-2", "US-WEST-2"),
        ("us-west-2", "a.b"),
        ("sns.us-west-2", "s3.us-west-2"),
        ("-0a", "-"),
        ("-0a", "-../0a"),
        ("-0a", "-%2e"),
        (".pem", ".pem?x"),
        (".pem", ".pem#x"),
        (".pem", ".txt"),
        (".pem", ".pem\n"),
    ];
    for (from, to) in bad {
        let url = good.replacen(from, to, 1);
        let judged = send(&service, by.notification("1", &url)).await;
        assert_eq!(judged, Err(RejectionKind::MalformedSignature), "{url}");
    }
    assert_eq!(web.asked(), [""; 0]);
    for url in [good, &good.replace(".com", ".com.cn")] {
        web.set(url, Ok(by.page()));
        assert!(send(&service, by.notification(url, url)).await.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn what_is_not_signed_for_us_is_refused_without_a_fetch() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let service = sns(&web);
    let changed = |name: &str, value: Value| {
        let mut message = notification("1", &url);
        message[name] = value;
        by.sign(message)
    };
    let cases = [
        (json!("raw message delivery"), RejectionKind::MissingSignature),
        // Anyone may have a topic of their own, for which SNS signs.
        (
            changed("TopicArn", "arn:aws:sns:us-west-2:666666666666:MyTopic".into()),
            RejectionKind::WrongSignature,
        ),
        (changed("Type", "Other".into()), RejectionKind::MalformedSignature),
        (changed("Type", "SubscriptionConfirmation".into()), RejectionKind::MissingSignature),
        (changed("MessageId", "1\nSubject\nforged".into()), RejectionKind::MalformedSignature),
        (changed("Timestamp", "yesterday".into()), RejectionKind::MalformedSignature),
    ];
    for (message, kind) in cases {
        assert_eq!(send(&service, &message).await, Err(kind), "{message}");
    }
    assert_eq!(web.asked(), [""; 0]);
    let old = changed("Timestamp", "2012-05-01T23:00:00Z".into());
    assert_eq!(send(&service, old).await, Err(RejectionKind::StaleTimestamp));
    let mut with_subject = by.notification("1", &url);
    with_subject["Subject"] = "not signed".into();
    assert_eq!(send(&service, with_subject).await, Err(RejectionKind::WrongSignature));
}

fn confirmation(by: &Sns, cert: &str, subscribe: &str) -> Value {
    let mut message = notification("1", cert);
    message["Type"] = "SubscriptionConfirmation".into();
    message["Token"] = "2336412f37".into();
    message["SubscribeURL"] = subscribe.into();
    by.sign(message)
}

const SUBSCRIBE: &str = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37";

#[tokio::test]
async fn a_confirmation_is_the_handlers_unless_the_verifier_is_to_confirm() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let message = confirmation(&by, &url, SUBSCRIBE);
    assert_eq!(send(&sns(&web), &message).await, Ok("SubscriptionConfirmation 1".to_owned()));
    assert_eq!(web.asked(), [&*url]);

    let web = Web::with(&url, by.page());
    let (service, calls) =
        service(provider::aws_sns([TOPIC], Arc::clone(&web)).confirm_subscriptions(), IN_2012);
    assert_eq!(send(&service, &message).await, UNAVAILABLE, "it could not be confirmed");
    web.set(SUBSCRIBE, Ok(Bytes::from("<ConfirmSubscriptionResponse/>")));
    assert_eq!(send(&service, &message).await, Ok(String::new()));
    assert_eq!(web.asked(), [&*url, SUBSCRIBE, SUBSCRIBE]);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert!(send(&service, by.notification("2", &url)).await.is_ok());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_a_true_fresh_confirmation_of_sns_is_confirmed() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let verifier = provider::aws_sns([TOPIC], Arc::clone(&web)).confirm_subscriptions();
    let (service, _) = service(verifier, IN_2012);
    for (from, to) in [
        ("https", "http"),
        (".com/", ".com.evil.example/"),
        ("ConfirmSubscription", "Unsubscribe"),
        ("?Action", "?Action=Unsubscribe&Action"),
        ("Token", "\u{7f}"),
    ] {
        let elsewhere = SUBSCRIBE.replacen(from, to, 1);
        let judged = send(&service, confirmation(&by, &url, &elsewhere)).await;
        assert_eq!(judged, Err(RejectionKind::MalformedSignature), "{elsewhere}");
    }
    let forged = confirmation(&Sns::new(), &url, SUBSCRIBE);
    assert_eq!(send(&service, forged).await, Err(RejectionKind::WrongSignature));
    let mut old = confirmation(&by, &url, SUBSCRIBE);
    old["Timestamp"] = "2011-05-02T00:54:06Z".into();
    assert_eq!(send(&service, by.sign(old)).await, Err(RejectionKind::StaleTimestamp));
    assert_eq!(web.asked(), [url]);
}

fn paypal_vectors() -> Vec<Value> {
    serde_json::from_str(include_str!("paypal.json")).unwrap()
}

fn request_of(vector: &Value) -> Request<String> {
    let headers = vector["headers"].as_object().unwrap();
    let request = headers
        .iter()
        .fold(Request::post("/"), |request, (name, value)| request.header(name, value.as_str().unwrap()));
    request.body(vector["body_utf8"].as_str().unwrap().to_owned()).unwrap()
}

fn paypal_web(vector: &Value) -> Arc<Web> {
    let key = BASE64.decode(vector["public_key_der_b64"].as_str().unwrap().as_bytes()).unwrap();
    Web::with(vector["headers"]["PAYPAL-CERT-URL"].as_str().unwrap(), key)
}

fn paypal(webhook_ids: impl Into<Secrets>, web: &Arc<Web>) -> Handler {
    service(provider::paypal(webhook_ids, Arc::clone(web)), IN_2012).0
}

#[tokio::test]
async fn the_known_answers_of_paypal_are_judged_right() {
    let mut valid = 0;
    for vector in paypal_vectors() {
        let secret: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
        let web = paypal_web(&vector);
        let service = paypal(secret, &web);
        let expected = match vector["expect"].as_str().unwrap() {
            "valid" => Ok("PAYMENT.SALE.COMPLETED WH-0G2756385H040842W-5Y612302CV158622M".to_owned()),
            "invalid:signature_mismatch" => Err(RejectionKind::WrongSignature),
            other => panic!("{other}"),
        };
        valid += usize::from(expected.is_ok());
        assert_eq!(send_request(&service, request_of(&vector)).await, expected, "{}", vector["id"]);
        // The key is there now, and what is not signed is refused with it as well.
        let mut changed = request_of(&vector);
        changed.headers_mut().insert("paypal-transmission-id", "other".parse().unwrap());
        assert_eq!(send_request(&service, changed).await, Err(RejectionKind::WrongSignature));
        assert_eq!(web.asked().len(), 1);
    }
    assert!(valid > 0);
}

#[tokio::test]
async fn any_of_several_webhook_ids_of_paypal_will_do() {
    let vector = &paypal_vectors()[0];
    let right: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let other: Secret = "8PT597110X687430LKGECATA".parse().unwrap();
    for ids in [[right.clone(), other.clone()], [other, right]] {
        let service = paypal(Secrets::from(ids), &paypal_web(vector));
        assert!(send_request(&service, request_of(vector)).await.is_ok());
    }
}

#[tokio::test]
async fn what_is_not_of_paypal_is_refused_without_a_fetch() {
    let vector = &paypal_vectors()[0];
    let id: Secret = vector["secret"].as_str().unwrap().parse().unwrap();
    let web = paypal_web(vector);
    let service = paypal(id, &web);
    let urls = [
        "http://api.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1",
        "https://api.paypal.com@evil.example/v1/notifications/certs/CERT-1",
        "https://www.paypal.com/v1/notifications/certs/CERT-1",
        "https://api.paypal.com/v1/notifications/certs/",
        "https://api.paypal.com/v1/notifications/certs/../CERT-1",
        "https://api.paypal.com/v1/notifications/certs/CERT-1?x",
        "https://api.paypal.com/v1/payments/CERT-1",
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

/// A provider whose public keys are fetched by a name that is in the request.
struct ByKeyId {
    vectors: &'static str,
    url: fn(&str) -> String,
    page: fn(&Value) -> Value,
    key_id_header: &'static str,
    new: fn(&Arc<Web>) -> Handler,
}

const EBAY: ByKeyId = ByKeyId {
    vectors: include_str!("ebay.json"),
    url: |key_id| format!("https://api.ebay.com/commerce/notification/v1/public_key/{key_id}"),
    page: |vector| json!({"key": vector["secret"], "algorithm": "ECDSA", "digest": "SHA1"}),
    key_id_header: "x-ebay-signature",
    new: |web| service(provider::ebay(Arc::clone(web)), IN_2012).0,
};

const CIRCLE: ByKeyId = ByKeyId {
    vectors: include_str!("circle.json"),
    url: |key_id| format!("https://api.circle.com/v2/notifications/publicKey/{key_id}"),
    page: |vector| {
        json!({"data": {
            "id": vector["key_id"], "algorithm": "ECDSA_SHA_256", "publicKey": vector["secret"],
            "createDate": "2026-01-15T21:47:35.107250Z",
        }})
    },
    key_id_header: "x-circle-key-id",
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

    /// The first of the known answers, the web that has its key, and a layer that asks there.
    fn valid(&self) -> (Value, Arc<Web>, Handler) {
        let vector = self.vectors().swap_remove(0);
        let web = self.web(&vector);
        let service = (self.new)(&web);
        (vector, web, service)
    }
}

#[tokio::test]
async fn the_known_answers_of_those_with_key_ids_are_judged_right() {
    for provider in [EBAY, CIRCLE] {
        let (mut valid, vectors) = (0, provider.vectors());
        assert!(vectors.len() >= 12, "only {} vectors", vectors.len());
        for vector in vectors {
            let web = provider.web(&vector);
            let service = (provider.new)(&web);
            let id = &vector["id"];
            // The first time the key is fetched, the second time it is there.
            for _ in 0..2 {
                let judged = send_request(&service, request_of(&vector)).await;
                match vector["expect"].as_str().unwrap() {
                    "valid" => assert_eq!(judged, Ok(seen(&vector)), "{id}"),
                    "invalid:signature_mismatch" => {
                        assert_eq!(judged, Err(RejectionKind::WrongSignature), "{id}");
                    }
                    "invalid:missing_signature" | "invalid:missing_header" => {
                        assert_eq!(judged, Err(RejectionKind::MissingSignature), "{id}");
                    }
                    "invalid:malformed_header" | "invalid:bad_encoding" | "invalid:unsupported_algorithm" => {
                        assert_eq!(judged, Err(RejectionKind::MalformedSignature), "{id}");
                        assert_eq!(web.asked(), [""; 0], "{id}");
                    }
                    other => panic!("{other}"),
                }
                // A delivery that was handled is not handled again.
                valid += usize::from(judged.is_ok());
                if judged.is_ok() {
                    break;
                }
            }
            assert!(web.asked().len() <= 1, "{id}");
            let tampered = json!({
                "headers": vector["headers"], "body_utf8": format!("{} ", vector["body_utf8"].as_str().unwrap()),
            });
            assert!(send_request(&service, request_of(&tampered)).await.is_err(), "{id}");
        }
        assert!(valid >= 2);
    }
}

/// What the handler sees of a delivery: where eBay and Circle have the type and the id.
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
async fn a_header_of_ebay_or_circle_must_be_there_once() {
    for provider in [EBAY, CIRCLE] {
        let (vector, web, service) = provider.valid();
        for name in vector["headers"].as_object().unwrap().keys() {
            let mut request = request_of(&vector);
            let again = request.headers()[name.as_str()].clone();
            request.headers_mut().append(name.parse::<http::HeaderName>().unwrap(), again);
            assert_eq!(
                send_request(&service, request).await,
                Err(RejectionKind::MalformedSignature),
                "{name}"
            );
        }
        assert_eq!(web.asked(), [""; 0]);
    }
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
async fn key_ids_that_are_made_up_are_not_all_fetched() {
    let (vector, web, service) = CIRCLE.valid();
    for number in 0..40 {
        let mut request = request_of(&vector);
        let key_id = format!("00000000-0000-4000-8000-{number:012x}");
        request.headers_mut().insert(CIRCLE.key_id_header, key_id.parse().unwrap());
        assert_eq!(send_request(&service, request).await, UNAVAILABLE);
    }
    assert_eq!(web.asked().len(), 16);
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(send_request(&service, request_of(&vector)).await, Ok(seen(&vector)));
}

#[tokio::test]
async fn each_of_the_other_places_for_keys_is_asked_alone() {
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

/// From eBay's own library, as far as the answer; the endpoint's path is the one it is called at.
#[tokio::test]
async fn ebay_is_told_the_hash_of_its_challenge_and_nothing_else_is_answered() {
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
    let ask = async |layer: WebhookLayer, method: &str, query: &str| {
        let handler = service_fn(async |_: Request<Body>| -> Result<Response<Full<Bytes>>, Infallible> {
            panic!("nothing was signed")
        });
        let request = Request::builder().method(method).uri(format!("/webhook?{query}"));
        let request = request.body(Full::<Bytes>::default()).unwrap();
        let response = layer.layer(handler).oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
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
async fn circle_sees_that_there_is_an_endpoint() {
    let handler = service_fn(async |_: Request<Body>| -> Result<Response<Full<Bytes>>, Infallible> {
        panic!("nothing was signed")
    });
    let service = WebhookLayer::with_verifier(provider::circle(Web::new(true))).layer(handler);
    let request = |method: &str| Request::builder().method(method).body(Full::<Bytes>::default()).unwrap();
    assert_eq!(service.clone().oneshot(request("HEAD")).await.unwrap().status(), StatusCode::OK);
    assert_eq!(service.oneshot(request("GET")).await.unwrap().status(), StatusCode::UNAUTHORIZED);
}
