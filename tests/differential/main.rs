//! A differential search: requests that each provider's verifier accepts are changed, and whatever is
//! still accepted must be the same delivery, or be in `accepted.txt` with a reason.
//!
//! `DIFFERENTIAL_REQUESTS` is the number of random requests, `DIFFERENTIAL_SEED` chooses them, and
//! `DIFFERENTIAL_PROVIDER` limits the search to one provider.
#![cfg(all(feature = "test-util", feature = "jwt"))]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod judge;
mod message;
mod mutation;
mod random;
mod reviewed;
mod seeds;
#[allow(dead_code, unreachable_pub, reason = "another test crate has it as well")]
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
use tower_webhook::provider::{self, Provider};

use self::{
    judge::{Difference, Subject},
    message::Message,
    mutation::Mutation,
    random::Random,
    reviewed::Reviewed,
    seeds::Seed,
};

/// What is accepted though it differs: provider, mutations, differences.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    provider: String,
    mutations: Vec<String>,
    differences: BTreeSet<Difference>,
}

/// How often something was found, and where first.
pub(crate) struct Example {
    count: usize,
    text: String,
}

#[derive(Default)]
struct Findings {
    sent: usize,
    accepted: usize,
    found: BTreeMap<Finding, Example>,
    /// The parts of a request that each provider signs.
    signed: BTreeMap<&'static str, BTreeSet<Difference>>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let differences: Vec<_> = self.differences.iter().map(ToString::to_string).collect();
        write!(f, "{} | {} | {}", self.provider, self.mutations.join(" + "), differences.join(", "))
    }
}

#[test]
fn whatever_is_accepted_though_it_was_changed_is_reviewed() {
    let only = env::var("DIFFERENTIAL_PROVIDER").ok();
    let number = |name, default| env::var(name).map_or(default, |text| text.parse::<u64>().expect(name));
    let (requests, seed) = (number("DIFFERENTIAL_REQUESTS", 20_000), number("DIFFERENTIAL_SEED", 1));

    let providers: Vec<_> =
        provider::all().filter(|provider| only.as_ref().is_none_or(|only| only == provider.id)).collect();
    let findings = search(&providers, requests as usize, seed);
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
    }
    assert!(failures.is_empty(), "DIFFERENTIAL_SEED={seed}\n{failures}");
}

fn search(providers: &[&'static Provider], requests: usize, seed: u64) -> Findings {
    let vectors = vectors::vectors();
    let next = AtomicUsize::new(0);
    let findings = Mutex::new(Findings::default());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let runtime = Arc::new(Builder::new_current_thread().enable_time().build().unwrap());
                while let Some(provider) = providers.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let known = seeds::known(provider, &vectors);
                    let share = requests.div_ceil(providers.len());
                    let found = search_provider(&runtime, known, share, seed);
                    findings.lock().unwrap().add(found);
                }
            });
        }
    });
    findings.into_inner().unwrap()
}

/// Searches first all that is one mutation away from a request that is accepted, then random mutants.
fn search_provider(runtime: &Arc<Runtime>, known: Vec<Seed>, requests: usize, seed: u64) -> Findings {
    let mut findings = Findings::default();
    let base = known[0].clone();
    let mut subjects: Vec<_> = Vec::new();
    subjects.extend(known.into_iter().filter_map(|seed| Subject::new(runtime, seed)));
    let the_body_alone = subjects.first().is_some_and(Subject::is_the_body_alone);
    let signed = seeds::signed(&base, the_body_alone);
    subjects.extend(signed.into_iter().filter_map(|seed| Subject::new(runtime, seed)));
    let with_host =
        subjects.iter().map(|subject| subject.elsewhere(runtime)).filter(|others| !others.is_empty());
    let elsewhere: Vec<_> = with_host.take(2).flatten().collect();
    subjects.extend(elsewhere);
    assert!(!subjects.is_empty(), "{} accepts none of the requests to begin with", base.provider);

    let mut random = Random::new(seed, base.provider);
    for subject in &subjects {
        let signed = findings.signed.entry(base.provider).or_default();
        signed.extend(subject.covered.probed.iter().copied());
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

/// Two or three mutations at once.
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
        let finding = Finding {
            provider: subject.seed.provider.to_owned(),
            mutations: mutations.iter().map(ToString::to_string).collect(),
            differences,
        };
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
