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

/// RSA-SHA1 or RSA-SHA256 of fields of the body in its `Signature`, base64; the certificates are fetched
/// with `fetch`.
///
/// Accepts deliveries of `topics` to `subscriber`.
///
/// * Signed content: these fields of the body, with each name and each value on its own line: `Type`,
///   `MessageId`, `TopicArn`, `Message`, `Timestamp`; `Subject` of a notification; `SubscribeURL` and
///   `Token` of a confirmation. RSA with SHA-1 or SHA-256 by `SignatureVersion`, 1 or 2. With *raw message
///   delivery* SNS signs nothing, and every delivery is rejected.
/// * Delivery id: `body:/MessageId`, signed.
/// * Event type: `body:/Type`, signed.
/// * Timestamp: `body:/Timestamp`; 3900 s into the past, because SNS retries for an hour with the time of
///   the first attempt, and 300 s into the future.
/// * Retries: yes.
/// * Acknowledge within: 15 s. Retries otherwise
///   ([source](https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html)).
/// * Handshake: a verified `SubscriptionConfirmation` is passed to the handler like a notification, unless
///   the layer [confirms](AwsSns::confirm_subscriptions) them.
/// * Not covered: `MessageAttributes`, `UnsubscribeURL`, every other field, and all headers (`x-amz-sns-…`).
///   An attacker who captures a delivery can change them. So
///   [`Delivery::payload`](crate::Delivery::payload), the body that the handler reads, and the decoded event
///   are **the JSON object of only the signed fields**; put all data for the handler into the message.
///   [`Delivery::raw`](crate::Delivery::raw) contains the rest. That body has no signature, so a second
///   layer on the same route rejects it.
/// * Topics: the ARNs to accept. SNS signs for every AWS account, so **a signature alone does not identify
///   the sender**. Messages of other topics are rejected.
/// * Subscriber: a name for this subscription, such as `billing`. SNS sends a message under the same id to
///   every subscriber of a topic. The name is part of the default [scope](crate::WebhookLayer::scope), so
///   that subscribers that share a store each receive it. Use one name per subscription, and the same name
///   for all replicas of a service. A configured scope replaces it.
/// * Key: the certificate at `SigningCertURL`, which must be
///   `https://sns.<region>.<domain>/SimpleNotificationService-….pem`. Region and domain are those of the
///   topic's ARN: `amazonaws.com` for the partitions `aws` and `aws-us-gov`, `amazonaws.com.cn` for
///   `aws-cn`, `amazonaws.eu` for `aws-eusc`. Deliveries of a topic in another partition cannot be verified,
///   and are answered 503. The TLS connection to that host authenticates the certificate. Its dates are
///   checked, but not its chain and name. See [`Fetch`] for the caching of certificates.
///
/// [`find`](super::find) returns this provider, but cannot build its verifier from a secret.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, WebhookLayer, provider, verify::Fetch};
///
/// struct Client; // the application's: see `Fetch`
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
        retries: Some(true),
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
    /// Lets the layer confirm subscriptions to the topics. Default: off.
    ///
    /// The layer requests the `SubscribeURL` of a verified `SubscriptionConfirmation`, which must be on the
    /// host of the topic's region, and answers the delivery without calling the handler. If the request
    /// fails, it answers 503, and SNS retries the confirmation. A confirmation whose `Timestamp` is out of
    /// [tolerance](crate::WebhookLayer::tolerance) is rejected, and its URL is not requested.
    #[must_use]
    pub fn confirm_subscriptions(mut self) -> Self {
        self.confirms = true;
        self
    }

    /// Parses a body, and performs all checks that do not need the key.
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
            return Err(VerifyError::unavailable("region or partition of the topic's ARN is not known"));
        };
        if !is_certificate(&message.signing_cert_url, origin) {
            return Err(VerifyError::malformed(
                "`SigningCertURL` is not a certificate of SNS in the topic's region",
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
    /// Derived from topic and subscriber, because a delivery must keep its identity when the certificate changes.
    fingerprint: u64,
}

impl Topic {
    fn new(arn: Box<str>, subscriber: &str) -> Self {
        // Unambiguous, because the ARN of an accepted message has no line break.
        let fingerprint = fingerprint(format!("{arn}\n{subscriber}").as_bytes());
        Self { origin: origin(&arn), fingerprint, arn }
    }
}

/// Derives the host from the ARN. A pattern for hosts would also match customers' S3 buckets.
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

/// Accepts words followed by a number, such as `us-gov-west-1`, and so rejects `s3-…`.
fn is_region(label: &str) -> bool {
    let Some((words, number)) = label.rsplit_once('-') else { return false };
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.contains('-') && words.split('-').all(is_word) && digits(number.as_bytes()).is_some()
}

const NOTIFICATION: &str = "Notification";

const CONFIRMATION: &str = "SubscriptionConfirmation";

/// SNS: `SubscriptionConfirmation`, which is answered if its URL was visited.
const HANDSHAKE: Handshake = Handshake {
    signed: |_, payload| (*scan(payload, "/Type")? == *CONFIRMATION).then(Response::default),
    ..Handshake::NONE
};

impl Verifier for AwsSns {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let tolerance = request.tolerance().unwrap_or(self.profile.tolerance());
        // The whole signature is in the body.
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
            return Err(VerifyError::malformed("`SubscribeURL` is not of SNS in the topic's region")).into();
        }
        let keys = sns.keys.clone();
        Finish::later(async move {
            let timestamp = signed.timestamp;
            let verified = keys.verify(&url, |key| signed.verify(key, now)).await?;
            // The layer checks the time only afterwards, when an old URL would have been requested.
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
            _ => return Err(VerifyError::malformed("`Type` is not one that SNS documents")),
        }
        // The message comes first. Line breaks after it could shift the boundaries between fields.
        if self.signed().any(|(name, value)| name != "Message" && value.contains('\n')) {
            return Err(VerifyError::malformed("signed field other than `Message` has a line break"));
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

/// Checks that the URL only confirms a subscription.
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
