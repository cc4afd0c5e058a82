//! The requests that the search starts from.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Request, header};
use tower_webhook::{
    Secret,
    provider::ProviderVerifier,
    provider::{self, Provider},
    testing,
    verify::{Location, Scheme, Verifier},
};

use crate::{
    judge::Setting,
    message::{Kind, Message},
    vectors::{self, Vector},
};

/// A request, and the layer that accepts it.
#[derive(Clone)]
pub(crate) struct Seed {
    pub(crate) provider: &'static str,
    /// The origin of the request, for failures.
    pub(crate) name: String,
    pub(crate) message: Message,
    pub(crate) now: SystemTime,
    pub(crate) setting: Setting,
    /// `true` for a vector, and for the request of a provider without vectors; `false` for a request made from one of
    /// these.
    pub(crate) is_vector: bool,
}

impl Seed {
    /// Returns the same request without a public URL, because the test kit ignores public URLs.
    fn without_public_url(&self) -> Self {
        let mut message = self.message.clone();
        if self.setting.public_url.is_some() {
            message.origin = Some(("https".to_owned(), b"receiver.example".to_vec()));
        }
        let setting = Setting { public_url: None, tolerance: None, ..self.setting.clone() };
        Self { message, setting, ..self.clone() }
    }

    /// Returns the same request under HTTP/1, and behind a proxy whose public URL the layer knows.
    pub(crate) fn with_the_host_elsewhere(&self) -> Vec<Self> {
        let Some((scheme, host)) = &self.message.origin else { return Vec::new() };
        let message = self.message.in_origin_form();
        let url = [scheme.as_bytes(), b"://", host, &message.path].concat();
        let query = message.query.as_ref().map_or_else(Vec::new, |query| [b"?", &**query].concat());
        let urls = [
            ("under HTTP/1", None),
            ("with a public URL", Some(url.clone())),
            ("with a public URL with a query", Some([url, query].concat())),
        ];
        let urls = urls.map(|(name, url)| (name, url.map(|url| String::from_utf8(url).unwrap())));
        let seeds = urls.into_iter().map(|(name, public_url)| Self {
            name: format!("{}, {name}", self.name),
            message: message.clone(),
            setting: Setting { public_url, ..self.setting.clone() },
            is_vector: false,
            ..*self
        });
        seeds.collect()
    }
}

/// Returns the vectors of each provider. For a provider without vectors, returns a request that the test kit can sign.
pub(crate) fn known() -> Vec<Vec<Seed>> {
    let vectors = vectors::vectors();
    let of = |provider: &'static Provider| {
        let is_known =
            |vector: &&Vector| vector.expect == "valid" && vectors::provider(vector).id == provider.id;
        let known: Vec<_> = vectors.iter().filter(is_known).map(|vector| seed(vector, provider.id)).collect();
        if known.is_empty() { vec![unknown(provider)] } else { known }
    };
    let is_tested_here = |provider: &&Provider| provider.alias_of().is_none() && !provider.fetches_keys();
    provider::all().filter(is_tested_here).map(of).collect()
}

pub(crate) fn at(seconds: u32) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.into())
}

/// Signs variants of the request in `base`, but only a few of them if the signature covers `the_body_alone`.
pub(crate) fn signed(base: &Seed, the_body_alone: bool) -> Vec<Seed> {
    let base = &base.without_public_url();
    let shapes = if the_body_alone { &SHAPES[..2] } else { &SHAPES };
    let mut seeds: Vec<_> = shapes.iter().filter_map(|shape| shaped(base, shape)).collect();
    if !the_body_alone {
        seeds.extend(with_longer_values(base));
    }
    // The private keys of the vectors are unknown. For a scheme with a private key, sign with a variant of the scheme
    // that uses an HMAC and a secret instead.
    let scheme = provider::find(base.provider).and_then(Provider::scheme);
    if let Some(verifier) = scheme.and_then(|scheme| with_secret(&scheme, base.provider)) {
        let setting = Setting { verifier, ..base.setting.clone() };
        let base = Seed { setting, ..base.clone() };
        seeds.extend(shapes.iter().filter_map(|shape| shaped(&base, shape)));
    }
    seeds
}

fn seed(vector: &Vector, provider: &'static str) -> Seed {
    Seed {
        provider,
        name: format!("the vector {}", vector.id),
        message: Message::of(&vectors::request(vector)),
        now: at(vector.now_unix),
        setting: Setting {
            verifier: vectors::verifier(vector).unwrap(),
            tolerance: vector.tolerance_s.map(Duration::from_secs),
            public_url: vector.needs_public_url().then(|| vector.url.clone()),
        },
        is_vector: true,
    }
}

/// Returns a request to sign for a provider without vectors.
fn unknown(provider: &'static Provider) -> Seed {
    let request = Request::post("https://receiver.example/webhook").body(Bytes::new()).unwrap();
    let verifier = provider.verifier("a secret".parse::<Secret>().unwrap()).unwrap();
    Seed {
        provider: provider.id,
        name: "a request without a vector".to_owned(),
        message: Message::of(&request),
        now: at(1_800_000_000),
        setting: Setting { verifier, tolerance: None, public_url: None },
        is_vector: true,
    }
}

