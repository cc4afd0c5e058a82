use std::{
    mem,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::Response;
use serde::{Deserialize, Serialize, Serializer};

use super::{
    Facts, Provider,
    handshake::{Handshake, HandshakeRequest},
};
use crate::verify::{
    Certificate, Check, Encoding, Fetch, Finish, KeyCache, Location, Profile, PublicKind, RequestContext,
    Signatures, TimeUnit, Tolerance, Verified, Verifier, VerifyError, digits, fingerprint, in_force,
    only_parameter, scan,
};

/// Creates a verifier for AWS SNS, which fetches the signing certificates with `fetch`.
///
/// The verifier accepts only messages of `topics`. `subscriber` names this subscription.
///
/// * Signature: RSA-SHA1 or RSA-SHA256 signature of some fields of the body, as base64 in the field
///   `Signature`.
/// * Signed content: the fields `Message`, `MessageId`, `Timestamp`, `TopicArn` and `Type` of the body, as
///   well as `Subject` in notifications, and `SubscribeURL` and `Token` in confirmations. The fields are
///   sorted by name, and each name and each value is on its own line. `SignatureVersion` 1 is SHA-1, and 2
///   is SHA-256. Disable *raw message delivery*: SNS does not sign raw messages, so the layer rejects them.
/// * Delivery id: `body:/MessageId`, signed.
/// * Event type: `body:/Type`, signed.
/// * Timestamp: `body:/Timestamp`; tolerance 3900 s in the past and 300 s in the future. With a custom
///   delivery policy, SNS can retry for an hour, and all attempts have the timestamp of the first one.
/// * Retries: yes, for up to 1 minute. A custom delivery policy can extend this to an hour.
/// * Acknowledge within: 15 s. Otherwise SNS retries
///   ([source](https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html)).
/// * Handshake: the layer passes a verified `SubscriptionConfirmation` to the handler, like a notification.
///   With [`confirm_subscriptions`](AwsSns::confirm_subscriptions), the layer confirms the subscription
///   instead.
/// * Not covered: `MessageAttributes`, `UnsubscribeURL`, every other field, and all headers (`x-amz-sns-…`).
///   An attacker who captures a delivery can change them. The handler therefore gets **a JSON object of only
///   the signed fields** as the body and as [`Delivery::payload`](crate::Delivery::payload), and the event
///   is decoded from this object. Put all data for the handler into `Message`. If it is JSON, `Event<T>`
///   with [`sns::Notification`](crate::payload::sns::Notification) decodes it too.
///   [`Delivery::raw`](crate::Delivery::raw) is the body as received. The reduced body has no signature, so
///   a second layer on the same route rejects it.
/// * Topics: the ARNs to accept; messages of other topics are rejected. SNS signs the messages of every AWS
///   account, so **a valid signature does not identify the sender**.
/// * Subscriber: a name for this subscription, such as `billing`. SNS sends a message with the same id to
///   every subscriber of a topic. The default [scope](crate::WebhookLayer::scope) contains the name, so that
///   subscribers that share a store each get the message. Use one name per subscription, and the same name
///   in all replicas of a service. If you set a scope, the name has no effect.
/// * Key: the certificate at `SigningCertURL`, which must be
///   `https://sns.<region>.<domain>/SimpleNotificationService-….pem`. The region is that of the topic's ARN.
///   The domain depends on the ARN's partition: `amazonaws.com` for `aws` and `aws-us-gov`,
///   `amazonaws.com.cn` for `aws-cn`, `amazonaws.eu` for `aws-eusc`. The layer responds with 503 to
///   deliveries from topics in other partitions. The TLS connection to the URL's host authenticates the
///   certificate. The layer checks the certificate's validity dates, but not its chain or its name. See
///   [`Fetch`] for the caching of certificates.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, WebhookLayer, provider, verify::Fetch};
///
/// struct Client; // your HTTP client: see `Fetch`
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         # let _ = most;
///         Err(format!("{url} is not fetched in an example").into())
///     }
/// }
///
/// let topics = ["arn:aws:sns:us-west-2:123456789012:MyTopic"];
/// let verifier = provider::aws_sns(topics, "billing", Client).confirm_subscriptions();
/// let layer = WebhookLayer::with_verifier(verifier);
/// ```
///
/// Sources: [how to verify](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html),
/// and the hosts in the
/// [AWS SDK for Java](https://github.com/aws/aws-sdk-java-v2/tree/master/services-custom/sns-message-manager).
pub fn aws_sns<T: Into<Box<str>>>(
    topics: impl IntoIterator<Item = T>,
    subscriber: impl AsRef<str>,
    fetch: impl Fetch,
) -> AwsSns {
    let topics = topics.into_iter().map(|arn| Topic::new(arn.into(), subscriber.as_ref())).collect();
    AwsSns { topics, keys: KeyCache::new(fetch), confirms: false, profile: ROW.profile() }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "aws-sns",
    "aws_sns",
    "AWS SNS",
    "https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html",
    "topics, subscriber, fetch",
    Facts {
        profile: |profile| {
            profile
                .with_id(Location::json("/MessageId"))
                .with_event_type(Location::json("/Type"))
                .with_tolerance(Tolerance::any_age().with_past(Duration::from_secs(3900)))
        },
        lease: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(60)),
        ack_deadline: Some(Duration::from_secs(15)),
        handshake: Some(HANDSHAKE),
        ..Facts::NONE
    },
);

