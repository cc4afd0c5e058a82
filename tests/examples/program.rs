//! Examples that run as separate processes.

use std::{
    env, fs,
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ExitStatus},
    sync::{
        atomic::{AtomicU32, Ordering},
        mpsc::{Receiver, channel},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use http::Response;

use crate::{
    common::{Client, SECRET, Version, signed_with},
    processes::{self, next_line, read_lines, spawn},
};

pub struct Program {
    child: Child,
    lines: Receiver<String>,
}

impl Program {
    /// Starts the example `name` in an environment with `settings`.
    pub fn start(name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut child = spawn(name, arguments, settings);
        let (sender, lines) = channel();
        read_lines(child.stdout.take().unwrap(), sender.clone());
        read_lines(child.stderr.take().unwrap(), sender);
        Self { child, lines }
    }

    /// Waits for a line that contains `text`, and returns it.
    pub fn says(&self, text: &str) -> String {
        let mut said = Vec::new();
        loop {
            match next_line(&self.lines) {
                Some(line) if line.contains(text) => return line,
                Some(line) => said.push(line),
                None => panic!("the program exited without printing {text:?}, only {said:#?}"),
            }
        }
    }

    /// Waits for the address on which the program listens.
    pub fn address(&self) -> String {
        let line = self.says("listening on http://");
        line.rsplit('/').next().unwrap().to_owned()
    }

    /// Returns a client for the webhook endpoint of the program.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.address().parse().unwrap())
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: &str) {
        processes::signal(&self.child, signal);
    }

    /// Kills the program like a crash, and returns its remaining lines.
    pub fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.rest()
    }

    /// Sends `SIGTERM`, and waits until the program exits.
    pub fn stop(self) -> (ExitStatus, Vec<String>) {
        self.stop_with("TERM")
    }

    /// Stops the program like [`stop`](Self::stop), with another signal.
    pub fn stop_with(self, signal: &str) -> (ExitStatus, Vec<String>) {
        self.signal(signal);
        self.wait()
    }

    /// Waits until the program exits, and returns its status and remaining lines.
    pub fn wait(mut self) -> (ExitStatus, Vec<String>) {
        let rest = self.rest();
        (self.child.wait().unwrap(), rest)
    }

    fn rest(&mut self) -> Vec<String> {
        let rest = std::iter::from_fn(|| next_line(&self.lines)).collect();
        self.child.wait().unwrap();
        rest
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A temporary directory that is removed on drop.
pub struct Directory(PathBuf);

impl Directory {
    pub fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("{name}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let directory = env::temp_dir().join(name);
        fs::create_dir(&directory).unwrap();
        Self(directory)
    }

    /// Returns the path of a file in the directory.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A client for the webhook endpoint of a program.
#[derive(Clone)]
pub struct Endpoint(Client);

impl Endpoint {
    pub fn new(address: SocketAddr) -> Self {
        Self(Client::new(address, Version::Http1))
    }

    /// Sends a delivery as its provider would, signed now.
    pub async fn deliver(&self, id: &str, body: &str) -> Response<Bytes> {
        self.send(SECRET, id, body).await
    }

    /// Sends a forged delivery, which is signed with another secret.
    pub async fn forge(&self, id: &str, body: &str) -> Response<Bytes> {
        self.send("whsec_bm9ib2R5IGtub3dzIG1lLCBidXQgbXlzZWxmLg==", id, body).await
    }

    /// Sends a delivery signed with `secret`.
    pub async fn send(&self, secret: &str, id: &str, body: &str) -> Response<Bytes> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut request = signed_with(secret, u32::try_from(now).unwrap(), id, body.to_owned());
        *request.uri_mut() = "/webhook".parse().unwrap();
        self.0.send(request).await
    }

    /// Sends a delivery until it gets a 2xx, like a provider.
    pub async fn deliver_until_acknowledged(&self, id: &str, body: &str) {
        crate::server::until("the delivery is acknowledged", async || {
            self.deliver(id, body).await.status().is_success()
        })
        .await;
    }

    /// Sends an unsigned request.
    pub async fn post(&self, path: &str, body: &'static str) -> Response<Bytes> {
        let request = http::Request::post(path).body(http_body_util::Full::from(body)).unwrap();
        self.0.send(request).await
    }

    pub async fn get(&self, path: &str) -> String {
        let request = http::Request::get(path).body(http_body_util::Empty::<Bytes>::new()).unwrap();
        String::from_utf8(self.0.send(request).await.into_body().to_vec()).unwrap()
    }
}

pub fn is_duplicate(response: &Response<Bytes>) -> bool {
    response.headers().contains_key("x-webhook-duplicate")
}
