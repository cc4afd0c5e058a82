//! The layer's verdict on a request, and the differences between the verdicts on two requests.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, Uri};
use http_body_util::Full;
use percent_encoding::percent_decode_str;
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_webhook::{
    Body, Delivery, ManualClock, WebhookLayer, WebhookService,
    provider::ProviderVerifier,
    store::{Key, MokaStore},
    verify::Profile,
};

/// The layer in front of a handler that records its input.
pub(crate) struct Endpoint {
    runtime: Arc<Runtime>,
    clock: ManualClock,
    strict: Handler,
    /// The same layer with an unlimited tolerance, for timestamps that become valid later.
    lenient: Handler,
}

type Handler = WebhookService<BoxCloneSyncService<Request<Body>, Response<Full<Bytes>>, Infallible>>;

/// The layer's settings.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) verifier: ProviderVerifier,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) public_url: Option<String>,
}

/// The input of a handler.
#[derive(Clone)]
pub(crate) struct Facts {
    delivery: Delivery,
    method: Method,
    uri: Uri,
    host: Vec<u8>,
}

impl Endpoint {
    pub(crate) fn new(runtime: &Arc<Runtime>, setting: &Setting) -> Self {
        let clock = ManualClock::at_unix(0);
        let layer = WebhookLayer::with_verifier(setting.verifier.clone())
            .clock(clock.clone())
            // The handler fails, so no delivery is completed. The judge recognizes duplicates by their keys instead.
            .dedupe(MokaStore::new(16).clock(clock.clone()))
            .replay_guard();
        let layer = match &setting.public_url {
            Some(url) => layer.public_url(url),
            None => layer,
        };
        let handler = BoxCloneSyncService::new(service_fn(async |request: Request<Body>| {
            let (head, _) = request.into_parts();
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            if let Some(delivery) = head.extensions.get::<Delivery>() {
                let host = head.uri.authority().map(|authority| authority.as_str().as_bytes());
                let header = head.headers.get(http::header::HOST).map(|host| host.as_bytes());
                response.extensions_mut().insert(Facts {
                    delivery: delivery.clone(),
                    host: host.or(header).unwrap_or_default().into(),
                    method: head.method,
                    uri: head.uri,
                });
            }
            Ok(response)
        }));
        let strict = match setting.tolerance {
            Some(tolerance) => layer.clone().tolerance(tolerance),
            None => layer.clone(),
        };
        Self {
            runtime: Arc::clone(runtime),
            clock,
            strict: strict.layer(handler.clone()),
            lenient: layer.tolerance(Duration::MAX).layer(handler),
        }
    }

    /// Returns the handler's input if the layer accepts the request.
    pub(crate) fn send(&self, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.send_to(&self.strict, request, at)
    }

    /// Sends a request like [`send`](Self::send), ignoring the timestamp.
    pub(crate) fn send_leniently(&self, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.send_to(&self.lenient, request, at)
    }

    fn send_to(&self, handler: &Handler, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.clock.set_now(at);
        let request = request.clone().map(Full::new);
        let Ok(mut response) = self.runtime.block_on(handler.clone().oneshot(request));
        response.extensions_mut().remove()
    }
}

/// A difference between an accepted mutant and the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The id, although the signature covers it.
    Id,
    EventType,
    /// The signed timestamp.
    Time,
    /// The mutant is accepted at a time at which the original is rejected.
    Late,
    /// The body, although the signature covers it.
    Body,
    /// A signed member of a body that is not signed as a whole.
    Member,
    Method,
    Host,
    /// The port of the same host.
    Port,
    Path,
    Query,
    /// The same parameters, fields or members in another spelling.
    Writing,
    /// The mutant is not a duplicate, although the replay guard is on.
    Again,
}

impl Difference {
    /// The names in the reviewed list.
    pub(crate) const NAMES: [(Self, &str); 13] = [
        (Self::Id, "id"),
        (Self::EventType, "event type"),
        (Self::Time, "time"),
        (Self::Late, "late"),
        (Self::Body, "body"),
        (Self::Member, "member"),
        (Self::Method, "method"),
        (Self::Host, "host"),
        (Self::Port, "port"),
        (Self::Path, "path"),
        (Self::Query, "query"),
        (Self::Writing, "writing"),
        (Self::Again, "again"),
    ];
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name) = Self::NAMES.iter().find(|(difference, _)| difference == self).unwrap();
        f.write_str(name)
    }
}

/// The parts of a request that the signature covers.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    pub(crate) profile: Profile,
    /// The parts (method, host, path, query and body) whose change is rejected. Of these, profiles list only the body.
    pub(crate) probed: BTreeSet<Difference>,
}

/// The members that the signature covers, for providers that do not sign the whole body.
const MEMBERS: [(&str, &[&str]); 3] = [
    (
        "adyen-standard",
        &[
            "/pspReference",
            "/originalReference",
            "/merchantAccountCode",
            "/merchantReference",
            "/amount/value",
            "/amount/currency",
            "/eventCode",
            "/success",
        ],
    ),
    ("dropbox-sign", &["/event/event_time", "/event/event_type"]),
    ("mailgun", &["/signature/timestamp", "/signature/token"]),
];

