//! Recording: appends each received request to a file, as a line of JSON.
//!
//! A thread writes the lines, so that a slow disk does not stop the endpoint. Each line is one write, so a process that
//! is killed leaves at most one incomplete line, the last.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::http::{HeaderName, HeaderValue, header::HOST, request::Parts};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::timeout};
use tower_webhook::{Delivery, Outcome};

use crate::report;

/// The size limit of the file without `--record-limit`, in bytes.
pub(crate) const DEFAULT_LIMIT: u64 = 100 * 1024 * 1024;
/// The maximum length of a line, in bytes.
pub(crate) const MAX_LINE: usize = 64 * 1024 * 1024;
/// The maximum number of bytes that wait to be written. Further requests are not recorded.
const MAX_QUEUED: usize = 32 * 1024 * 1024;
/// The time that a response waits until its request is written.
const PATIENCE: Duration = Duration::from_millis(250);
/// The time that the process waits for the last lines when it ends.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// A recorded request.
#[derive(Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The time of arrival, in milliseconds since the epoch.
    pub(crate) at: u64,
    pub(crate) provider: String,
    pub(crate) outcome: String,
    pub(crate) status: Option<u16>,
    pub(crate) kind: Option<String>,
    pub(crate) id: Option<String>,
    /// `true` if the signature was valid.
    pub(crate) verified: bool,
    pub(crate) method: String,
    /// The path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Content)>,
    /// `None` if the body was not read to its end.
    pub(crate) body: Option<Content>,
    /// The payload, if it differs from the body because the body was encoded or encrypted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<Content>,
}

/// Bytes as text, or in base64 if they are not UTF-8.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Content {
    Text(String),
    Bytes { base64: String },
}

impl Content {
    fn new(bytes: &[u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::Text(text.to_owned()),
            Err(_) => Self::Bytes { base64: BASE64.encode(bytes) },
        }
    }

    /// Returns the bytes, or `None` if the base64 is invalid.
    pub(crate) fn into_bytes(self) -> Option<Bytes> {
        match self {
            Self::Text(text) => Some(text.into()),
            Self::Bytes { base64 } => Some(BASE64.decode(base64.as_bytes()).ok()?.into()),
        }
    }
}

impl Entry {
    pub(crate) fn new(
        at: SystemTime,
        provider: &str,
        head: &Parts,
        body: Option<&Bytes>,
        outcome: &Outcome,
    ) -> Self {
        let delivery = outcome.delivery();
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), Content::new(value.as_bytes()))
        };
        // The host of a request over HTTP/2.
        let host = head.uri.authority().filter(|_| !head.headers.contains_key(HOST));
        let host = host.map(|host| (HOST.to_string(), Content::Text(host.to_string())));
        Self {
            at: at.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
            provider: provider.to_owned(),
            outcome: outcome.kind().as_str().to_owned(),
            status: outcome.status().map(|status| status.as_u16()),
            kind: outcome.rejection().map(|rejection| rejection.kind().as_str().to_owned()),
            id: delivery.and_then(Delivery::id).map(str::to_owned),
            verified: delivery.is_some(),
            method: head.method.to_string(),
            target: head.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
            headers: host.into_iter().chain(head.headers.iter().map(header)).collect(),
            body: body.map(|body| Content::new(body)),
            payload: delivery
                .filter(|delivery| delivery.payload() != delivery.raw())
                .map(|delivery| Content::new(delivery.payload())),
        }
    }
}

/// A file that requests are appended to.
#[derive(Clone)]
pub(crate) struct Recording(Arc<Shared>);

struct Shared {
    lines: Sender<Job>,
    queued: Arc<AtomicUsize>,
    is_late: AtomicBool,
    ended: Mutex<Option<Receiver<()>>>,
}

enum Job {
    Write { line: Vec<u8>, verified: bool, done: oneshot::Sender<()> },
    End,
}

/// Resolves once a request is written.
pub(crate) struct Written(oneshot::Receiver<()>);

impl Written {
    /// Waits until the request is written, or until the disk has proved slow.
    pub(crate) async fn wait(self) {
        let _ = timeout(PATIENCE, self.0).await;
    }
}

