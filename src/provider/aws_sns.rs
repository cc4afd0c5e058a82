use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Response, request::Parts};
use serde::Deserialize;

#[cfg(feature = "test-util")]
use crate::testing::CannotSign;
use crate::verify::{
    Certificate, Check, Encoding, Fetch, Finish, KeyCache, Location, Profile, PublicKind, Signatures,
    TimeUnit, Tolerance, Verified, Verifier, VerifyError, digest, in_force,
};

/// AWS SNS: deliveries of `topics`, whose certificates are fetched with `fetch`.
///
/// * Signed: the fields of the body, each as its name and its value on lines of their own, RSA with
///   SHA-1 or SHA-256 (`SignatureVersion` 1 or 2), in the body's `Signature`. With *raw message
///   delivery* SNS signs nothing, and everything is refused.
/// * Topics: the ARNs to accept. SNS signs for whoever has an AWS account, so that **a signature
///   alone says nothing of the sender**: a topic that is not among them is refused.
/// * Key: the certificate at `SigningCertURL`, if that is
///   `https://sns.<region>.amazonaws.com/SimpleNotificationService-….pem` or the same under
///   `.amazonaws.com.cn`. What is trusted is the TLS connection to that host; of the certificate its
///   dates are checked, not its chain nor its name. It is kept for a day. At most 16 unknown ones
///   are fetched in a minute, each once however many deliveries wait for it. While there is none,
///   deliveries are answered 503 (`verifier_unavailable`), and SNS sends them again.
/// * Id: `body:/MessageId`, signed. Event type: `body:/Type`; the header
///   `x-amz-sns-message-type`, which says the same, is not signed.
/// * An answer within 15 s, and retries otherwise
///   ([source](https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html)).
/// * Timestamp: `body:/Timestamp`; 3900 s into the past, for SNS tries for an hour with the time of
///   the first attempt, and 300 s into the future.
/// * Handshake: a `SubscriptionConfirmation` is given to the handler like a notification, once it
///   is verified, unless the layer is told to [confirm](AwsSns::confirm_subscriptions) it.
///
/// It needs more than secrets, so that [`all`](super::all) and [`find`](super::find) do not know it.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, WebhookLayer, provider, verify::Fetch};
///
/// struct Client; // yours: see `Fetch`
///
/// impl Fetch for Client {
///     async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
///         # let _ = most;
///         Err(format!("{url} is not fetched in an example").into())
///     }
/// }
///
/// let topics = ["arn:aws:sns:us-west-2:123456789012:MyTopic"];
/// let layer = WebhookLayer::with_verifier(provider::aws_sns(topics, Client).confirm_subscriptions());
/// ```
///
/// [Where this is from](https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html).
pub fn aws_sns<T: Into<Box<str>>>(topics: impl IntoIterator<Item = T>, fetch: impl Fetch) -> AwsSns {
    let mut profile = Profile::new("aws-sns");
    profile.id = Some(Location::json("/MessageId"));
    profile.event_type = Some(Location::json("/Type"));
    profile.tolerance =
        Tolerance { past: Some(Duration::from_secs(3900)), future: Some(Duration::from_secs(300)) };
    profile.retries = Some(true);
    profile.ack_deadline = Some(Duration::from_secs(15));
    let topics = topics.into_iter().map(Into::into).collect();
    AwsSns { topics, keys: KeyCache::new(fetch), confirms: false, profile }
}

/// The verifier that [`aws_sns`] makes.
#[derive(Debug)]
pub struct AwsSns {
    topics: Vec<Box<str>>,
    keys: KeyCache,
    confirms: bool,
    profile: Profile,
}

impl AwsSns {
    /// Confirms subscriptions to the topics: the `SubscribeURL` of a verified
    /// `SubscriptionConfirmation` is fetched, if it is on an SNS host, and the delivery is answered
    /// without the handler. If the fetch fails, it is a 503, and SNS sends it again.
    #[must_use]
    pub fn confirm_subscriptions(mut self) -> Self {
        self.confirms = true;
        self
    }
}

const CONFIRMATION: &str = "SubscriptionConfirmation";

impl Verifier for AwsSns {
    fn begin<'a>(&'a self, _: &'a Parts, now: SystemTime) -> Result<Box<dyn Check + 'a>, VerifyError> {
        // All there is to verify is in the body.
        Ok(Box::new(SnsCheck { sns: self, now }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    #[cfg(feature = "test-util")]
    fn sign(&self, _: &mut Parts, _: &mut Bytes, _: SystemTime) -> Result<(), CannotSign> {
        Err(CannotSign::public_key())
    }

    fn signed_handshake(&self, _: &Parts, body: &Bytes) -> Option<Response<Bytes>> {
        let is_confirmation = || Some(serde_json::from_slice::<Message>(body).ok()?.kind == CONFIRMATION);
        (self.confirms && is_confirmation()?).then(Response::default)
    }
}

struct SnsCheck<'a> {
    sns: &'a AwsSns,
    now: SystemTime,
}

impl Check for SnsCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { sns, now } = *self;
        let (signed, message) = match Signed::read(body, &sns.topics) {
            Ok(read) => read,
            Err(error) => return Err(error).into(),
        };
        let confirm =
            (sns.confirms && message.kind == CONFIRMATION).then_some(message.subscribe_url).flatten();
        if confirm.as_deref().is_some_and(|url| !is_confirming(url)) {
            return Err(VerifyError::malformed("the SubscribeURL is not of SNS")).into();
        }
        let url = message.signing_cert_url;
        let Some(confirm) = confirm else {
            return sns.keys.finish(&url, move |certificate| signed.verify(certificate, now));
        };
        let (keys, tolerance) = (sns.keys.clone(), sns.profile.tolerance);
        Finish::later(async move {
            let timestamp = signed.timestamp;
            let verified = keys.verify(&url, |certificate| signed.verify(certificate, now)).await?;
            // The layer judges the time afterwards, when an old URL would be visited.
            tolerance.judge(timestamp, now)?;
            keys.visit(&confirm).await?;
            Ok(verified)
        })
    }
}