/// A name, a method, a query, a content type and a body.
type Shape = (&'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const FORM: &str = "application/x-www-form-urlencoded";

/// Requests with various bodies and queries, some with digits at their ends.
const SHAPES: [Shape; 9] = [
    ("a form", "POST", None, FORM, "approved=false&role=user&ticket=7"),
    ("a query without a body", "GET", Some("userId=7&portalId=1234567"), "", ""),
    ("a form with escapes", "POST", Some("tenant=7&page=17"), FORM, "1Body=pay+10&From=%2B15&To=X7&To=Y"),
    (
        "JSON",
        "POST",
        Some("tenant=7"),
        "application/json",
        r#"{"id":"evt_1","type":"paid","data":{"id":"7:1","amount":1999},"created":1700000000}"#,
    ),
    ("a list in JSON", "POST", None, "application/json", r#"[{"id":"evt_1","type":"paid"},17]"#),
    ("XML", "POST", None, "application/xml", "<order><id>7</id><paid>true</paid></order>"),
    ("text", "POST", None, "text/plain", "Order 7. Paid: 17.50; at 1700000000"),
    ("digits", "POST", None, "text/plain", "20231700000000170000000012"),
    ("a body between digits", "POST", Some("portalId=7"), "text/plain", "1700000001.17,17=2023 17000000017"),
];

/// Signs a request of a shape with the headers of `base`, if the test kit can.
fn shaped(base: &Seed, (name, method, query, content_type, body): &Shape) -> Option<Seed> {
    let mut message = base.message.clone();
    message.method = (*method).into();
    message.query = query.map(Into::into);
    message.body = (*body).into();
    message.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
    if !content_type.is_empty() {
        message.headers.push((header::CONTENT_TYPE, (*content_type).into()));
    }
    let profile = base.setting.verifier.profile();
    for (locations, text) in [(profile.id(), "id-1"), (profile.event_type(), "event-1")] {
        if let Some(Location::Header(name)) = locations.first()
            && message.headers.iter().all(|(other, _)| other != name)
        {
            message.headers.push((name.clone(), text.into()));
        }
    }
    sign(base, name, &message)
}

/// Returns a signed request for each signed value of `base`, with a separator and a digit added to that value.
fn with_longer_values(base: &Seed) -> Vec<Seed> {
    let again = || sign(base, "the same", &base.message).map(|seed| seed.message);
    // If the same request gets a different signature each time, the signatures do not show which values are signed.
    let Some(message) = again().filter(|message| again().as_ref() == Some(message)) else {
        return Vec::new();
    };
    let mut seen = vec![message.clone()];
    let mut seeds = Vec::new();
    for slot in message.slots() {
        // In a body that is signed to the byte, no value needs a test of its own.
        let is_signed = match slot.kind {
            Kind::Header => true,
            Kind::MemberValue => !base.setting.verifier.profile().body_signed(),
            _ => false,
        };
        if !is_signed {
            continue;
        }
        let separators = if slot.kind == Kind::Header { &[".9", ":9"][..] } else { &[":9"] };
        for more in separators {
            let longer = message.with(vec![(slot, [message.text(&slot), more.as_bytes()].concat())]);
            let Some(seed) = sign(base, &format!("a longer {}", slot.kind.name()), &longer) else { continue };
            // An unsigned value does not change the signature.
            if seed.message != longer && !seen.contains(&seed.message) {
                seen.push(seed.message.clone());
                seeds.push(seed);
            }
        }
    }
    seeds
}

/// Signs `message`; `None` if the test kit cannot sign it, or generates another value in the body each time.
fn sign(base: &Seed, name: &str, message: &Message) -> Option<Seed> {
    let signed = || {
        let request = testing::sign_at(&base.setting.verifier, message.request()?, base.now).ok()?;
        Some(Message::of(&request))
    };
    let message = signed()?;
    let name = format!("{name}, signed from {}", base.name);
    (message.body == signed()?.body).then(|| Seed { name, message, is_vector: false, ..base.clone() })
}

/// Returns a verifier of the same scheme, with an HMAC and a secret in place of a private key.
fn with_secret(scheme: &Scheme, provider: &'static str) -> Option<ProviderVerifier> {
    let mut scheme = serde_json::to_value(scheme).ok()?;
    let algorithm = scheme["alg"].as_str()?;
    if !["ed25519", "ecdsa", "rsa"].iter().any(|prefix| algorithm.starts_with(prefix)) {
        return None;
    }
    scheme["alg"] = "hmac-sha256".into();
    scheme["key"] = "utf8".into();
    let scheme: Scheme = serde_json::from_value(scheme).ok()?;
    Some(scheme.verifier(provider, "a secret".parse::<Secret>().ok()?).ok()?.into())
}