impl Recording {
    /// Opens the file, or creates it so that only its owner can read it.
    pub(crate) fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let (lines, jobs) = channel();
        let (end, ended) = channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let mut writer = Writer { queued: Arc::clone(&queued), ..Writer::open(path, limit)? };
        thread::Builder::new().name("record".to_owned()).spawn(move || {
            writer.run(&jobs);
            let _ = end.send(());
        })?;
        let ended = Mutex::new(Some(ended));
        Ok(Self(Arc::new(Shared { lines, queued, is_late: AtomicBool::new(false), ended })))
    }

    /// Queues a request. Returns `None` if it cannot be recorded.
    pub(crate) fn append(&self, entry: &Entry) -> Option<Written> {
        let mut line = serde_json::to_vec(entry).ok()?;
        line.push(b'\n');
        let length = line.len();
        if length > MAX_LINE {
            report::log("record: a request is too large and was not recorded");
            return None;
        }
        let shared = &self.0;
        let queued = shared.queued.fetch_add(length, Ordering::Relaxed);
        if queued > 0 && queued + length > MAX_QUEUED {
            shared.queued.fetch_sub(length, Ordering::Relaxed);
            if !shared.is_late.swap(true, Ordering::Relaxed) {
                report::log("record: the disk is too slow; requests are not recorded until it has caught up");
            }
            return None;
        }
        shared.is_late.store(false, Ordering::Relaxed);
        let (done, written) = oneshot::channel();
        shared.lines.send(Job::Write { line, verified: entry.verified, done }).ok()?;
        Some(Written(written))
    }

    /// Waits until the queued requests are written. Later ones are not recorded.
    pub(crate) fn finish(self) {
        let _ = self.0.lines.send(Job::End);
        let ended = self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).take();
        if ended.is_some_and(|ended| ended.recv_timeout(LAST_PATIENCE).is_err()) {
            report::log("record: the disk is too slow; the last requests were not recorded");
        }
    }
}

struct Writer {
    path: PathBuf,
    file: File,
    length: u64,
    limit: u64,
    /// The bytes of unverified requests that this process has written.
    unverified: u64,
    queued: Arc<AtomicUsize>,
}

impl Writer {
    fn open(path: &Path, limit: u64) -> io::Result<Self> {
        // Opening a named pipe would wait for a reader.
        if fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(io::Error::other("is not a regular file"));
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::mode(&file.metadata()?) & 0o077 != 0 {
            let path = path.display();
            report::log(&format!("warning: other users may be able to read {path}, which contains payloads"));
        }
        let mut length = file.seek(SeekFrom::End(0))?;
        if length > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                // An earlier process was killed while it wrote the last line.
                file.write_all(b"\n")?;
                length += 1;
            }
        }
        Ok(Self { path: path.to_owned(), file, length, limit, unverified: 0, queued: Arc::default() })
    }

    /// Writes until the end, the limit or an error.
    fn run(&mut self, jobs: &Receiver<Job>) {
        let mut is_stopped = false;
        while let Ok(Job::Write { line, verified, done }) = jobs.recv() {
            if !is_stopped
                && (verified || self.admits_unverified(line.len() as u64))
                && let Err(reason) = self.write(&line)
            {
                report::log(&format!("warning: recording to {} has stopped: {reason}", self.path.display()));
                is_stopped = true;
            }
            self.queued.fetch_sub(line.len(), Ordering::Relaxed);
            let _ = done.send(());
        }
    }

    /// Any client can send requests that are not verified, so they get at most a quarter of the limit.
    fn admits_unverified(&mut self, length: u64) -> bool {
        let unverified = self.unverified.saturating_add(length);
        let most = self.limit / 4;
        if unverified > most {
            if self.unverified <= most {
                let path = self.path.display();
                report::log(&format!(
                    "warning: {path} has {most} bytes of unverified requests; no more are recorded"
                ));
            }
            // Do not warn again.
            self.unverified = u64::MAX;
            return false;
        }
        self.unverified = unverified;
        true
    }

    fn write(&mut self, line: &[u8]) -> Result<(), String> {
        let length = self.length.saturating_add(line.len() as u64);
        if length > self.limit {
            return Err(format!("the next request would exceed the limit of {} bytes", self.limit));
        }
        self.file.write_all(line).map_err(|error| error.to_string())?;
        self.length = length;
        Ok(())
    }
}