/// The verifier that [`aws_sns`] returns.
#[derive(Debug)]
pub struct AwsSns {
    topics: Vec<Topic>,
    keys: KeyCache,
    confirms: bool,
    profile: Profile,
}

impl AwsSns {
    /// Confirms subscriptions to the topics. Default: off.
    ///
    /// When a verified `SubscriptionConfirmation` arrives, the layer requests the confirmation's
    /// `SubscribeURL`, and responds without calling the handler. The URL must be on the SNS host of the
    /// topic's region. If the request fails, the layer responds with 503, and SNS retries the confirmation.
    /// The layer rejects a confirmation whose `Timestamp` is out of
    /// [tolerance](crate::WebhookLayer::tolerance), without requesting its URL.
    #[must_use]
    pub fn confirm_subscriptions(mut self) -> Self {
        self.confirms = true;
        self
    }

    /// Parses a body, and performs all checks that do not require the key.
    fn read(&self, body: &[u8]) -> Result<(SignedSns, &str), VerifyError> {
        let no_message = || VerifyError::missing("body is not a signed SNS message");
        // serde also accepts an array for a struct.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(no_message());
        }
        // The parser's error may quote the body.
        let message: SnsMessage = serde_json::from_slice(body).map_err(|_| no_message())?;
        let kind = match &*message.signature_version {
            "1" => PublicKind::RsaSha1,
            "2" => PublicKind::RsaSha256,
            _ => return Err(VerifyError::malformed("`SignatureVersion` is neither 1 nor 2")),
        };
        let signature = [message.signature.as_bytes()].into_iter();
        let signatures = Signatures::read(signature, Encoding::Base64, kind)?;
        let topic = self.topics.iter().find(|topic| *topic.arn == *message.topic_arn);
        let topic = topic.ok_or(VerifyError::wrong("`TopicArn` is not among the accepted topics"))?;
        let Some(origin) = &topic.origin else {
            return Err(VerifyError::unavailable("topic's ARN has an unknown region or partition"));
        };
        if !is_certificate(&message.signing_cert_url, origin) {
            return Err(VerifyError::malformed(
                "`SigningCertURL` is not a certificate URL of SNS in the topic's region",
            ));
        }
        let timestamp = TimeUnit::Rfc3339.read(message.timestamp.as_bytes())?;
        message.check()?;
        Ok((SignedSns { kind, message, signatures, timestamp, fingerprint: topic.fingerprint }, origin))
    }
}

/// A topic to accept.
#[derive(Debug)]
struct Topic {
    arn: Box<str>,
    /// The beginning of all SNS URLs in the topic's region; `None` if unknown.
    origin: Option<String>,
    /// The fingerprint of the topic and the subscriber. It does not depend on the certificate, so that the
    /// deduplication key stays the same when the certificate changes.
    fingerprint: u64,
}

impl Topic {
    fn new(arn: Box<str>, subscriber: &str) -> Self {
        // Unambiguous, because the ARN of an accepted message cannot contain a line break.
        let fingerprint = fingerprint(format!("{arn}\n{subscriber}").as_bytes());
        Self { origin: origin(&arn), fingerprint, arn }
    }
}

/// Returns the origin of SNS for the topic's ARN. URLs must begin with this origin. A pattern for hosts would
/// also match customers' S3 buckets.
fn origin(arn: &str) -> Option<String> {
    let parts: Vec<_> = arn.split(':').collect();
    let ["arn", partition, "sns", region, _account, _name] = *parts else { return None };
    let domain = match partition {
        "aws" | "aws-us-gov" => "amazonaws.com",
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        _ => return None,
    };
    is_region(region).then(|| format!("https://sns.{region}.{domain}/"))
}

/// Returns whether `label` is words followed by a number, such as `us-gov-west-1`. Rejects `s3-…`.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-') && words.split('-').all(is_word) && digits(number.as_bytes()).is_some()
}

const NOTIFICATION: &str = "Notification";

const CONFIRMATION: &str = "SubscriptionConfirmation";

/// The handshake of SNS: a `SubscriptionConfirmation`, to which the layer responds once it has requested the
/// `SubscribeURL`.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, payload| (*scan(payload, "/Type")? == *CONFIRMATION).then(Response::default),
    ..Handshake::NONE
};

