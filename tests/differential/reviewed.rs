//! The reviewed list of accepted differences.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use crate::{Example, Finding, judge::Difference};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential/accepted.txt");

/// The entries of `accepted.txt`.
pub(crate) struct Reviewed(BTreeSet<Finding>);

/// The mutation of an entry that applies to all mutations.
const ANY: &str = "any";

impl Reviewed {
    /// Reads lines of `provider | mutation | differences`, in paragraphs that begin with the reason.
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(FILE).unwrap();
        let mut entries = BTreeSet::new();
        for paragraph in text.split("\n\n") {
            let (lines, reason): (Vec<_>, Vec<_>) = paragraph.lines().partition(|line| line.contains(" | "));
            assert!(lines.is_empty() || !reason.is_empty(), "entries without a reason: {lines:?}");
            for line in lines {
                assert!(entries.insert(parse(line)), "duplicate entry: {line}");
            }
        }
        Self(entries)
    }

    /// Returns `true` if an entry lists the finding. For a finding with several mutations, the entries of these
    /// mutations must together list its differences.
    pub(crate) fn covers(&self, finding: &Finding) -> bool {
        let entries = || self.0.iter().filter(|entry| entry.is_of(finding));
        match finding.mutations.len() {
            1 => entries().any(|entry| entry.differences == finding.differences),
            _ => {
                let known: BTreeSet<_> =
                    entries().flat_map(|entry| entry.differences.iter().copied()).collect();
                finding.differences.is_subset(&known)
            }
        }
    }

    /// Returns the entries without a finding.
    pub(crate) fn unused<'a>(
        &'a self,
        found: &BTreeMap<Finding, Example>,
    ) -> impl Iterator<Item = &'a Finding> {
        let is_used = |entry: &Finding| {
            found.keys().any(|finding| entry.is_of(finding) && entry.differences == finding.differences)
        };
        self.0.iter().filter(move |entry| !is_used(entry))
    }
}

impl Finding {
    /// Returns `true` if this entry has the provider and the mutation of a finding.
    fn is_of(&self, finding: &Self) -> bool {
        let is_among = |mutation: &String| mutation == ANY || finding.mutations.contains(mutation);
        self.provider == finding.provider && self.mutations.iter().all(is_among)
    }
}

fn parse(line: &str) -> Finding {
    let [provider, mutations, differences] =
        line.split(" | ").collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("invalid entry: {line}"));
    Finding {
        provider: provider.trim().to_owned(),
        mutations: mutations.split(" + ").map(|mutation| mutation.trim().to_owned()).collect(),
        differences: differences.split(", ").map(|name| difference(name.trim())).collect(),
    }
}

fn difference(name: &str) -> Difference {
    let known = Difference::NAMES.iter().find(|(_, known)| *known == name);
    known.unwrap_or_else(|| panic!("unknown difference: {name}")).0
}