/// The body, as far as it is signed or says how.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
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

impl Message {
    /// The text that is signed.
    fn text(&self) -> Result<String, VerifyError> {
        let missing = || VerifyError::missing("a field that is signed is not there");
        let mut fields = vec![("MessageId", &self.message_id)];
        match &*self.kind {
            "Notification" => fields.extend(self.subject.as_ref().map(|subject| ("Subject", subject))),
            CONFIRMATION | "UnsubscribeConfirmation" => {
                fields.push(("SubscribeURL", self.subscribe_url.as_ref().ok_or_else(missing)?));
            }
            _ => return Err(VerifyError::malformed("the Type is none that SNS has")),
        }
        fields.push(("Timestamp", &self.timestamp));
        if self.kind != "Notification" {
            fields.push(("Token", self.token.as_ref().ok_or_else(missing)?));
        }
        fields.extend([("TopicArn", &self.topic_arn), ("Type", &self.kind)]);
        // Only the message may have lines: else one text could be read as different fields.
        if fields.iter().any(|(_, value)| value.contains('\n')) {
            return Err(VerifyError::malformed("a field has a line break in it"));
        }
        let mut text = format!("Message\n{}\n", self.message);
        for (name, value) in fields {
            text.extend([name, "\n", value, "\n"]);
        }
        Ok(text)
    }
}

/// What is signed, and by what.
struct Signed {
    kind: PublicKind,
    text: String,
    signatures: Signatures,
    timestamp: SystemTime,
    fingerprint: u64,
}

impl Signed {
    /// Reads a body, and refuses it by all that can be known without the key.
    fn read(body: &[u8], topics: &[Box<str>]) -> Result<(Self, Message), VerifyError> {
        let no_message = || VerifyError::missing("the body is no signed message of SNS");
        // The fields alone are signed, and serde would also take them from an array, where nobody finds the id.
        if body.trim_ascii_start().first() != Some(&b'{') {
            return Err(no_message());
        }
        // The parser's words are not passed on: they may quote the body.
        let message: Message = serde_json::from_slice(body).map_err(|_| no_message())?;
        let kind = match &*message.signature_version {
            "1" => PublicKind::RsaSha1,
            "2" => PublicKind::RsaSha256,
            _ => return Err(VerifyError::malformed("the SignatureVersion is neither 1 nor 2")),
        };
        let signature = [message.signature.as_bytes()].into_iter();
        let signatures = Signatures::read(signature, Encoding::Base64, kind)?;
        if !topics.iter().any(|topic| **topic == *message.topic_arn) {
            return Err(VerifyError::wrong("the topic is none of those that are accepted"));
        }
        if !is_certificate(&message.signing_cert_url) {
            return Err(VerifyError::malformed("the SigningCertURL is not of SNS"));
        }
        let timestamp = TimeUnit::Rfc3339.read(message.timestamp.as_bytes())?;
        // Of the topic: certificates change, and what they sign stays the same delivery.
        let [a, b, c, d, e, f, g, h, ..] = digest(message.topic_arn.as_bytes());
        let fingerprint = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let text = message.text()?;
        Ok((Self { kind, text, signatures, timestamp, fingerprint }, message))
    }

    fn verify(self, certificate: &Certificate, now: SystemTime) -> Result<Verified, VerifyError> {
        in_force(certificate, now)?;
        let keys = certificate.keys(self.kind).map_err(VerifyError::unavailable)?;
        let mut message = keys.begin(self.signatures, |_| true);
        message.update(self.text.as_bytes());
        Ok(message.conclude()?.fingerprint(self.fingerprint).timestamp(self.timestamp))
    }
}

/// What follows the host, if that is one of SNS. No port, user or other spelling gets past it.
fn after_host(url: &str) -> Option<&str> {
    let (region, rest) = url.strip_prefix("https://sns.")?.split_once('.')?;
    let in_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !(1..=32).contains(&region.len()) || !region.bytes().all(in_region) {
        return None;
    }
    let rest = rest.strip_prefix("amazonaws.com")?;
    rest.strip_prefix(".cn").unwrap_or(rest).strip_prefix('/')
}

fn is_certificate(url: &str) -> bool {
    let name = after_host(url).and_then(|path| path.strip_prefix("SimpleNotificationService-"));
    let name = name.and_then(|name| name.strip_suffix(".pem"));
    name.is_some_and(|name| {
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// Whether it confirms a subscription and does nothing else.
fn is_confirming(url: &str) -> bool {
    let query = after_host(url).and_then(|path| path.strip_prefix('?'));
    query.is_some_and(|query| {
        query.len() <= 2048
            && query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
            && form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "Action").count() == 1
            && form_urlencoded::parse(query.as_bytes())
                .any(|(name, value)| name == "Action" && value == "ConfirmSubscription")
    })
}
