//! Two ways to write a verifier, for a provider that the crate does not include.
//!
//! ```sh
//! ACME_SECRET=everybody-knows-me cargo run --example custom_verifier --features axum
//! ```
//!
//! Acme sends a timestamp and signs it together with the *digest* of the body: HMAC-SHA256 of
//! `{timestamp}.{SHA-256 of the body, in hex}`. Send a delivery to each route, signed as Acme does:
//!
//! ```sh
//! deliver() { # route
//!     at=$(date +%s) body='{"id":"17","kind":"order.placed"}'
//!     digest=$(printf %s "$body" | openssl dgst -sha256 | sed 's/.* //')
//!     tag=$(printf %s "$at.$digest" | openssl dgst -sha256 -hmac everybody-knows-me | sed 's/.* //')
//!     curl -i "http://127.0.0.1:3000/$1" -d "$body" -H "acme-time: $at" -H "acme-signature: $tag"
//! }
//! deliver two-steps
//! deliver one-step
//! ```
//!
//! # Choosing one
//!
//! Try `verify::Scheme` first. It describes a signature scheme as data, and is sufficient if the signed content
//! consists of the body, the URL, headers and the timestamp. It can describe even Acme's signed content, as
//! `{ts}.{sha256hex:body}`. Acme is only a simple stand-in for schemes that `verify::Scheme` cannot describe.
//!
//! [`verify::from_fn`] takes a function of the request and its body. This is the shortest way, and sufficient for small
//! bodies. An implementation of [`Verifier`] can reject a request by its headers before the body is read, and can hash
//! the body while it arrives. In both cases the layer handles the timestamp tolerance, limits, duplicates and
//! responses.
//!
//! Both verifiers set a fingerprint of the secret, so that endpoints with different secrets do not share deduplication
//! keys. `acme_at_once` sets it with [`secret`](verify::FromFn::secret), and `Acme` with
//! [`with_fingerprint`](Verified::with_fingerprint).
//!
//! The address to listen on can be passed as an argument.

use std::{
    env,
    time::{Duration, SystemTime},
};

use axum::{
    Router,
    http::{HeaderValue, StatusCode, request::Parts},
    routing::post,
};
use bytes::Bytes;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, signal};
use tower_webhook::{
    BoxError, Delivery, InvalidSecret, Secret, Secrets, WebhookLayer,
    verify::{
        self, Check, Finish, Location, Profile, RequestContext, Verified, Verifier, VerifyError,
        constant_time_eq, unix_seconds,
    },
};

/// A verifier with two steps.
struct Acme {
    keys: Keys,
    profile: Profile,
}

impl Verifier for Acme {
    /// Runs the first step, which only needs the headers.
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> Result<Box<dyn Check + 'a>, VerifyError> {
        let signed = Signed::read(request.head())?;
        Ok(Box::new(AcmeCheck { keys: &self.keys, signed, body: Sha256::new() }))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

struct AcmeCheck<'a> {
    keys: &'a Keys,
    signed: Signed<'a>,
    body: Sha256,
}

impl Check for AcmeCheck<'_> {
    /// Returns the signed timestamp, which the layer checks before it reads the body.
    fn timestamp(&self) -> Option<SystemTime> {
        Some(self.signed.time)
    }

    fn update(&mut self, bytes: &[u8]) {
        self.body.update(bytes);
    }

    /// Runs the second step, once the whole body is hashed.
    fn finish(self: Box<Self>, _body: &Bytes) -> Finish {
        let found = self.keys.find(&self.signed, self.body);
        let verified = found
            .map(|(index, key)| Verified::new().with_secret_index(index).with_fingerprint(fingerprint(key)));
        verified.into()
    }
}

/// Returns a verifier with one step, for the same scheme.
fn acme_at_once(secrets: &Secrets) -> Result<impl Verifier + use<>, InvalidSecret> {
    let keys = Keys::new(secrets)?;
    let verifier = verify::from_fn(move |request, body| {
        let signed = Signed::read(request.head())?;
        let (index, _) = keys.find(&signed, Sha256::new_with_prefix(body))?;
        // The layer checks the timestamp.
        Ok(Verified::new().with_secret_index(index).with_timestamp(signed.time))
    });
    Ok(secrets.iter().fold(verifier, |verifier, secret| verifier.secret(secret)).with_profile(profile()))
}

