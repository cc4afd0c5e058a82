//! Replaying: sends recorded requests through the endpoint again, in their order.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read, Take},
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use bytes::Bytes;
use tokio::{sync::mpsc, task::spawn_blocking};
use tower_webhook::BoxError;

use crate::{
    received::Received,
    record::{Content, Entry, MAX_LINE},
    report,
    test_event::{Again, TestEvents},
};

/// The maximum number of invalid lines that are logged one by one.
const MAX_LOGGED: u64 = 3;

/// A file with recorded requests.
pub(crate) struct Replay {
    path: PathBuf,
    /// Ends where the file ended at the start, because new requests may be appended to it.
    file: Take<File>,
}

/// The request that is being replayed. The endpoint recognizes it by the address of its connection.
#[derive(Clone, Default)]
pub(crate) struct Replaying(Arc<Mutex<Option<(SocketAddr, u64)>>>);

impl Replaying {
    /// Returns when the request of a client was first received, if it is replayed.
    pub(crate) fn recorded_at(&self, from: SocketAddr) -> Option<u64> {
        self.current().filter(|(replayed, _)| *replayed == from).map(|(_, at)| at)
    }

    fn current(&self) -> MutexGuard<'_, Option<(SocketAddr, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Counts {
    signed: u64,
    as_recorded: u64,
    skipped: u64,
}

impl Replay {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        // Opening a named pipe would wait for a writer.
        if !fs::metadata(path)?.is_file() {
            return Err(io::Error::other("is not a regular file"));
        }
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file: file.take(length) })
    }

    /// Sends each request, and waits for its response before it sends the next.
    pub(crate) async fn run(self, test_events: &TestEvents, provider: &str, replaying: &Replaying) {
        let path = self.path.display().to_string();
        let (sender, mut entries) = mpsc::channel(1);
        spawn_blocking(move || self.read(&sender));
        let mut counts = Counts::default();
        while let Some((number, entry)) = entries.recv().await {
            let Some(entry) = entry else {
                counts.skipped += 1;
                if counts.skipped <= MAX_LOGGED {
                    report::log(&format!("replay: line {number} is skipped: not a complete request"));
                }
                continue;
            };
            if let Err(error) = counts.send(*entry, test_events, provider, replaying).await {
                report::log(&format!("replay: stopped at line {number}: {error}"));
                break;
            }
        }
        let Counts { signed, as_recorded, skipped } = counts;
        report::log(&format!(
            "replayed {path}: {signed} requests signed again, {as_recorded} sent as recorded, {skipped} lines skipped"
        ));
    }

    /// Reads the lines with their numbers, until the receiver is dropped. Lines that are not requests are `None`.
    fn read(self, to: &mpsc::Sender<(u64, Option<Box<Recorded>>)>) {
        let mut reader = BufReader::new(self.file);
        for number in 1.. {
            let line = match next_line(&mut reader) {
                Ok(Some(line)) => line,
                Ok(None) => return,
                Err(error) => return report::log(&format!("replay: line {number}: {error}")),
            };
            let entry = serde_json::from_slice(&line).ok().and_then(Recorded::new).map(Box::new);
            if to.blocking_send((number, entry)).is_err() {
                return;
            }
        }
    }
}

/// Returns the next line, which is empty if it is too long, or `None` at the end.
fn next_line(reader: &mut BufReader<Take<File>>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if reader.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.len() == MAX_LINE && !line.ends_with(b"\n") {
        line.clear();
        reader.skip_until(b'\n')?;
    }
    Ok(Some(line))
}

/// A valid entry of the file.
struct Recorded {
    at: u64,
    provider: String,
    verified: bool,
    request: Received,
    payload: Option<Bytes>,
}

impl Recorded {
    /// Returns `None` if the entry is not a request to the endpoint, or has no body.
    fn new(entry: Entry) -> Option<Self> {
        // A file from another machine must not reach the page's own routes.
        if entry.target.parse::<Uri>().ok()?.path() != "/webhook" {
            return None;
        }
        let mut headers = HeaderMap::new();
        for (name, value) in entry.headers {
            let value = HeaderValue::from_maybe_shared(value.into_bytes()?).ok()?;
            headers.try_append(name.parse::<HeaderName>().ok()?, value).ok()?;
        }
        Some(Self {
            at: entry.at,
            provider: entry.provider,
            verified: entry.verified,
            request: Received {
                method: entry.method.parse().ok()?,
                target: entry.target,
                headers,
                body: entry.body?.into_bytes()?,
            },
            payload: entry.payload.and_then(Content::into_bytes),
        })
    }
}

impl Counts {
    async fn send(
        &mut self,
        recorded: Recorded,
        test_events: &TestEvents,
        provider: &str,
        replaying: &Replaying,
    ) -> Result<(), BoxError> {
        let Recorded { request, payload, .. } = &recorded;
        // Signing a request that was not verified would turn a forged request into a valid one.
        let signed = match recorded.verified && recorded.provider == provider {
            true => test_events.again(request, payload.as_ref(), Again::Signed).await.ok(),
            false => None,
        };
        let plan = match signed {
            Some(plan) => {
                self.signed += 1;
                plan
            }
            None => {
                self.as_recorded += 1;
                test_events.again(request, None, Again::AsReceived).await?
            }
        };
        let begin = |from| *replaying.current() = Some((from, recorded.at));
        let sent = test_events.deliver(plan, begin).await;
        *replaying.current() = None;
        sent
    }
}
