//! What the layer makes of a request, and in what that differs from what it makes of another.

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
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::{Layer, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_webhook::{
    Body, Delivery, ManualClock, WebhookLayer, WebhookService,
    store::{Key, MokaStore},
    verify::{Profile, Verifier},
};

use crate::{
    message::{Kind, Message, Part, Slot},
    seeds::Seed,
};

/// The layer before a handler that notes what it is given.
pub(crate) struct Endpoint {
    runtime: Arc<Runtime>,
    clock: ManualClock,
    strict: Handler,
    /// The same without a tolerance, for what is in time only later.
    lenient: Handler,
}

type Handler = WebhookService<BoxCloneSyncService<Request<Body>, Response<Full<Bytes>>, Infallible>>;

/// How the layer is built.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) tolerance: Option<Duration>,
    pub(crate) public_url: Option<String>,
}

/// What a handler is given.
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
        let layer = WebhookLayer::with_verifier(Arc::clone(&setting.verifier))
            .clock(clock.clone())
            // No delivery is completed: each runs, and its keys tell what it is a duplicate of.
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

    /// What the handler is given, if the layer accepts the request.
    pub(crate) fn send(&self, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.send_to(&self.strict, request, at)
    }

    pub(crate) fn send_leniently(&self, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.send_to(&self.lenient, request, at)
    }

    fn send_to(&self, handler: &Handler, request: &Request<Bytes>, at: SystemTime) -> Option<Facts> {
        self.clock.set_now(at);
        let request = request.clone().map(Full::new);
        let mut response = match self.runtime.block_on(handler.clone().oneshot(request)) {
            Ok(response) => response,
            Err(impossible) => match impossible {},
        };
        response.extensions_mut().remove()
    }
}

/// A way in which a request that is accepted differs from the one it was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The id, although the signature covers it.
    Id,
    EventType,
    /// The signed timestamp.
    Time,
    /// It is accepted when the original no longer is, or not yet.
    Late,
    /// The body, although the signature covers it.
    Body,
    /// A member that the signature covers, of a body that it does not cover as a whole.
    Member,
    Method,
    Host,
    Path,
    Query,
    /// The same parameters, fields or members, written otherwise.
    Writing,
    /// It is not recognised as a duplicate, with the replay guard on.
    Again,
}

impl Difference {
    pub(crate) const ALL: [Self; 12] = [
        Self::Id,
        Self::EventType,
        Self::Time,
        Self::Late,
        Self::Body,
        Self::Member,
        Self::Method,
        Self::Host,
        Self::Path,
        Self::Query,
        Self::Writing,
        Self::Again,
    ];
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "id",
            Self::EventType => "event type",
            Self::Time => "time",
            Self::Late => "late",
            Self::Body => "body",
            Self::Member => "member",
            Self::Method => "method",
            Self::Host => "host",
            Self::Path => "path",
            Self::Query => "query",
            Self::Writing => "writing",
            Self::Again => "again",
        })
    }
}

/// What of a request the signature covers.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    pub(crate) profile: Profile,
    /// Of method, host, path, query and body those that cannot be changed: what no profile says.
    pub(crate) probed: BTreeSet<Difference>,
}

