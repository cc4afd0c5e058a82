//! The ledger of handler runs: one file to which every replica appends a line at a time. The file survives a killed
//! replica.

use std::{
    fmt,
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use tower_webhook::Settlement;

/// Microseconds since 1970. The replicas, the test and the store share the machine's clock; the store derives its
/// fencing tokens from it.
pub type Micros = u64;

pub fn now() -> Micros {
    micros(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap())
}

pub const fn micros(time: Duration) -> Micros {
    time.as_micros() as Micros
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: Micros,
    pub replica: u32,
    pub note: Note,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note {
    /// The handler was called for this attempt of the provider.
    Start(RunId, u32),
    /// The run's transaction has locked its claim on Postgres, so that heartbeats skip the claim.
    Locked(RunId),
    /// On Postgres, the test adds this note for each row of the table of effects.
    Effect(RunId),
    End(RunId, End),
    /// The settlement that the layer reported, or `None` if the client hung up before the settlement was known.
    Settled(RunId, Option<Settlement>),
    /// The replica or one of its threads did not run, or it had no connection, between these times.
    Stalled(Micros, Micros),
}

/// The event and the fencing token of a run; the fencing token is the time of its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    pub event: u32,
    pub fencing: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Succeeded,
    Failed,
    Panicked,
    /// Dropped by the layer, because the handler timed out or the client hung up.
    Dropped,
}

const ENDS: [(End, &str); 4] = [
    (End::Succeeded, "succeeded"),
    (End::Failed, "failed"),
    (End::Panicked, "panicked"),
    (End::Dropped, "dropped"),
];

const SETTLEMENTS: [(Option<Settlement>, &str); 5] = [
    (Some(Settlement::Completed), "completed"),
    (Some(Settlement::Released), "released"),
    (Some(Settlement::Lost), "lost"),
    (Some(Settlement::Pending), "pending"),
    (None, "unknown"),
];

fn name<T: PartialEq>(names: &[(T, &'static str)], of: &T) -> &'static str {
    names.iter().find(|(it, _)| it == of).unwrap().1
}

fn named<T: Copy>(names: &[(T, &str)], name: &str) -> Option<T> {
    Some(names.iter().find(|(_, it)| *it == name)?.0)
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.at, self.replica)?;
        match &self.note {
            Note::Start(run, attempt) => write!(f, "start {run} {attempt}"),
            Note::Locked(run) => write!(f, "locked {run}"),
            Note::Effect(run) => write!(f, "effect {run}"),
            Note::End(run, end) => write!(f, "end {run} {}", name(&ENDS, end)),
            Note::Settled(run, settlement) => write!(f, "settled {run} {}", name(&SETTLEMENTS, settlement)),
            Note::Stalled(from, to) => write!(f, "stalled {from} {to}"),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.event, self.fencing)
    }
}

impl Line {
    pub fn parse(line: &str) -> Option<Self> {
        let words: Vec<_> = line.split(' ').collect();
        let run = || Some(RunId { event: words.get(3)?.parse().ok()?, fencing: words.get(4)?.parse().ok()? });
        let note = match *words.get(2)? {
            "start" => Note::Start(run()?, words.get(5)?.parse().ok()?),
            "locked" => Note::Locked(run()?),
            "effect" => Note::Effect(run()?),
            "end" => Note::End(run()?, named(&ENDS, words.get(5)?)?),
            "settled" => Note::Settled(run()?, named(&SETTLEMENTS, words.get(5)?)?),
            "stalled" => Note::Stalled(words.get(3)?.parse().ok()?, words.get(4)?.parse().ok()?),
            _ => return None,
        };
        Some(Self { at: words[0].parse().ok()?, replica: words[1].parse().ok()?, note })
    }
}

/// A replica's handle to the ledger.
pub struct Ledger {
    pub replica: u32,
    file: File,
}

impl Ledger {
    pub fn open(path: &Path, replica: u32) -> Self {
        Self { replica, file: OpenOptions::new().append(true).create(true).open(path).unwrap() }
    }

    /// Appends a line in one write, which the system neither splits nor loses if the process is killed.
    pub fn write(&self, note: Note) {
        let line = format!("{}\n", Line { at: now(), replica: self.replica, note });
        let written = (&self.file).write(line.as_bytes()).unwrap();
        assert_eq!(written, line.len());
    }
}

pub fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| Line::parse(line).unwrap_or_else(|| panic!("invalid ledger line: {line}")))
        .collect()
}
