//! AWS SNS, whose messages contain the URL of the certificate.

use std::time::SystemTime;

use tower_webhook::{
    provider::ProviderVerifier,
    verify::{self, Tolerance},
};

use super::*;

pub(super) const TOPIC: &str = "arn:aws:sns:us-west-2:123456789012:MyTopic";

/// A signing key, and messages signed with it.
pub(super) struct Sns(KeyPair);

impl Sns {
    pub(super) fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn public_key(&self) -> Bytes {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        Bytes::copy_from_slice(der.as_ref())
    }

    pub(super) fn page(&self) -> Bytes {
        certificate(&self.public_key())
    }

    pub(super) fn sign(&self, mut message: Value) -> Value {
        let fields =
            ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
        let line = |name: &&str| Some(format!("{name}\n{}\n", message.get(*name)?.as_str()?));
        let text: String = fields.iter().filter_map(line).collect();
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        message["Signature"] = BASE64.encode(&signature).into();
        message
    }

    pub(super) fn notification(&self, id: &str, url: &str) -> Value {
        self.sign(notification(id, url))
    }
}

pub(super) fn notification(id: &str, url: &str) -> Value {
    json!({
        "Type": "Notification", "MessageId": id, "TopicArn": TOPIC, "Message": "a\nb", "SignatureVersion": "2",
        "Timestamp": "2012-05-02T00:54:06.655Z", "SigningCertURL": url,
    })
}

pub(super) fn cert_url(name: usize) -> String {
    format!("https://sns.us-west-2.amazonaws.com/SimpleNotificationService-{name:032x}.pem")
}

pub(super) fn sns(web: &Arc<Web>) -> Handler {
    service(provider::aws_sns([TOPIC], "tests", Arc::clone(web)), IN_2012).0
}

#[tokio::test]
async fn the_known_answers_of_sns_are_judged_correctly() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("aws_sns.json")).unwrap();
    let mut valid = 0;
    for vector in &vectors {
        let body = vector["body_utf8"].as_str().unwrap();
        let message: Value = serde_json::from_str(body).unwrap();
        let web = Web::with(message["SigningCertURL"].as_str().unwrap(), certificate_of(vector));
        let judged = send(&sns(&web), body).await;
        let expected =
            expected(vector).map(|()| format!("Notification {}", message["MessageId"].as_str().unwrap()));
        valid += usize::from(expected.is_ok());
        assert_eq!(judged, expected, "{}", vector["id"]);
    }
    assert!(valid >= 2);
}

#[tokio::test]
async fn a_certificate_is_used_only_while_it_is_valid() {
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
        let at = |now| service(provider::aws_sns([TOPIC], "tests", Web::with(url, page.clone())), now).0;
        assert!(send(&at(IN_2027), body).await.is_ok());
        assert_eq!(
            send(&at(IN_2027), body.replace("By a", "By another")).await,
            Err(RejectionKind::WrongSignature)
        );
        // Not `StaleTimestamp`, because the signature is checked first.
        assert_eq!(send(&at(IN_2023), body).await, Err(RejectionKind::WrongSignature));
    }
}

#[tokio::test]
async fn only_certificates_on_the_host_of_the_topics_region_are_fetched() {
    let (by, web) = (Sns::new(), Web::new(true));
    let service = sns(&web);
    let good = "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-0a.pem";
    let bad = [
        // Hosts that the owner of an S3 bucket named `sns` controls.
        ("us-west-2", "s3"),
        ("us-west-2", "s3-us-west-2"),
        ("us-west-2", "s3-accelerate"),
        ("us-west-2", "s3.us-west-2"),
        // Another region, and another partition.
        ("us-west-2", "eu-west-1"),
        (".com/", ".com.cn/"),
        ("https://", "http://"),
        ("https://", "https://evil.example/"),
        ("https://", "https://evil@"),
        ("https://", "HTTPS://"),
        (".com/", "./"),
        (".com/", ".com./"),
        (".com/", ".com:443/"),
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
        ("sns.us-west-2", "SNS.us-west-2"),
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
        assert_ne!(url, good, "{from}");
        web.set(&url, Ok(by.page()));
        let judged = send(&service, by.notification("1", &url)).await;
        assert_eq!(judged, Err(RejectionKind::MalformedSignature), "{url}");
    }
    assert_eq!(web.asked(), [""; 0]);
    web.set(good, Ok(by.page()));
    assert!(send(&service, by.notification("1", good)).await.is_ok());
}