impl Covered {
    /// Returns the signed parts except the body.
    pub(crate) fn signed_of_the_head(&self) -> impl Iterator<Item = Difference> {
        self.probed.iter().copied().filter(|part| *part != Difference::Body)
    }

    fn members(&self, facts: &Facts) -> Vec<Option<String>> {
        let members = MEMBERS.iter().find(|(provider, _)| *provider == self.profile.provider());
        let Some((_, members)) = members else { return Vec::new() };
        let body = facts.delivery.json::<Value>().unwrap_or_default();
        // An Adyen notification is one item or a list of items.
        let body = body.pointer("/notificationItems/0/NotificationRequestItem").unwrap_or(&body);
        // A number and its text have the same signature; so do an empty and a missing member.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts = members.iter().map(|pointer| body.pointer(pointer).map(text));
        texts.map(|text| text.filter(|text| !text.is_empty())).collect()
    }

    /// Returns the differences that a signature should have prevented.
    pub(crate) fn differences(&self, original: &Facts, mutant: &Facts) -> BTreeSet<Difference> {
        let (one, other) = (&original.delivery, &mutant.delivery);
        let mut found = BTreeSet::new();
        let mut note = |difference, differs: bool| {
            if differs {
                found.insert(difference);
            }
        };
        note(Difference::Id, self.profile.id_signed() && one.id() != other.id());
        note(
            Difference::EventType,
            self.profile.event_type_signed() && one.event_type() != other.event_type(),
        );
        note(Difference::Time, one.timestamp() != other.timestamp());
        if self.profile.body_signed() && one.payload() != other.payload() {
            let same = says_the_same(one.payload(), other.payload());
            note(if same { Difference::Writing } else { Difference::Body }, true);
        }
        note(Difference::Member, self.members(original) != self.members(mutant));
        let signs = |difference| self.probed.contains(&difference);
        note(Difference::Method, signs(Difference::Method) && original.method != mutant.method);
        if signs(Difference::Host) && original.host != mutant.host {
            let [one, other] = [original, mutant].map(|facts| without_port(&facts.host));
            note(if one == other { Difference::Port } else { Difference::Host }, true);
        }
        note(Difference::Path, signs(Difference::Path) && original.uri.path() != mutant.uri.path());
        if signs(Difference::Query) && original.uri.query() != mutant.uri.query() {
            let [one, other] = [original, mutant].map(|facts| facts.uri.query().unwrap_or_default());
            let same = parameters(one.as_bytes()) == parameters(other.as_bytes());
            note(if same { Difference::Writing } else { Difference::Query }, true);
        }
        let has_id = one.id().is_some();
        let is_deduped = has_id && self.profile.id_signed()
            || signs(Difference::Body) && (has_id || self.profile.equal_bodies());
        // Receivers that share a secret are distinguished by their decoded path.
        let [path, other_path] = [original, mutant].map(|facts| percent_decode_str(facts.uri.path()));
        let is_elsewhere = self.profile.shared_secret() && !path.eq(other_path);
        let (known, keys) = (original.keys(), mutant.keys());
        let is_new = keys.iter().all(|key| !known.contains(key));
        note(Difference::Again, is_deduped && !is_elsewhere && is_new);
        found
    }
}

impl Facts {
    fn keys(&self) -> Vec<Key> {
        self.delivery.dedupe_key().cloned().into_iter().chain(self.delivery.replay_key()).collect()
    }

    /// Returns `true` if handler and store see the same delivery, apart from the body.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let (one, another) = (&self.delivery, &other.delivery);
        let facts = |delivery: &Delivery| {
            let event_type = delivery.event_type().map(str::to_owned);
            (delivery.id().map(str::to_owned), event_type, delivery.timestamp(), delivery.secret_index())
        };
        facts(one) == facts(another) && self.keys() == other.keys()
    }

    pub(crate) fn timestamp(&self) -> Option<SystemTime> {
        self.delivery.timestamp()
    }
}

/// Returns `true` if two bodies have the same members or fields.
fn says_the_same(one: &[u8], other: &[u8]) -> bool {
    let is_same_json = match [one, other].map(serde_json::from_slice::<Value>) {
        [Ok(one), Ok(other)] => one == other,
        _ => false,
    };
    is_same_json || parameters(one) == parameters(other)
}

fn without_port(host: &[u8]) -> &[u8] {
    let digits = host.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    host.split_at(host.len() - digits).0.strip_suffix(b":").unwrap_or(host)
}

/// Parses names and values, and sorts them by name. The values of one name keep their order, but equal adjacent values
/// count once.
fn parameters(encoded: &[u8]) -> Vec<(String, String)> {
    let mut parameters: Vec<_> = form_urlencoded::parse(encoded).into_owned().collect();
    parameters.sort_by(|(one, _), (other, _)| one.cmp(other));
    parameters.dedup();
    parameters
}
