//! A differential search. It changes requests that each provider's verifier accepts. If a changed request (a mutant) is
//! still accepted, it must be the same delivery, or `accepted.txt` must list the difference with a reason.
//!
//! `DIFFERENTIAL_REQUESTS` is the number of random mutants, `DIFFERENTIAL_SEED` chooses them, and
//! `DIFFERENTIAL_PROVIDER` limits the search to one provider.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../common/certificate.rs"]
#[allow(unreachable_pub, reason = "other test crates share this file")]
mod certificate;
mod fetched;
mod judge;
mod message;
mod mutation;
mod random;
mod reviewed;
mod seeds;
mod subject;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/vectors.rs"]
mod vectors;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    env,
    fmt::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::UNIX_EPOCH,
};

use tokio::runtime::{Builder, Runtime};

use self::{
    judge::Difference,
    message::{Message, Part},
    mutation::Mutation,
    random::Random,
    reviewed::Reviewed,
    seeds::Seed,
    subject::Subject,
};

/// The differences that a set of mutations causes in accepted mutants of one provider.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    provider: String,
    mutations: BTreeSet<String>,
    differences: BTreeSet<Difference>,
}

/// The first mutant of a finding, and the number of its mutants.
pub(crate) struct Example {
    count: usize,
    text: String,
}

#[derive(Default)]
struct Findings {
    sent: usize,
    accepted: usize,
    found: BTreeMap<Finding, Example>,
    /// The parts of a request, except the body, that each provider signs.
    signed: BTreeMap<&'static str, BTreeSet<Difference>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mutations: Vec<_> = self.mutations.iter().map(String::as_str).collect();
        let differences: Vec<_> = self.differences.iter().map(ToString::to_string).collect();
        write!(f, "{} | {} | {}", self.provider, mutations.join(" + "), differences.join(", "))
    }
}

#[test]
fn every_accepted_difference_is_reviewed() {
    let only = env::var("DIFFERENTIAL_PROVIDER").ok();
    let number = |name, default| env::var(name).map_or(default, |text| text.parse::<u64>().expect(name));
    let (requests, seed) = (number("DIFFERENTIAL_REQUESTS", 20_000), number("DIFFERENTIAL_SEED", 1));

    let mut known = [seeds::known(), fetched::all()].concat();
    known.retain(|seeds| only.as_ref().is_none_or(|only| only == seeds[0].provider));
    let findings = search(&known, requests as usize, seed);
    println!("{} requests sent, {} of them accepted", findings.sent, findings.accepted);

    let reviewed = Reviewed::read();
    let mut failures = String::new();
    for (finding, example) in &findings.found {
        if !reviewed.covers(finding) {
            let _ = writeln!(failures, "\n{finding} ({} times)\n{}", example.count, example.text);
        }
    }
    if only.is_none() {
        for entry in reviewed.unused(&findings.found) {
            let _ = writeln!(failures, "no longer accepted: {entry}");
        }
        assert_eq!(findings.signed, signed(), "the parts that cannot be changed");
    }
    assert!(failures.is_empty(), "DIFFERENTIAL_SEED={seed}\n{failures}");
}

/// Returns the parts other than the body that each provider signs.
fn signed() -> BTreeMap<&'static str, BTreeSet<Difference>> {
    use Difference::{Host, Method, Path, Query};
    let parts: [(&[&str], &[Difference]); 8] = [
        (&["contentful", "walmart"], &[Method, Path, Query]),
        (&["easypost-v2"], &[Method]),
        (&["hubspot-v2", "hubspot-v3"], &[Method, Host, Path, Query]),
        (&["mandrill", "plivo-v1", "plivo-v3", "shopee", "square", "trello", "twilio"], &[Host, Path, Query]),
        (&["messagebird-jwt", "monday", "upstash"], &[Host, Path, Query]),
        (&["plivo-v2"], &[Host, Path]),
        (&["sinch-application"], &[Method, Path]),
        (
            &[
                "messagebird-legacy",
                "vonage-params",
                "vonage-params-md5",
                "vonage-params-md5hash",
                "vonage-params-sha1",
                "vonage-params-sha512",
            ],
            &[Query],
        ),
    ];
    let providers = parts.into_iter().flat_map(|(providers, parts)| {
        providers.iter().map(|provider| (*provider, parts.iter().copied().collect()))
    });
    providers.collect()
}