/// The members that a signature covers where it does not cover the whole body, by provider.
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
    pub(crate) fn signed_of_the_head(&self) -> impl Iterator<Item = Difference> {
        self.probed.iter().copied().filter(|part| *part != Difference::Body)
    }

    fn members(&self, facts: &Facts) -> Vec<Option<String>> {
        let members = MEMBERS.iter().find(|(provider, _)| *provider == self.profile.provider);
        let Some((_, members)) = members else { return Vec::new() };
        let body = facts.delivery.json::<Value>().unwrap_or_default();
        // Adyen's notifications have items, or are one.
        let body = body.pointer("/notificationItems/0/NotificationRequestItem").unwrap_or(&body);
        // A number and its text are signed alike, and so are an empty member and none.
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let texts = members.iter().map(|pointer| body.pointer(pointer).map(text));
        texts.map(|text| text.filter(|text| !text.is_empty())).collect()
    }

    /// In what `mutant` differs from `original` though it should not.
    pub(crate) fn differences(&self, original: &Facts, mutant: &Facts) -> BTreeSet<Difference> {
        let (one, other) = (&original.delivery, &mutant.delivery);
        let mut found = BTreeSet::new();
        let mut note = |difference, differs: bool| {
            if differs {
                found.insert(difference);
            }
        };
        note(Difference::Id, self.profile.id_signed && one.id() != other.id());
        note(Difference::EventType, self.profile.event_type_signed && one.event_type() != other.event_type());
        note(Difference::Time, one.timestamp() != other.timestamp());
        if self.profile.body_signed && one.payload() != other.payload() {
            let same = says_the_same(one.payload(), other.payload());
            note(if same { Difference::Writing } else { Difference::Body }, true);
        }
        note(Difference::Member, self.members(original) != self.members(mutant));
        let signs = |difference| self.probed.contains(&difference);
        note(Difference::Method, signs(Difference::Method) && original.method != mutant.method);
        note(Difference::Host, signs(Difference::Host) && original.host != mutant.host);
        note(Difference::Path, signs(Difference::Path) && original.uri.path() != mutant.uri.path());
        if signs(Difference::Query) && original.uri.query() != mutant.uri.query() {
            let [one, other] = [original, mutant].map(|facts| facts.uri.query().unwrap_or_default());
            let same = parameters(one.as_bytes()) == parameters(other.as_bytes());
            note(if same { Difference::Writing } else { Difference::Query }, true);
        }
        let has_id = one.id().is_some();
        let is_deduped = has_id && self.profile.id_signed
            || signs(Difference::Body) && (has_id || self.profile.equal_bodies);
        let (known, keys) = (original.keys(), mutant.keys());
        note(Difference::Again, is_deduped && keys.iter().all(|key| !known.contains(key)));
        found
    }
}

impl Facts {
    fn keys(&self) -> Vec<Key> {
        self.delivery.dedupe_key().cloned().into_iter().chain(self.delivery.replay_key()).collect()
    }

    /// Whether a handler, and the store, see the same delivery; the body apart.
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

/// Whether two bodies have the same members, or the same fields.
fn says_the_same(one: &[u8], other: &[u8]) -> bool {
    let is_same_json = match [one, other].map(serde_json::from_slice::<Value>) {
        [Ok(one), Ok(other)] => one == other,
        _ => false,
    };
    is_same_json || parameters(one) == parameters(other)
}

/// Names and values in the order of the names, each pair once.
fn parameters(encoded: &[u8]) -> BTreeSet<(String, String)> {
    form_urlencoded::parse(encoded).into_owned().collect()
}

/// A seed that is accepted, and the judge of its mutants.
pub(crate) struct Subject {
    pub(crate) seed: Seed,
    pub(crate) covered: Covered,
    pub(crate) original: Facts,
    /// The slots that make a difference to what the handler is given.
    pub(crate) sensitive: Vec<Slot>,
    /// Those of them without which the request is rejected: bytes are moved between them.
    pub(crate) movable: Vec<Slot>,
    endpoint: Endpoint,
    /// Times at which the original is rejected.
    too_late: Vec<SystemTime>,
    outlives_its_tolerance: bool,
    /// The parts of which each byte makes a difference.
    exact: BTreeSet<Part>,
}

impl Subject {
    /// `None` if the request is not accepted.
    pub(crate) fn new(runtime: &Arc<Runtime>, seed: Seed) -> Option<Self> {
        Self::signing(runtime, seed, BTreeSet::new())
    }