/// Describes everything about Acme but its signature scheme. Take each value from the provider's documentation.
fn profile() -> Profile {
    Profile::new("acme")
        .with_id(Location::json("/id"))
        .with_event_type(Location::json("/kind"))
        .with_retries(true)
        .with_dedupe_window(Duration::from_secs(3 * 86_400)) // Acme retries for two days
        .with_ack_deadline(Duration::from_secs(15))
}

/// The values of the headers, which are not verified yet.
struct Signed<'a> {
    time: SystemTime,
    time_text: &'a [u8],
    tag: Vec<u8>,
}

impl<'a> Signed<'a> {
    fn read(head: &'a Parts) -> Result<Self, VerifyError> {
        let header = |name| {
            let missing = || VerifyError::missing(format!("`{name}` is missing"));
            head.headers.get(name).map(HeaderValue::as_bytes).ok_or_else(missing)
        };
        let (time_text, tag) = (header("acme-time")?, header("acme-signature")?);
        let time =
            unix_seconds(time_text).ok_or(VerifyError::malformed("`acme-time` is not a Unix timestamp"))?;
        let tag = HEXLOWER_PERMISSIVE
            .decode(tag)
            .map_err(|_| VerifyError::malformed("`acme-signature` is not hex"))?;
        Ok(Self { time, time_text, tag })
    }
}

/// The prepared keys. Preparing a key costs as much as hashing a small body.
struct Keys(Vec<Hmac<Sha256>>);

impl Keys {
    fn new(secrets: &Secrets) -> Result<Self, InvalidSecret> {
        let key = |secret: &Secret| Hmac::new_from_slice(secret.expose());
        let keys: Result<_, _> = secrets.iter().map(key).collect();
        keys.map(Self).map_err(|_| InvalidSecret::new("secret has the wrong length"))
    }

    /// Returns the index of the key that made the signature, and the key.
    fn find(&self, signed: &Signed<'_>, body: Sha256) -> Result<(usize, &Hmac<Sha256>), VerifyError> {
        let digest = HEXLOWER.encode(&body.finalize());
        for (index, key) in self.0.iter().enumerate() {
            let tag = mac(key, &[signed.time_text, b".", digest.as_bytes()]);
            // Compare in constant time: the duration of `==` would reveal how much of a guess is correct.
            if constant_time_eq(&tag, &signed.tag) {
                return Ok((index, key));
            }
        }
        Err(VerifyError::wrong("signature mismatch: no secret matches"))
    }
}

/// Returns a number that differs between keys and does not reveal them.
fn fingerprint(key: &Hmac<Sha256>) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = mac(key, &[b"fingerprint"]);
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn mac(key: &Hmac<Sha256>, parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = key.clone();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let secrets = Secrets::from(secret()?);
    let two_steps = Acme { keys: Keys::new(&secrets)?, profile: profile() };
    let one_step = acme_at_once(&secrets)?;
    let app = Router::new()
        .route("/two-steps", post(on_delivery).layer(WebhookLayer::with_verifier(two_steps)))
        .route("/one-step", post(on_delivery).layer(WebhookLayer::with_verifier(one_step)));

    let address = env::args().nth(1).unwrap_or("127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app).with_graceful_shutdown(shutdown_signal()).await?;
    Ok(())
}

async fn on_delivery(delivery: Delivery) -> StatusCode {
    println!("{}: {}", delivery.id().unwrap_or_default(), delivery.event_type().unwrap_or_default());
    StatusCode::NO_CONTENT
}

/// Returns the signing secret that Acme shows for this endpoint.
fn secret() -> Result<Secret, InvalidSecret> {
    const DEMO: &str = "everybody-knows-me";
    if env::var_os("ACME_SECRET").is_some() {
        return Secret::from_env("ACME_SECRET");
    }
    eprintln!("ACME_SECRET is not set: using the public demo secret {DEMO}");
    DEMO.parse()
}

async fn shutdown_signal() {
    if let Err(error) = signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        std::future::pending::<()>().await;
    }
}