fn search(known: &[Vec<Seed>], requests: usize, seed: u64) -> Findings {
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Findings::default());
    let share = requests.div_ceil(known.len());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = Arc::new(Builder::new_current_thread().enable_time().build().unwrap());
                while let Some(known) = known.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = search_provider(&runtime, known, share, seed);
                    findings.lock().unwrap().add(found);
                }
            });
        }
    });
    findings.into_inner().unwrap()
}

/// Sends the mutants that are one mutation away from an accepted request, and then random mutants.
fn search_provider(runtime: &Arc<Runtime>, known: &[Seed], requests: usize, seed: u64) -> Findings {
    let mut findings = Findings::default();
    let base = &known[0];
    let subject = |seed: &Seed| Subject::new(runtime, seed.clone());
    let mut subjects: Vec<_> = known.iter().filter_map(subject).collect();
    let the_body_alone = subjects.first().is_some_and(Subject::is_the_body_alone);
    subjects.extend(seeds::signed(base, the_body_alone).iter().filter_map(subject));
    let has_parameters = |subject: &&Subject| subject.seed.message.get(Part::Query).contains(&b'&');
    let elsewhere: Vec<_> = [subjects.first(), subjects.iter().find(has_parameters)]
        .into_iter()
        .flatten()
        .flat_map(|subject| subject.elsewhere(runtime))
        .collect();
    subjects.extend(elsewhere);
    assert!(!subjects.is_empty(), "{} accepts none of its seeds", base.provider);

    let mut random = Random::new(seed, base.provider);
    for subject in &subjects {
        for part in subject.covered.signed_of_the_head() {
            findings.signed.entry(base.provider).or_default().insert(part);
        }
        search_near(subject, &mut findings);
    }
    for _ in 0..requests {
        search_far(&subjects[random.below(subjects.len())], &mut random, &mut findings);
    }
    findings
}

fn search_near(subject: &Subject, findings: &mut Findings) {
    let mut seen = HashSet::new();
    for mutation in mutation::all(subject) {
        if let Some(mutant) = mutation.apply(&subject.seed.message)
            && seen.insert(mutant.clone())
        {
            findings.judge(subject, &[mutation], &mutant);
        }
    }
}

/// Sends a request with two or three random mutations.
fn search_far(subject: &Subject, random: &mut Random, findings: &mut Findings) {
    let mut mutant = subject.seed.message.clone();
    let mut mutations = Vec::new();
    for _ in 0..2 + random.below(2) {
        let mutation = mutation::any(&mutant, random);
        let mutated = mutation.and_then(|mutation| Some((mutation.apply(&mutant)?, mutation)));
        if let Some((mutated, mutation)) = mutated {
            mutant = mutated;
            mutations.push(mutation);
        }
    }
    findings.judge(subject, &mutations, &mutant);
}

impl Findings {
    fn judge(&mut self, subject: &Subject, mutations: &[Mutation], mutant: &Message) {
        self.sent += 1;
        let Some(differences) = subject.judge(mutant) else { return };
        self.accepted += 1;
        if differences.is_empty() {
            return;
        }
        let mutations = mutations.iter().map(ToString::to_string).collect();
        let finding = Finding { provider: subject.seed.provider.to_owned(), mutations, differences };
        let Seed { name, message, now, setting, .. } = &subject.seed;
        let example = || Example {
            count: 0,
            text: format!(
                "of {name}, at {} s, public URL {:?}:\n{message}\n\nbecame:\n{mutant}\n",
                now.duration_since(UNIX_EPOCH).unwrap().as_secs(),
                setting.public_url,
            ),
        };
        self.found.entry(finding).or_insert_with(example).count += 1;
    }

    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.accepted += other.accepted;
        for (provider, signed) in other.signed {
            self.signed.entry(provider).or_default().extend(signed);
        }
        for (finding, example) in other.found {
            self.found.insert(finding, example);
        }
    }
}