    /// A subject of which something more is known to be signed.
    fn signing(runtime: &Arc<Runtime>, seed: Seed, known: BTreeSet<Difference>) -> Option<Self> {
        let endpoint = Endpoint::new(runtime, &seed.setting);
        let original = endpoint.send(&seed.message.request()?, seed.now)?;
        let profile = seed.setting.verifier.profile().clone();
        let covered = Covered { profile, probed: BTreeSet::new() };
        let mut subject = Self {
            seed,
            covered,
            original,
            sensitive: Vec::new(),
            movable: Vec::new(),
            endpoint,
            too_late: Vec::new(),
            outlives_its_tolerance: false,
            exact: BTreeSet::new(),
        };
        subject.covered.probed = &subject.probe() | &known;
        let request = subject.seed.message.request()?;
        let (in_time, too_late): (Vec<_>, Vec<_>) =
            subject.other_times().partition(|time| subject.is_accepted(&request, *time));
        subject.outlives_its_tolerance = in_time.into_iter().any(|time| subject.is_stale(time));
        subject.too_late = too_late;
        let parts = subject.seed.message.parts();
        subject.exact = parts.filter(|part| subject.is_exact(*part)).collect();
        for slot in subject.seed.message.slots() {
            let others = subject.others(&slot);
            let is_alike =
                |facts: &Option<Facts>| facts.as_ref().is_some_and(|facts| facts.is_like(&subject.original));
            if !others.iter().all(is_alike) {
                subject.sensitive.push(slot);
            }
            if others.iter().any(Option::is_none) && !subject.is_list(&slot) {
                subject.movable.push(slot);
            }
        }
        Some(subject)
    }

    /// The same request under HTTP/1, and behind a proxy; none if the host is not signed.
    pub(crate) fn elsewhere(&self, runtime: &Arc<Runtime>) -> Vec<Self> {
        if !self.covered.probed.contains(&Difference::Host) {
            return Vec::new();
        }
        // Whatever the public URL, a query that was signed is no other.
        let query: BTreeSet<_> =
            self.covered.probed.iter().copied().filter(|part| *part == Difference::Query).collect();
        let seeds = self.seed.with_the_host_elsewhere().into_iter();
        seeds.filter_map(|seed| Self::signing(runtime, seed, query.clone())).collect()
    }

    /// What becomes of the request when the text of a slot is another.
    fn others(&self, slot: &Slot) -> Vec<Option<Facts>> {
        let message = &self.seed.message;
        let text = message.text(slot);
        if !slot.kind.is_text() || !self.tells(slot) {
            return Vec::new();
        }
        let others = [[text, b"x"].concat(), [b"x", text].concat(), Vec::new()];
        let others = others.into_iter().map(|text| message.with(vec![(*slot, text)]));
        others.filter(|other| other.request().is_some()).map(|other| self.send(&other)).collect()
    }

    /// Whether it is a header whose items are slots.
    fn is_list(&self, slot: &Slot) -> bool {
        let is_item = |item: &Slot| item.kind == Kind::ItemValue && item.part == slot.part;
        slot.kind == Kind::Header && self.seed.message.slots().iter().any(is_item)
    }

    /// Whether the same fields, members or parameters may not be written otherwise.
    fn is_exact(&self, part: Part) -> bool {
        let text = self.seed.message.get(part);
        let otherwise = match text {
            [open @ (b'{' | b'['), rest @ ..] => [&[*open, b' '], rest].concat(),
            [b'-', b'-', ..] => [text, b"\r\n"].concat(),
            text => [text, b"&"].concat(),
        };
        self.send(&self.seed.message.with_part(part, otherwise)).is_none()
    }

    /// Whether changes of a slot tell anything that those of its part do not.
    fn tells(&self, slot: &Slot) -> bool {
        !(slot.kind.is_inner() && self.exact.contains(&slot.part))
    }

    /// Whether the search changes a slot by itself.
    pub(crate) fn is_changed(&self, slot: &Slot) -> bool {
        let is_sensitive = self.sensitive.iter().any(|sensitive| sensitive.overlaps(slot));
        // What the test kit signed has the headers of a vector, and bodies that are signed to the byte are alike.
        let is_new = self.seed.is_vector
            || !matches!(slot.kind, Kind::Header | Kind::Item | Kind::ItemValue)
                && !(slot.kind == Kind::Body && self.exact.contains(&Part::Body));
        let is_query = slot.part == Part::Query && self.covered.probed.contains(&Difference::Query);
        (is_sensitive || is_query) && is_new && self.tells(slot)
    }

