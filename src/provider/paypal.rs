use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::{Facts, Provider, SecretFormat, fetched::text_header};
use crate::{
    IntoSecrets, Secret, Secrets,
    verify::{
        Certificate, Check, Encoding, Fetch, Finish, KeyCache, Location, Profile, PublicKind, RequestContext,
        Signatures, TimeUnit, Tolerance, Verified, Verifier, VerifyError, fingerprint, in_force,
    },
};

/// Creates a verifier for PayPal, which fetches the certificates with `fetch`.
///
/// * Signature: RSA-SHA256 signature of the transmission id, the transmission time, the webhook id and the
///   CRC-32 of the body, as base64 in `paypal-transmission-sig`.
/// * Secret: the webhook id, as text. It is not confidential.
/// * Signed content: `{transmission id}|{transmission time}|{webhook id}|{CRC-32 of the body}`.
/// * Delivery id: `body:/id`, **not signed**. Only the CRC-32 covers it. `PAYPAL-TRANSMISSION-ID` differs
///   for each attempt.
/// * Event type: `body:/event_type`, **not signed**. Only the CRC-32 covers it.
/// * Timestamp: `header:paypal-transmission-time`; any age unless the layer has a
///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. PayPal documents no
///   maximum age.
/// * Retries: yes, for up to 3 days.
/// * Not covered: **the body**. An attacker can compute another body with the same CRC-32, and send it with
///   a captured signature. Use HTTPS, and query PayPal's API for important data.
/// * Key: the certificate at the URL in `PAYPAL-CERT-URL`, which must begin with
///   `https://api.paypal.com/v1/notifications/certs/`. The [sandbox](PayPal::sandbox) uses
///   `api.sandbox.paypal.com`. The TLS connection to the URL's host authenticates the certificate. The layer
///   checks the certificate's validity dates, but not its chain or its name. See [`Fetch`] for the caching
///   of certificates.
///
/// [`find`](super::find) returns this provider, but [`Provider::verifier`] returns an error for it.
///
/// Source: [PayPal](https://developer.paypal.com/api/rest/webhooks/rest/).
pub fn paypal(webhook_ids: impl IntoSecrets, fetch: impl Fetch) -> PayPal {
    PayPal {
        webhook_ids: webhook_ids.into_secrets(),
        keys: KeyCache::new(fetch),
        folder: "https://api.paypal.com/v1/notifications/certs/",
        profile: ROW.profile(),
    }
}

pub(super) static ALL: &[&Provider] = &[&ROW];

static ROW: Provider = Provider::fetched(
    "paypal",
    "paypal",
    "PayPal",
    "https://developer.paypal.com/api/rest/webhooks/rest/",
    "webhook_ids, fetch",
    Facts {
        secret: Some(SecretFormat::Text),
        profile: |profile| {
            profile
                .with_id(Location::json("/id"))
                .with_id_signed(false)
                .with_body_signed(false)
                .with_event_type(Location::json("/event_type"))
                .with_event_type_signed(false)
                .with_tolerance(Tolerance::any_age())
        },
        retries: Some(true),
        retry_period: Some(Duration::from_secs(3 * 24 * 3600)),
        ..Facts::NONE
    },
);

/// The verifier that [`paypal`] returns.
#[derive(Debug)]
pub struct PayPal {
    webhook_ids: Secrets,
    keys: KeyCache,
    folder: &'static str,
    profile: Profile,
}

impl PayPal {
    /// Accepts only webhooks of PayPal's sandbox.
    #[must_use]
    pub fn sandbox(mut self) -> Self {
        self.folder = "https://api.sandbox.paypal.com/v1/notifications/certs/";
        self
    }
}

const KIND: PublicKind = PublicKind::RsaSha256;

impl Verifier for PayPal {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let (head, now) = (request.head(), request.now());
        let signature = text_header(&head.headers, "paypal-transmission-sig")?;
        let time = text_header(&head.headers, "paypal-transmission-time")?;
        let url = text_header(&head.headers, "paypal-cert-url")?;
        if text_header(&head.headers, "paypal-auth-algo")? != "SHA256withRSA" {
            return Err(VerifyError::malformed("`PAYPAL-AUTH-ALGO` is not `SHA256withRSA`"));
        }
        if !is_certificate(url, self.folder) {
            return Err(VerifyError::malformed(
                "`PAYPAL-CERT-URL` is not a certificate URL of the configured environment (live or sandbox)",
            ));
        }
        let timestamp = TimeUnit::Rfc3339.read(time.as_bytes())?;
        let signatures = Signatures::read([signature.as_bytes()].into_iter(), Encoding::Base64, KIND)?;
        Ok(Box::new(PayPalCheck {
            paypal: self,
            url,
            transmission: format!("{}|{time}", text_header(&head.headers, "paypal-transmission-id")?),
            signatures,
            timestamp,
            now,
            crc: crc32fast::Hasher::new(),
        }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

struct PayPalCheck<'a> {
    paypal: &'a PayPal,
    url: &'a str,
    transmission: String,
    signatures: Signatures,
    timestamp: SystemTime,
    now: SystemTime,
    crc: crc32fast::Hasher,
}

impl Check for PayPalCheck<'_> {
    fn timestamp(&self) -> Option<SystemTime> {
        Some(self.timestamp)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
    }

    fn finish(self: Box<Self>, _: &Bytes) -> Finish {
        let Self { paypal, url, transmission, signatures, now, crc, .. } = *self;
        let signed = SignedTransmission {
            transmission,
            webhook_ids: paypal.webhook_ids.clone(),
            crc: crc.finalize(),
            signatures,
        };
        paypal.keys.finish(url, move |certificate| signed.verify(certificate, now))
    }
}

/// The signed content of a transmission, and its signatures.
struct SignedTransmission {
    transmission: String,
    webhook_ids: Secrets,
    crc: u32,
    signatures: Signatures,
}

impl SignedTransmission {
    fn verify(&self, certificate: &Certificate, now: SystemTime) -> Result<Verified, VerifyError> {
        in_force(certificate, now)?;
        let keys = certificate.keys(KIND).map_err(VerifyError::unavailable)?;
        let mut outcome = Err(VerifyError::wrong("webhook id is missing"));
        for (index, webhook_id) in self.webhook_ids.iter().enumerate() {
            let mut message = keys.begin(self.signatures.clone(), |_| true);
            message.update(&self.content(webhook_id));
            outcome = message.conclude().map(|verified| {
                // The fingerprint is that of the webhook id, so that the deduplication key stays the same
                // when the certificate changes.
                verified.with_secret_index(index).with_fingerprint(fingerprint(webhook_id.expose()))
            });
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn content(&self, webhook_id: &Secret) -> Vec<u8> {
        let crc = self.crc.to_string();
        [self.transmission.as_bytes(), webhook_id.expose(), crc.as_bytes()].join(&b'|')
    }
}

fn is_certificate(url: &str, folder: &str) -> bool {
    url.strip_prefix(folder).is_some_and(|name| {
        (1..=128).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}
