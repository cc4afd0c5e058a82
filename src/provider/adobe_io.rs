use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, Response};
use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{
    Facts, Provider, SecretFormat,
    fetched::{text_header, verify},
    handshake::CHALLENGE,
};
use crate::{
    IntoSecrets, InvalidSecret, RejectionKind, Secret, Secrets,
    verify::{
        Attempt, Certificate, Check, Encoding, Fetch, Finish, KeyCache, Location, Profile, PublicKind,
        RequestContext, Signatures, Verifier, VerifyError, fingerprint, pem,
    },
};

/// Creates a verifier for Adobe I/O Events, which fetches the public keys with `fetch`.
///
/// * Signature: two RSA-SHA256 signatures of the body by two keys, as base64 in
///   `x-adobe-digital-signature-1` and `x-adobe-digital-signature-2`. One of them must be valid.
/// * Secret: the client id of the Adobe Developer Console project, as text. It is not confidential.
/// * Signed content: `{body}`. Each event in the body must name one of the client ids as its
///   `recipientclientid` (or `recipient_client_id`): Adobe signs the events of all projects with the same
///   keys, so **a valid signature does not identify the recipient**.
/// * Delivery id: `body:/eventid` or `body:/event_id`, signed.
/// * Event type: `body:/type`, signed. Events that are not CloudEvents may have no `type`. Their event code
///   is only in the header `x-adobe-event-code`, which is not signed.
/// * Retries: yes, for up to 1 day.
/// * Acknowledge within: 10 s. Otherwise Adobe retries
///   ([source](https://developer.adobe.com/events/docs/guides/#troubleshooting-unstabledisabled-registration-status)).
/// * Handshake: `GET ?challenge=…`. The layer echoes the challenge to any client.
/// * Batches: with the delivery type `webhook_batch`, the body is an array of events. Such a delivery has
///   neither an id nor an event type; deliveries with equal bodies count as duplicates.
/// * Key: the public keys at the paths in `x-adobe-public-key1-path` and `x-adobe-public-key2-path` on
///   `https://static.adobeioevents.com`. The path must be `/prod/keys/pub-key-….pem`. The layer uses a
///   cached key if it has one, and fetches the other only if the first does not verify the delivery. See
///   [`Fetch`] for the caching of keys.
/// * [Shared secret](crate::verify::Profile::shared_secret): each registration of a project gets the event
///   with the same id.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// ```
/// use bytes::Bytes;
/// use tower_webhook::{BoxError, Secret, WebhookLayer, provider, verify::Fetch};
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
/// let client_id: Secret = "c5a34355b7f5491f8277b8dd63f0bfa3".parse()?;
/// let layer = WebhookLayer::with_verifier(provider::adobe_io(client_id, Client));
/// # Ok::<(), BoxError>(())
/// ```
///
/// Sources: [Adobe](https://developer.adobe.com/events/docs/guides/#security-considerations), and
/// [Adobe's own code](https://github.com/adobe/aio-lib-java/blob/HEAD/events_webhook/src/main/java/com/adobe/aio/event/webhook/service/EventVerifier.java).
pub fn adobe_io(client_ids: impl IntoSecrets, fetch: impl Fetch) -> AdobeIo {
    AdobeIo {
        client_ids: client_ids.into_secrets(),
        keys: KeyCache::reading(public_key, fetch),
        profile: ROW.profile(),
    }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "adobe-io",
    "adobe_io",
    "Adobe I/O Events",
    "https://developer.adobe.com/events/docs/guides/#security-considerations",
    "client_ids, fetch",
    Facts {
        secret: Some(SecretFormat::Text),
        profile: |profile| {
            profile
                .with_id([Location::json("/eventid"), Location::json("/event_id")])
                .with_event_type(Location::json("/type"))
        },
        attempt: Some(|| Attempt::Retries(Location::header("x-adobe-retry-count"))),
        equal_bodies: true,
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs(24 * 3600)),
        ack_deadline: Some(Duration::from_secs(10)),
        handshake: Some(CHALLENGE),
        ..Facts::NONE
    },
);

/// The verifier that [`adobe_io`] returns.
#[derive(Debug)]
pub struct AdobeIo {
    client_ids: Secrets,
    keys: KeyCache,
    profile: Profile,
}

const KIND: PublicKind = PublicKind::RsaSha256;

impl Verifier for AdobeIo {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let headers = &request.head().headers;
        let first = KeyedSignature::read(headers, "x-adobe-digital-signature-1", "x-adobe-public-key1-path")?;
        let second =
            KeyedSignature::read(headers, "x-adobe-digital-signature-2", "x-adobe-public-key2-path")?;
        Ok(Box::new(AdobeCheck { adobe: self, signatures: [first, second] }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }

    fn handshake(&self, request: &RequestContext<'_>) -> Option<Response<Bytes>> {
        CHALLENGE.without_secrets(request)
    }
}

/// A signature and the URL of its key.
struct KeyedSignature {
    signatures: Signatures,
    url: String,
}

impl KeyedSignature {
    fn read(headers: &HeaderMap, signature: &'static str, path: &'static str) -> Result<Self, VerifyError> {
        let text = text_header(headers, signature)?;
        let path = text_header(headers, path)?;
        Ok(Self {
            signatures: Signatures::read([text.as_bytes()].into_iter(), Encoding::Base64, KIND)?,
            url: key_url(path).ok_or(VerifyError::malformed("key path is not that of a key of Adobe I/O"))?,
        })
    }
}

/// Returns the URL of the key at `path`. Accepts no path but that of a key file, because it is not signed.
fn key_url(path: &str) -> Option<String> {
    let name = path.strip_prefix("/prod/keys/pub-key-")?.strip_suffix(".pem")?;
    let is_name = (1..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_name.then(|| format!("https://static.adobeioevents.com{path}"))
}

struct AdobeCheck<'a> {
    adobe: &'a AdobeIo,
    signatures: [KeyedSignature; 2],
}

impl Check for AdobeCheck<'_> {
    fn update(&mut self, _: &[u8]) {}