#[tokio::test]
async fn the_host_is_that_of_the_topics_region_and_partition() {
    let by = Sns::new();
    for (arn, host) in [
        ("arn:aws:sns:ap-southeast-2:123456789012:T", "sns.ap-southeast-2.amazonaws.com"),
        ("arn:aws:sns:us-east-1:123456789012:T.fifo", "sns.us-east-1.amazonaws.com"),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:T", "sns.us-gov-west-1.amazonaws.com"),
        ("arn:aws-cn:sns:cn-north-1:123456789012:T", "sns.cn-north-1.amazonaws.com.cn"),
        ("arn:aws-eusc:sns:eusc-de-east-1:123456789012:T", "sns.eusc-de-east-1.amazonaws.eu"),
    ] {
        let url = format!("https://{host}/SimpleNotificationService-0a.pem");
        let web = Web::with(&url, by.page());
        let (service, _) = service(provider::aws_sns([TOPIC, arn], "tests", web), IN_2012);
        let of_topic = |arn: &str| {
            let mut message = notification("1", &url);
            message["TopicArn"] = arn.into();
            by.sign(message)
        };
        assert!(send(&service, of_topic(arn)).await.is_ok(), "{arn}");
        // Both topics are accepted, but a message of one topic must not use the certificate host of the other.
        assert_eq!(send(&service, of_topic(TOPIC)).await, Err(RejectionKind::MalformedSignature), "{arn}");
    }
}

#[tokio::test]
async fn a_message_of_a_topic_in_an_unknown_region_is_never_verified() {
    let by = Sns::new();
    for arn in [
        "",
        "MyTopic",
        "arn:aws:sns:s3:123456789012:T",
        "arn:aws:sns:s3-us-west-2:123456789012:T",
        "arn:aws:sns:s3-accelerate:123456789012:T",
        "arn:aws:sns::123456789012:T",
        "arn:aws:sns:us-west:123456789012:T",
        "arn:aws:sns:us--2:123456789012:T",
        "arn:aws:sns:us-west-2.s3:123456789012:T",
        "arn:aws:sns:evil.example/us-west-2:123456789012:T",
        "arn:aws:sns:US-WEST-2:123456789012:T",
        "arn:aws:sqs:us-west-2:123456789012:T",
        "arn:aws-other:sns:us-west-2:123456789012:T",
        "arn:aws:sns:us-west-2:123456789012:T:2bcfbf39-05c3-41de-beaa-fcfcc21c8f55",
    ] {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let url = format!("https://sns.{region}.amazonaws.com/SimpleNotificationService-0a.pem");
        let web = Web::with(&url, by.page());
        let (service, _) = service(provider::aws_sns([arn], "tests", Arc::clone(&web)), IN_2012);
        let mut message = notification("1", &url);
        message["TopicArn"] = arn.into();
        assert_eq!(send(&service, by.sign(message)).await, UNAVAILABLE, "{arn}");
        assert_eq!(web.asked(), [""; 0], "{arn}");
    }
}

#[tokio::test]
async fn a_bare_public_key_is_not_a_certificate_of_sns() {
    let (by, url) = (Sns::new(), cert_url(1));
    let pem = |label: &str, der: &[u8]| {
        Bytes::from(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64.encode(der)))
    };
    let bare = by.public_key();
    for page in [pem("PUBLIC KEY", &bare), pem("CERTIFICATE", &bare), pem("PUBLIC KEY", &by.page()), bare] {
        assert_eq!(send(&sns(&Web::with(&url, page)), by.notification("1", &url)).await, UNAVAILABLE);
    }
    let page = pem("CERTIFICATE", &by.page());
    assert!(send(&sns(&Web::with(&url, page)), by.notification("1", &url)).await.is_ok());
}