impl Verifier for AwsSns {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let tolerance = request.tolerance().unwrap_or(self.profile.tolerance());
        // The signature and everything that it covers are in the body.
        Ok(Box::new(SnsCheck { sns: self, now: request.now(), tolerance }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn signed_handshake(&self, request: &RequestContext<'_>, payload: &Bytes) -> Option<Response<Bytes>> {
        let request = HandshakeRequest { request: *request, secrets: &[] };
        self.confirms.then(|| (HANDSHAKE.signed)(&request, payload))?
    }
}

struct SnsCheck<'a> {
    sns: &'a AwsSns,
    now: SystemTime,
    tolerance: Tolerance,
}

impl Check for SnsCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { sns, now, tolerance } = *self;
        let (mut signed, origin) = match sns.read(body) {
            Ok(read) => read,
            Err(error) => return Err(error).into(),
        };
        let url = mem::take(&mut signed.message.signing_cert_url);
        let confirms = sns.confirms && signed.message.kind == CONFIRMATION;
        let Some(confirm) = signed.message.subscribe_url.clone().filter(|_| confirms) else {
            return sns.keys.finish(&url, move |key| signed.verify(key, now));
        };
        if !is_confirming(&confirm, origin) {
            return Err(VerifyError::malformed(
                "`SubscribeURL` is not a confirmation URL of SNS in the topic's region",
            ))
            .into();
        }
        let keys = sns.keys.clone();
        Finish::later(async move {
            let timestamp = signed.timestamp;
            let verified = keys.verify(&url, |key| signed.verify(key, now)).await?;
            // The layer checks the timestamp only after this check, too late to prevent the request to
            // `SubscribeURL`.
            tolerance.judge(timestamp, now)?;
            keys.visit(&confirm).await?;
            Ok(verified)
        })
    }
}

/// The signed fields, and those that describe the signature.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SnsMessage {
    #[serde(rename = "Type")]
    kind: String,
    message_id: String,
    topic_arn: String,
    subject: Option<String>,
    message: String,
    timestamp: String,
    token: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
}

impl SnsMessage {
    /// Returns the signed fields in signing order. The payload is built from the same list, so it contains
    /// only signed fields.
    fn signed(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let is_notification = self.kind == NOTIFICATION;
        let fields = [
            ("Message", Some(&self.message)),
            ("MessageId", Some(&self.message_id)),
            ("Subject", self.subject.as_ref().filter(|_| is_notification)),
            ("SubscribeURL", self.subscribe_url.as_ref().filter(|_| !is_notification)),
            ("Timestamp", Some(&self.timestamp)),
            ("Token", self.token.as_ref().filter(|_| !is_notification)),
            ("TopicArn", Some(&self.topic_arn)),
            ("Type", Some(&self.kind)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name, value?.as_str())))
    }

    /// Checks that the signed text is unambiguous.
    fn check(&self) -> Result<(), VerifyError> {
        match &*self.kind {
            NOTIFICATION => {}
            CONFIRMATION | "UnsubscribeConfirmation" => {
                if self.subscribe_url.is_none() || self.token.is_none() {
                    return Err(VerifyError::missing("`SubscribeURL` or `Token` is missing"));
                }
            }
            _ => return Err(VerifyError::malformed("`Type` is unknown")),
        }
        // Only `Message` may contain line breaks. It is the first field, so the boundaries of the other
        // fields can be found from the end of the text.
        if self.signed().any(|(name, value)| name != "Message" && value.contains('\n')) {
            return Err(VerifyError::malformed("signed field other than `Message` contains a line break"));
        }
        Ok(())
    }
}

impl Serialize for SnsMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.signed())
    }
}

/// A message with its signature.
struct SignedSns {
    kind: PublicKind,
    message: SnsMessage,
    signatures: Signatures,
    timestamp: SystemTime,
    fingerprint: u64,
}

impl SignedSns {
    fn verify(self, certificate: &Certificate, now: SystemTime) -> Result<Verified, VerifyError> {
        in_force(certificate, now)?;
        let keys = certificate.keys(self.kind).map_err(VerifyError::unavailable)?;
        let mut content = keys.begin(self.signatures, |_| true);
        for part in self.message.signed().flat_map(|(name, value)| [name, "\n", value, "\n"]) {
            content.update(part.as_bytes());
        }
        let verified = content.conclude()?.with_fingerprint(self.fingerprint).with_timestamp(self.timestamp);
        let payload = serde_json::to_vec(&self.message).map_err(VerifyError::unavailable)?;
        Ok(verified.with_payload(payload.into()))
    }
}

fn is_certificate(url: &str, origin: &str) -> bool {
    let name = url.strip_prefix(origin).and_then(|path| path.strip_prefix("SimpleNotificationService-"));
    let name = name.and_then(|name| name.strip_suffix(".pem"));
    name.is_some_and(|name| {
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Returns whether the URL can only confirm a subscription.
fn is_confirming(url: &str, origin: &str) -> bool {
    let query = url.strip_prefix(origin).and_then(|path| path.strip_prefix('?'));
    query.is_some_and(|query| {
        query.len() <= 2048
            && query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
            && matches!(
                only_parameter(query.as_bytes(), "Action"),
                Ok(Some(action)) if action == "ConfirmSubscription",
            )
    })
}