    /// Whether nothing but a body is signed, which is signed to the byte.
    pub(crate) fn is_the_body_alone(&self) -> bool {
        let others = self.movable.iter().filter(|slot| slot.part != Part::Body);
        self.exact.contains(&Part::Body)
            && self.covered.signed_of_the_head().next().is_none()
            && others.count() <= 1
    }

    /// The parts of a request that cannot be changed.
    fn probe(&self) -> BTreeSet<Difference> {
        let message = &self.seed.message;
        let with = |part, text: &[u8]| message.with_part(part, text.into());
        let host = message.parts().find(|part| message.is_host(*part)).unwrap_or(Part::Authority);
        let path = [&*message.path, b"probe"].concat();
        let query = [message.get(Part::Query), b"&probe=1"].concat();
        let body = [&*message.body, b"probe"].concat();
        let probes = [
            (Difference::Method, with(Part::Method, b"PATCH")),
            (Difference::Host, with(host, b"probe.example")),
            (Difference::Path, with(Part::Path, &path)),
            (Difference::Query, with(Part::Query, &query)),
            (Difference::Body, with(Part::Body, &body)),
        ];
        let signed = probes.into_iter().filter(|(_, message)| self.send(message).is_none());
        signed.map(|(difference, _)| difference).collect()
    }

    /// A year, and just more than the tolerance, before and after.
    fn other_times(&self) -> impl Iterator<Item = SystemTime> + use<> {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let tolerance = self.covered.profile.tolerance;
        let second = Duration::from_secs(1);
        let now = self.seed.now;
        let signed = self.original.timestamp().unwrap_or(now);
        let after = tolerance.past.map(|past| signed + past + second);
        let before = tolerance.future.map(|future| signed - future - second);
        after.into_iter().chain(before).chain([now + YEAR, now - YEAR])
    }

    /// Whether a time is out of tolerance by the profile, whatever the layer makes of it.
    fn is_stale(&self, time: SystemTime) -> bool {
        let tolerance = self.covered.profile.tolerance;
        self.original.timestamp().is_some_and(|signed| match time.duration_since(signed) {
            Ok(age) => tolerance.past.is_some_and(|past| age > past),
            Err(ahead) => tolerance.future.is_some_and(|future| ahead.duration() > future),
        })
    }

    fn is_accepted(&self, request: &Request<Bytes>, at: SystemTime) -> bool {
        self.endpoint.send(request, at).is_some()
    }

    /// What the handler is given, whatever the timestamp. `None` also if HTTP has no such request.
    pub(crate) fn send(&self, message: &Message) -> Option<Facts> {
        self.endpoint.send_leniently(&message.request()?, self.seed.now)
    }

    /// In what the mutant differs, if it is accepted now or at another time, and `None` if it never is.
    pub(crate) fn judge(&self, mutant: &Message) -> Option<BTreeSet<Difference>> {
        let facts = self.send(mutant)?;
        let mut differences = self.covered.differences(&self.original, &facts);
        let request = mutant.request()?;
        let accepted = |time: &SystemTime| self.is_accepted(&request, *time);
        let is_as_old = facts.timestamp().is_some() && facts.timestamp() == self.original.timestamp();
        if !is_as_old {
            let is_accepted_now = accepted(&self.seed.now);
            // For an attacker who waits for it.
            let at_its_time = |time: &SystemTime| self.is_foreseeable(*time) && accepted(time);
            let is_late = self.too_late.iter().any(accepted)
                || !is_accepted_now && facts.timestamp().as_ref().is_some_and(at_its_time);
            if is_late {
                differences.insert(Difference::Late);
            } else if !is_accepted_now {
                return None;
            }
        }
        if self.outlives_its_tolerance && *mutant == self.seed.message {
            differences.insert(Difference::Late);
        }
        Some(differences)
    }

    fn is_foreseeable(&self, time: SystemTime) -> bool {
        const LIFETIME: Duration = Duration::from_secs(50 * 365 * 86_400);
        time.duration_since(self.seed.now).is_ok_and(|ahead| ahead < LIFETIME)
    }
}