#[tokio::test]
async fn messages_that_cannot_be_valid_are_rejected_without_a_fetch() {
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
        // SNS also signs the messages of an attacker's topic.
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

#[tokio::test]
async fn signed_values_in_an_array_are_not_accepted() {
    // serde can also read a struct from an array of its values, and the signed content would be the same.
    let (by, url) = (Sns::new(), cert_url(1));
    let service = sns(&Web::with(&url, by.page()));
    let message = by.notification("1", &url);
    let values = [
        "Type",
        "MessageId",
        "TopicArn",
        "Subject",
        "Message",
        "Timestamp",
        "Token",
        "SubscribeURL",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
    ];
    let array: Value = values.iter().map(|name| message[*name].clone()).collect();
    assert_eq!(send(&service, array).await, Err(RejectionKind::MissingSignature));
    assert_eq!(send(&service, format!("\n {message}")).await, Ok("Notification 1".to_owned()));
}

/// The parts of a delivery that a handler can see.
#[derive(Clone, Debug)]
struct Seen {
    body: Bytes,
    payload: Bytes,
    raw: Bytes,
    event: Value,
    content_length: Option<String>,
}

async fn seen(service_of: WebhookLayer, request: Request<String>) -> Option<Seen> {
    let seen = Arc::new(Mutex::new(None));
    let noted = Arc::clone(&seen);
    let service = service_of.json::<Value>().layer(service_fn(move |request: Request<Body>| {
        let noted = Arc::clone(&noted);
        async move {
            let (head, body) = request.into_parts();
            let delivery = head.extensions.get::<Delivery>().unwrap();
            *noted.lock().unwrap() = Some(Seen {
                payload: delivery.payload().clone(),
                raw: delivery.raw().clone(),
                event: (**head.extensions.get::<Event<Value>>().unwrap()).clone(),
                content_length: head
                    .headers
                    .get("content-length")
                    .map(|length| length.to_str().unwrap().to_owned()),
                body: http_body_util::BodyExt::collect(body).await?.to_bytes(),
            });
            Ok::<_, BoxError>(Response::new(Full::<Bytes>::default()))
        }
    }));
    service.oneshot(request.map(Full::<Bytes>::from)).await.unwrap();
    seen.lock().unwrap().clone()
}

#[tokio::test]
async fn the_handler_receives_only_the_signed_fields() {
    let (by, url) = (Sns::new(), cert_url(1));
    let layer = |web| {
        WebhookLayer::with_verifier(provider::aws_sns([TOPIC], "tests", web))
            .clock(ManualClock::at_unix(IN_2012))
    };
    let confirmed = confirmation(&by, &url, SUBSCRIBE);
    let mut with_subject = notification("2", &url);
    with_subject["Subject"] = "a \"subject\"".into();
    let mut unsubscribed = confirmed.clone();
    unsubscribed["Type"] = "UnsubscribeConfirmation".into();
    let always = ["Message", "MessageId", "Timestamp", "TopicArn", "Type"];
    for (message, more) in [
        (by.notification("1", &url), &[][..]),
        (by.sign(with_subject), &["Subject"]),
        (confirmed, &["SubscribeURL", "Token"]),
        (by.sign(unsubscribed), &["SubscribeURL", "Token"]),
    ] {
        let signed: Value = always
            .iter()
            .chain(more)
            .map(|name| (*name).to_owned())
            .map(|name| (name.clone(), message[name].clone()))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut sent = message;
        sent["MessageAttributes"] = json!({"role": {"Type": "String", "Value": "admin"}});
        sent["UnsubscribeURL"] = "http://169.254.169.254/".into();
        sent["subject"] = "in lower case".into();
        // Neither a field with the value `null` nor a field that belongs to another type of message is signed.
        for unsigned in
            ["Subject", "SubscribeURL", "Token"].into_iter().filter(|name| signed.get(name).is_none())
        {
            sent[unsigned] = if signed["Type"] == "Notification" && unsigned == "Subject" {
                Value::Null
            } else {
                "forged".into()
            };
        }
        let sent = sent.to_string();
        let has_length = signed["Type"] == "Notification";
        let mut request = Request::post("/").body(sent.clone()).unwrap();
        if has_length {
            request.headers_mut().insert("content-length", sent.len().into());
        }
        let seen = seen(layer(Web::with(&url, by.page())), request).await.unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&seen.payload).unwrap(), signed);
        assert_eq!(seen.event, signed);
        assert_eq!(seen.body, seen.payload);
        assert_eq!(seen.raw, sent);
        assert_eq!(seen.content_length, has_length.then(|| seen.body.len().to_string()));
    }
}