    fn finish(self: Box<Self>, body: &Bytes) -> Finish {
        let Self { adobe, signatures: [first, second] } = *self;
        let (index, client_id) = match adobe.recipient(body) {
            Ok(recipient) => recipient,
            Err(error) => return Err(error).into(),
        };
        let fingerprint = fingerprint(client_id.expose());
        let keys = &adobe.keys;
        // A cached key makes a fetch unnecessary, for example if an attacker has used up the fetches.
        let (first, second) = match keys.has(&first.url) || !keys.has(&second.url) {
            true => (first, second),
            false => (second, first),
        };
        let check = {
            let (keys, body) = (keys.clone(), body.clone());
            move |signature: KeyedSignature| {
                let body = body.clone();
                let KeyedSignature { signatures, url } = signature;
                keys.finish(&url, move |key| verify(key, KIND, signatures, &body, FOLDER))
            }
        };
        let outcome = check(first).or_else(move |first_error| {
            check(second).or_else(move |error| {
                // Adobe retries only after a 503: it may have signed the delivery with the key that could not be
                // fetched.
                let is_open = first_error.kind() == RejectionKind::VerifierUnavailable;
                Err(if is_open { first_error } else { error }).into()
            })
        });
        outcome.map(move |verified| verified.with_secret_index(index).with_fingerprint(fingerprint))
    }
}

/// The base URL of the keys.
const FOLDER: &str = "https://static.adobeioevents.com/prod/keys/";

impl AdobeIo {
    /// Returns the client id that all events in the body name as their recipient, and its index.
    fn recipient(&self, body: &[u8]) -> Result<(usize, &Secret), VerifyError> {
        let named = match body.trim_ascii_start().first() {
            Some(b'[') => serde_json::from_slice(body).map(|Batch(recipient)| recipient),
            _ => serde_json::from_slice(body).map(|Event(recipient)| recipient),
        };
        // Discards the parser's error, which may quote the body.
        let named = named.map_err(|_| {
            VerifyError::missing(
                "body is not an event with a `recipientclientid`, or names several recipients",
            )
        })?;
        let known = self.client_ids.iter().enumerate().find(|(_, id)| id.expose() == named.as_bytes());
        known.ok_or(VerifyError::wrong("event's recipient is not among the accepted client ids"))
    }
}

/// An event's recipient. An event may name it twice: in a field with a new name and in one with an old name.
struct Event(String);

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Event;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an event with a recipient")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
                let mut recipient: Option<String> = None;
                while let Some(field) = map.next_key()? {
                    match field {
                        Field::Recipient => {
                            let named = map.next_value()?;
                            if recipient.as_ref().is_some_and(|recipient| *recipient != named) {
                                return Err(A::Error::custom("event has two recipients"));
                            }
                            recipient = Some(named);
                        }
                        Field::Other => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                recipient.map(Event).ok_or_else(|| A::Error::custom("event has no recipient"))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[derive(Deserialize)]
#[serde(field_identifier)]
enum Field {
    #[serde(rename = "recipientclientid", alias = "recipient_client_id")]
    Recipient,
    #[serde(other)]
    Other,
}

/// The recipient of all events of a batch.
struct Batch(String);

impl<'de> Deserialize<'de> for Batch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Events;
        impl<'de> Visitor<'de> for Events {
            type Value = Batch;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("events with the same recipient")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Batch, A::Error> {
                let first = events.next_element()?;
                let Event(recipient) = first.ok_or_else(|| A::Error::custom("batch is empty"))?;
                while let Some(Event(next)) = events.next_element()? {
                    if next != recipient {
                        return Err(A::Error::custom("batch has two recipients"));
                    }
                }
                Ok(Batch(recipient))
            }
        }
        deserializer.deserialize_seq(Events)
    }
}

/// Parses a key file.
fn public_key(file: &[u8]) -> Result<Certificate, InvalidSecret> {
    let text = std::str::from_utf8(file).ok().and_then(pem);
    Certificate::public_key(KIND, &text.ok_or_else(|| InvalidSecret::new("key is not PEM"))??)
}

#[cfg(test)]
mod tests {
    use super::key_url;

    #[test]
    fn only_paths_of_key_files_are_fetched() {
        for path in ["/prod/keys/pub-key-IkpzhSpTw0.pem", "/prod/keys/pub-key-0b7e-1.pem"] {
            assert_eq!(key_url(path), Some(format!("https://static.adobeioevents.com{path}")));
        }
        let long = format!("/prod/keys/pub-key-{}.pem", "a".repeat(65));
        for path in [
            "",
            ".evil.example/prod/keys/pub-key-a.pem",
            "@evil.example/prod/keys/pub-key-a.pem",
            "//evil.example/prod/keys/pub-key-a.pem",
            "/prod/keys/pub-key-.pem",
            "/prod/keys/pub-key-a.pem?b.pem",
            "/prod/keys/pub-key-a.pem#",
            "/prod/keys/pub-key-../a.pem",
            "/prod/keys/pub-key-%61.pem",
            "/prod/keys/pub-key-a_b.pem",
            "/prod/keys/pub-key-a.PEM",
            "/PROD/keys/pub-key-a.pem",
            "/stage/keys/pub-key-a.pem",
            "https://static.adobeioevents.com/prod/keys/pub-key-a.pem",
            &long,
        ] {
            assert_eq!(key_url(path), None, "{path}");
        }
    }
}
