//! The requests that are mutated.

use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::Request;
use tokio::runtime::Runtime;
use tower_webhook::verify::Verifier;

use crate::{
    judge::{Covered, Difference, Endpoint, Facts},
    message::{Kind, Message, Part, Slot},
    seeds::Seed,
};

/// An accepted seed, and the judge of its mutants.
pub(crate) struct Subject {
    pub(crate) seed: Seed,
    pub(crate) covered: Covered,
    pub(crate) original: Facts,
    /// The slots whose change makes the request invalid or another delivery.
    pub(crate) sensitive: Vec<Slot>,
    /// The slots whose change is rejected. Bytes are moved between them.
    pub(crate) movable: Vec<Slot>,
    endpoint: Endpoint,
    /// Times at which the original is rejected.
    too_late: Vec<SystemTime>,
    outlives_its_tolerance: bool,
    /// The parts that are signed to the byte.
    exact: BTreeSet<Part>,
}

impl Subject {
    /// Sends the seed's request; `None` if it is rejected or a handshake.
    pub(crate) fn new(runtime: &Arc<Runtime>, seed: Seed) -> Option<Self> {
        Self::signing(runtime, seed, BTreeSet::new())
    }

    /// Sends the seed's request like [`new`](Self::new), with parts that are known to be signed.
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

    /// Returns the same request under HTTP/1 and behind a proxy, if the host is signed.
    pub(crate) fn elsewhere(&self, runtime: &Arc<Runtime>) -> Vec<Self> {
        if !self.covered.probed.contains(&Difference::Host) {
            return Vec::new();
        }
        // A public URL replaces host and path, but never the query.
        let query: BTreeSet<_> =
            self.covered.probed.iter().copied().filter(|part| *part == Difference::Query).collect();
        let seeds = self.seed.with_the_host_elsewhere().into_iter();
        seeds.filter_map(|seed| Self::signing(runtime, seed, query.clone())).collect()
    }

    /// Sends the request with other texts in a slot.
    fn others(&self, slot: &Slot) -> Vec<Option<Facts>> {
        let message = &self.seed.message;
        let text = message.text(slot);
        if !slot.kind.is_text() || !self.is_informative(slot) {
            return Vec::new();
        }
        let others = [[text, b"x"].concat(), [b"x", text].concat(), Vec::new()];
        let others = others.into_iter().map(|text| message.with(vec![(*slot, text)]));
        others.filter(|other| other.request().is_some()).map(|other| self.send(&other)).collect()
    }

    /// Returns `true` for a header whose items are slots.
    fn is_list(&self, slot: &Slot) -> bool {
        let is_item = |item: &Slot| item.kind == Kind::ItemValue && item.part == slot.part;
        slot.kind == Kind::Header && self.seed.message.slots().iter().any(is_item)
    }

    /// Returns `true` if another spelling of the same fields, members or parameters is rejected.
    fn is_exact(&self, part: Part) -> bool {
        let text = self.seed.message.get(part);
        let reversed: Vec<_> = text.split(|&byte| byte == b'&').rev().collect();
        let padded = match text {
            [open @ (b'{' | b'['), rest @ ..] => [&[*open, b' '], rest].concat(),
            [b'-', b'-', ..] => [text, b"\r\n"].concat(),
            text => [text, b"&"].concat(),
        };
        let others = [padded, reversed.join(&b'&')].into_iter().filter(|other| other != text);
        others.map(|other| self.seed.message.with_part(part, other)).all(|other| self.send(&other).is_none())
    }

    /// Returns whether changing the slot can reveal something new. Within a part that is signed to the byte,
    /// all changes are equivalent.
    fn is_informative(&self, slot: &Slot) -> bool {
        !(slot.kind.is_inner() && self.exact.contains(&slot.part))
    }

    /// Returns `true` for the slots that the search changes one by one.
    pub(crate) fn is_changed(&self, slot: &Slot) -> bool {
        let is_sensitive = self.sensitive.iter().any(|sensitive| sensitive.overlaps(slot));
        // A seed that was made from a vector has the vector's headers, which the search already changes in the
        // vector itself. Changes of a body that is signed to the byte also reveal nothing new.
        let is_known = match slot.kind {
            Kind::Header | Kind::Item | Kind::ItemValue => true,
            Kind::Body => self.exact.contains(&Part::Body),
            _ => false,
        };
        let is_new = self.seed.is_vector || !is_known;
        let is_query = slot.part == Part::Query && self.covered.probed.contains(&Difference::Query);
        (is_sensitive || is_query) && is_new && self.is_informative(slot)
    }

    /// Returns `true` if the signature covers the body to the byte and nothing else.
    pub(crate) fn is_the_body_alone(&self) -> bool {
        let others = self.movable.iter().filter(|slot| slot.part != Part::Body);
        self.exact.contains(&Part::Body)
            && self.covered.signed_of_the_head().next().is_none()
            && others.count() <= 1
    }

    /// Finds the parts of the request whose change is rejected.
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

    /// Returns other times to try: one second beyond the tolerance of the timestamp, and one year from now, in
    /// both directions.
    fn other_times(&self) -> impl Iterator<Item = SystemTime> + use<> {
        const YEAR: Duration = Duration::from_secs(365 * 86_400);
        let tolerance = self.covered.profile.tolerance();
        let second = Duration::from_secs(1);
        let now = self.seed.now;
        let signed = self.original.timestamp().unwrap_or(now);
        let after = tolerance.past().map(|past| signed + past + second);
        let before = Some(signed - tolerance.future() - second);
        after.into_iter().chain(before).chain([now + YEAR, now - YEAR])
    }

    /// Returns `true` if the profile's tolerance excludes the time.
    fn is_stale(&self, time: SystemTime) -> bool {
        let tolerance = self.covered.profile.tolerance();
        self.original.timestamp().is_some_and(|signed| match time.duration_since(signed) {
            Ok(age) => tolerance.past().is_some_and(|past| age > past),
            Err(ahead) => ahead.duration() > tolerance.future(),
        })
    }

    fn is_accepted(&self, request: &Request<Bytes>, at: SystemTime) -> bool {
        self.endpoint.send(request, at).is_some()
    }

    /// Returns the handler's input, ignoring the timestamp. `None` if the request is rejected or is not valid
    /// HTTP.
    pub(crate) fn send(&self, message: &Message) -> Option<Facts> {
        self.endpoint.send_leniently(&message.request()?, self.seed.now)
    }

    /// Returns the differences of a mutant that is accepted, now or at another time.
    pub(crate) fn judge(&self, mutant: &Message) -> Option<BTreeSet<Difference>> {
        let facts = self.send(mutant)?;
        let mut differences = self.covered.differences(&self.original, &facts);
        let request = mutant.request()?;
        let accepted = |time: &SystemTime| self.is_accepted(&request, *time);
        let is_as_old = facts.timestamp().is_some() && facts.timestamp() == self.original.timestamp();
        if !is_as_old {
            let is_accepted_now = accepted(&self.seed.now);
            // An attacker may send the mutant later, at the time of its timestamp.
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