#[tokio::test]
async fn a_message_that_has_a_field_twice_is_rejected() {
    let (by, url) = (Sns::new(), cert_url(1));
    let service = sns(&Web::with(&url, by.page()));
    let message = by.notification("1", &url).to_string();
    for (first, second) in [
        (r#""Message":"forged","#, ""),
        ("", r#","Message":"forged""#),
        ("", r#","\u004dessage":"forged""#),
        ("", r#","Type":"SubscriptionConfirmation""#),
        (r#""MessageId":"2","#, ""),
    ] {
        let inner = &message[1..message.len() - 1];
        let twice = format!("{{{first}{inner}{second}}}");
        assert_eq!(send(&service, twice).await, Err(RejectionKind::MissingSignature), "{first}{second}");
    }
    assert!(send(&service, message).await.is_ok());
}

#[tokio::test]
async fn two_subscribers_of_one_topic_that_share_a_store_each_receive_a_message() {
    let (by, url) = (Sns::new(), cert_url(1));
    let store = Arc::new(MokaStore::new(100));
    let subscriber = |name: &str| {
        let verifier = provider::aws_sns([TOPIC], name, Web::with(&url, by.page()));
        let layer = WebhookLayer::with_verifier(verifier).clock(ManualClock::at_unix(IN_2012));
        service_with(layer.dedupe(Arc::clone(&store)))
    };
    let message = by.notification("1", &url);
    // Two subscribers, and a replica of the first.
    let services = [subscriber("billing"), subscriber("search"), subscriber("billing")];
    let mut ran = Vec::new();
    for (service, calls) in &services {
        assert!(send(service, &message).await.is_ok());
        ran.push(calls.load(Ordering::Relaxed));
    }
    assert_eq!(ran, [1, 1, 0]);
}

pub(super) fn confirmation(by: &Sns, cert: &str, subscribe: &str) -> Value {
    let mut message = notification("1", cert);
    message["Type"] = "SubscriptionConfirmation".into();
    message["Token"] = "2336412f37".into();
    message["SubscribeURL"] = subscribe.into();
    by.sign(message)
}

pub(super) const SUBSCRIBE: &str =
    "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37";

#[tokio::test]
async fn a_confirmation_reaches_the_handler_unless_the_verifier_confirms_it() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let message = confirmation(&by, &url, SUBSCRIBE);
    assert_eq!(send(&sns(&web), &message).await, Ok("SubscriptionConfirmation 1".to_owned()));
    assert_eq!(web.asked(), [&*url]);

    let web = Web::with(&url, by.page());
    let (service, calls) =
        service(provider::aws_sns([TOPIC], "tests", Arc::clone(&web)).confirm_subscriptions(), IN_2012);
    assert_eq!(send(&service, &message).await, UNAVAILABLE, "the confirmation failed");
    web.set(SUBSCRIBE, Ok(Bytes::from("<ConfirmSubscriptionResponse/>")));
    assert_eq!(send(&service, &message).await, Ok(String::new()));
    assert_eq!(web.asked(), [&*url, SUBSCRIBE, SUBSCRIBE]);
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    assert!(send(&service, by.notification("2", &url)).await.is_ok());
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn only_a_valid_and_fresh_confirmation_is_confirmed() {
    let (by, url) = (Sns::new(), cert_url(1));
    let web = Web::with(&url, by.page());
    let verifier = provider::aws_sns([TOPIC], "tests", Arc::clone(&web)).confirm_subscriptions();
    let (service, _) = service(verifier, IN_2012);
    for (from, to) in [
        ("https", "http"),
        ("us-west-2", "eu-west-1"),
        ("us-west-2", "s3"),
        (".com/", ".com.cn/"),
        (".com/", ".com:443/"),
        (".com/", ".com./"),
        ("https://", "https://user@"),
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

#[tokio::test]
async fn the_url_of_a_confirmation_outside_the_tolerance_is_not_visited() {
    let by = Sns::new();
    let cert_url = cert_url(1);
    let message = confirmation(&by, &cert_url, SUBSCRIBE);
    let tolerance = Duration::from_secs(60);
    for (age, visits) in [(30, true), (1_800, false)] {
        let now = IN_2012 + age;
        for way in ["layer", "profile", "standalone"] {
            let web = Web::with(&cert_url, by.page());
            web.set(SUBSCRIBE, Ok(Bytes::new()));
            let sns = provider::aws_sns([TOPIC], "tests", Arc::clone(&web)).confirm_subscriptions();
            let profiled = |sns| {
                let sns = ProviderVerifier::from(sns);
                sns.with_profile(|profile| profile.with_tolerance(Tolerance::both(tolerance)))
            };
            let body = Bytes::from(message.to_string());
            let request = Request::post("/").body(Full::new(body.clone())).unwrap();
            let accepted = match way {
                "standalone" => {
                    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now.into());
                    let (head, _) = request.into_parts();
                    verify::verify_request(&profiled(sns), &head, &body, now).await.is_ok()
                }
                "profile" => {
                    service(profiled(sns), now).0.oneshot(request).await.unwrap().status().is_success()
                }
                _ => {
                    let layer = WebhookLayer::with_verifier(sns).tolerance(tolerance);
                    let (service, _) = service_with(layer.clock(ManualClock::at_unix(now)));
                    service.oneshot(request).await.unwrap().status().is_success()
                }
            };
            assert_eq!(
                (accepted, web.asked().contains(&SUBSCRIBE.to_owned())),
                (visits, visits),
                "{age} {way}"
            );
        }
    }
}
