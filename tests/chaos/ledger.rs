//! The ledger of handler runs: one file to which every replica appends a line of JSON at a time. The file survives a
//! killed replica.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    pub at: Micros,
    pub replica: u32,
    pub note: Note,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Note {
    /// The handler was called for this attempt of the provider.
    Start(RunId, u32),
    /// The run's transaction has locked its claim on Postgres, so that heartbeats skip the claim.
    Locked(RunId),
    /// On Postgres, the test adds this note for each row of the table of effects.
    Effect(RunId),
    End(RunId, End),
    /// The settlement that the layer reported, or `None` if the client hung up before the settlement was known.
    Settled(RunId, #[serde(with = "settlement")] Option<Settlement>),
    /// The replica or one of its threads did not run, or it had no connection, between these times.
    Stalled(Micros, Micros),
}

/// The event and the fencing token of a run; the fencing token is the time of its claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId {
    pub event: u32,
    pub fencing: Micros,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    Succeeded,
    Failed,
    Panicked,
    /// Dropped by the layer, because the handler timed out or the client hung up.
    Dropped,
}

/// Writes a settlement by its name, because `Settlement` does not implement serde's traits.
mod settlement {
    use super::*;

    pub fn serialize<S: Serializer>(it: &Option<Settlement>, serializer: S) -> Result<S::Ok, S::Error> {
        it.map(Settlement::as_str).serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Settlement>, D::Error> {
        use Settlement::*;
        let name = Option::<String>::deserialize(deserializer)?;
        let named =
            |name: String| [Completed, Released, Lost, Pending].into_iter().find(|it| it.as_str() == name);
        Ok(name.map(|name| named(name).expect("settlement is unknown")))
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
        let line = Line { at: now(), replica: self.replica, note };
        let line = serde_json::to_string(&line).unwrap() + "\n";
        let written = (&self.file).write(line.as_bytes()).unwrap();
        assert_eq!(written, line.len());
    }
}

pub fn read(path: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("invalid ledger line: {line}")))
        .collect()
}
