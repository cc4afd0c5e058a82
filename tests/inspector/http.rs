use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    time::SystemTime,
};

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{process::Inspector, processes::TIMEOUT};

/// A signing secret for Standard Webhooks.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A request to the endpoint.
#[derive(Clone)]
pub struct Request {
    method: &'static str,
    path: String,
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// Returns an unsigned request.
    pub fn unsigned(body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        let head = format!("host: test\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        Self { method: "POST", path: "/webhook".to_owned(), head, body }
    }

    /// Returns a request to the page's own routes, as a browser sends it.
    pub fn page(to: SocketAddr, method: &'static str, path: &str, body: &str) -> Self {
        Self::page_at(&to.to_string(), method, path, body)
    }

    /// Returns a request to the page's own routes with this `host` header.
    pub fn page_at(host: &str, method: &'static str, path: &str, body: &str) -> Self {
        let request = Self::unsigned(body).header("content-type", "application/json");
        let head = request.head.replace("host: test", &format!("host: {host}"));
        Self { method, path: path.to_owned(), head, ..request }
    }

    /// Returns a delivery of Standard Webhooks, signed now.
    pub fn delivery(id: &str, body: impl AsRef<[u8]>) -> Self {
        Self::signed_by(SECRET, id, now(), body)
    }

    pub fn signed_by(secret: &str, id: &str, at: u64, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let key = BASE64.decode(secret.trim_start_matches("whsec_").as_bytes()).unwrap();
        let signed = [format!("{id}.{at}.").as_bytes(), body].concat();
        Self::unsigned(body)
            .header("webhook-id", id)
            .header("webhook-timestamp", &at.to_string())
            .header("webhook-signature", &format!("v1,{}", BASE64.encode(&mac(&key, &signed))))
    }

    /// Returns a delivery from GitHub.
    pub fn github(secret: &str, id: &str, body: &str) -> Self {
        Self::signed_by_github(secret, body, body)
            .header("x-github-delivery", id)
            .header("x-github-event", "push")
    }

    /// Returns a request with the body `sent`, and with GitHub's signature of the body `signed`.
    pub fn signed_by_github(secret: &str, signed: &str, sent: impl AsRef<[u8]>) -> Self {
        let tag = HEXLOWER.encode(&mac(secret.as_bytes(), signed.as_bytes()));
        Self::unsigned(sent).header("x-hub-signature-256", &format!("sha256={tag}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Sends the request to one of the page's routes instead.
    pub fn addressed(self, to: SocketAddr, path: &str) -> Self {
        let head = self.head.replace("host: test", &format!("host: {to}"));
        Self { path: path.to_owned(), head, ..self }
    }

    pub fn method(mut self, method: &'static str) -> Self {
        self.method = method;
        self
    }

    /// Adds a query, which the signature does not cover.
    pub fn query(&self, query: &str) -> Self {
        Self { path: format!("/webhook?{query}"), ..self.clone() }
    }

    /// Sends the request and reads the whole response.
    pub fn send(&self, to: SocketAddr) -> Answer {
        self.begin(to).answer()
    }

    /// Sends the request without reading the response.
    pub fn begin(&self, to: SocketAddr) -> Connection {
        let mut connection = Connection::open(to);
        connection.write(&self.bytes());
        connection
    }

    /// Sends the head, waits until the server reads the body, and then sends the body without its last byte.
    pub fn begin_without_end(&self, to: SocketAddr) -> Connection {
        let mut connection = Connection::open(to);
        let bytes = self.clone().header("expect", "100-continue").bytes();
        let (head, body) = bytes.split_at(bytes.len() - self.body.len());
        connection.write(head);
        connection.read_exactly("HTTP/1.1 100 Continue\r\n\r\n");
        connection.write(body.split_last().unwrap().1);
        connection
    }

    fn bytes(&self) -> Vec<u8> {
        let head = format!("{} {} HTTP/1.1\r\n{}\r\n", self.method, self.path, self.head);
        [head.as_bytes(), &self.body].concat()
    }
}

impl Inspector {
    /// Sends a request, asserts the status of its response, and returns its line.
    #[track_caller]
    pub fn receive(&self, request: &Request, status: u16) -> Value {
        let answer = request.send(self.address());
        assert_eq!(answer.status(), Some(status), "{}", answer.0);
        self.line()
    }

    /// Sends a request to one of the page's own routes.
    pub fn page(&self, method: &'static str, path: &str, body: &str) -> Answer {
        Request::page(self.address(), method, path, body).send(self.address())
    }

    /// Posts JSON to one of the page's own routes.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.page("POST", path, &body.to_string())
    }
}

/// A connection to the inspector; dropping it hangs up.
pub struct Connection(TcpStream);

impl Connection {
    pub fn open(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self(stream)
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub fn read_exactly(&mut self, text: &str) {
        let mut read = vec![0; text.len()];
        self.0.read_exact(&mut read).unwrap();
        assert_eq!(String::from_utf8_lossy(&read), text);
    }

    /// Reads up to and including `text`, and returns everything read.
    pub fn read_until(&mut self, text: &str) -> String {
        let mut read = Vec::new();
        while !read.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            read.extend(byte);
        }
        String::from_utf8(read).unwrap()
    }

    /// Shuts down writing; the response can still be read.
    pub fn finish_writing(&self) {
        self.0.shutdown(Shutdown::Write).unwrap();
    }

    /// Reads until the inspector closes the connection.
    pub fn answer(mut self) -> Answer {
        let mut answer = Vec::new();
        self.0.read_to_end(&mut answer).unwrap();
        Answer(String::from_utf8(answer).unwrap())
    }
}

/// A response as it was read, or an empty string if there was none.
pub struct Answer(pub String);

impl Answer {
    pub fn status(&self) -> Option<u16> {
        Some(self.0.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().unwrap())
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let (head, _) = self.0.split_once("\r\n\r\n")?;
        head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub fn body(&self) -> &str {
        self.0.split_once("\r\n\r\n").unwrap().1
    }

    /// Returns the body of a successful response.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.status(), Some(200), "{}", self.0);
        serde_json::from_str(self.body()).unwrap()
    }
}

pub fn get(to: SocketAddr, path: &str) -> Answer {
    let request = Request { method: "GET", path: path.to_owned(), ..Request::unsigned("") };
    request.send(to)
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

pub fn mac(key: &[u8], signed: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(signed).finalize().into_bytes().to_vec()
}
