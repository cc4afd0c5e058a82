use std::{fmt, time::SystemTime};

use bytes::Bytes;

/// The facts about a verified request that its verifier found.
///
/// Each fact is optional. If the id or the event type is not set, the layer and
/// [`verify_request`](super::verify_request) read it from the locations in the [`Profile`](super::Profile).
///
/// ```
/// use tower_webhook::verify::Verified;
///
/// let verified = Verified::new().with_id("evt_1").with_event_type("invoice.paid");
/// assert_eq!((verified.id(), verified.event_type()), (Some("evt_1"), Some("invoice.paid")));
/// assert_eq!((verified.timestamp(), verified.secret_index()), (None, 0));
/// ```
///
/// A verifier that prepares a key for each secret also reports the key that matched:
///
/// ```
/// use std::time::SystemTime;
/// use tower_webhook::verify::Verified;
///
/// # let (index, fingerprint, mac) = (1, 0x5eed, [0; 32]);
/// let verified = Verified::new()
///     .with_secret_index(index)
///     .with_fingerprint(fingerprint)
///     .with_mac(mac)
///     .with_timestamp(SystemTime::UNIX_EPOCH);
/// assert_eq!((verified.secret_index(), verified.timestamp()), (1, Some(SystemTime::UNIX_EPOCH)));
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Verified {
    pub(crate) secret_index: usize,
    pub(crate) fingerprint: Option<u64>,
    pub(crate) mac: Option<[u8; 32]>,
    pub(crate) id: Option<Box<str>>,
    /// `true` if the id is not looked up in the profile's locations, because the signature does not cover
    /// them.
    pub(crate) is_id_final: bool,
    pub(crate) event_type: Option<Box<str>>,
    pub(crate) timestamp: Option<SystemTime>,
    /// Boxed: few requests have a separate payload, and the future of each request contains this struct.
    pub(crate) payload: Option<Box<Bytes>>,
}

impl Verified {
    /// Creates an instance without any facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the index of the secret that matched, counted from 0. Default: 0.
    pub fn with_secret_index(mut self, index: usize) -> Self {
        self.secret_index = index;
        self
    }

    /// Sets a fingerprint of the key that matched.
    ///
    /// The fingerprint is the default [scope](crate::WebhookLayer::scope) of deduplication keys, so that
    /// equal ids of endpoints with different secrets do not count as duplicates. It must not reveal the key:
    /// use a MAC of a fixed text under the key. For a [`from_fn`](super::from_fn) verifier,
    /// [`secret`](super::FromFn::secret) sets it.
    pub fn with_fingerprint(mut self, fingerprint: u64) -> Self {
        self.fingerprint = Some(fingerprint);
        self
    }

    /// Sets the 256-bit MAC that matched. Call this only if the MAC covers the whole body and is the same for
    /// all attempts of a delivery.
    ///
    /// The MAC then serves as the digest of the body, for example for
    /// [`replay_guard`](crate::WebhookLayer::replay_guard). Without it, the layer hashes the body once more.
    /// Do not set a MAC that also covers a timestamp: such a MAC differs for each attempt.
    pub fn with_mac(mut self, mac: [u8; 32]) -> Self {
        self.mac = Some(mac);
        self
    }

    /// Sets the delivery id, if it is not simply the value at [`Profile::id`](super::Profile::id).
    pub fn with_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the delivery id, or states that there is none.
    pub(crate) fn with_final_id(mut self, id: Option<Box<str>>) -> Self {
        self.id = id;
        self.is_id_final = true;
        self
    }

    /// Sets the event type, if it is not simply the value at
    /// [`Profile::event_type`](super::Profile::event_type).
    pub fn with_event_type(mut self, event_type: impl Into<Box<str>>) -> Self {
        self.event_type = Some(event_type.into());
        self
    }

    /// Sets the signed timestamp. If [`Check::timestamp`](super::Check::timestamp) did not return it, the
    /// layer applies the tolerance to this timestamp, after verification.
    pub fn with_timestamp(mut self, timestamp: SystemTime) -> Self {
        self.timestamp = Some(timestamp);
        self
    }

    /// Sets the payload, for a provider that signs something other than the body. Default: the body.
    pub(crate) fn with_payload(mut self, payload: Bytes) -> Self {
        self.payload = Some(Box::new(payload));
        self
    }

    /// Returns the index of the secret that matched, counted from 0.
    #[must_use]
    pub fn secret_index(&self) -> usize {
        self.secret_index
    }

    /// Returns the delivery id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns the event type.
    #[must_use]
    pub fn event_type(&self) -> Option<&str> {
        self.event_type.as_deref()
    }

    /// Returns the signed timestamp.
    #[must_use]
    pub fn timestamp(&self) -> Option<SystemTime> {
        self.timestamp
    }

    /// Returns the verified payload, if it differs from the body. For an encoded body (`content-encoding`),
    /// the payload is the decoded body. If the signature covers only JSON that is taken from the request, the
    /// payload is that JSON: the signed fields of an Amazon SNS message, the payload of a token (Apple, Wix), the
    /// JSON in a form field or in the query (Gitea, Gogs), or canonical JSON (Inngest). For an encrypted body
    /// (Feishu), the payload is the decrypted body.
    #[must_use]
    pub fn payload(&self) -> Option<&Bytes> {
        self.payload.as_deref()
    }
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The MAC is a valid signature, so `Debug` omits it.
        f.debug_struct("Verified")
            .field("secret_index", &self.secret_index)
            .field("id", &self.id)
            .field("event_type", &self.event_type)
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}
