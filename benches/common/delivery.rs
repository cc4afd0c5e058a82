//! The deliveries of the benchmarks.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::SystemTime,
};

use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderValue, Request};
use http_body::{Body, Frame, SizeHint};
use serde::Deserialize;
use sha2::Sha256;

pub const KEY: &str = "a signing secret of 32 bytes, ok";
pub const KIB: usize = 1024;
pub const MIB: usize = 1024 * KIB;

/// Returns the secret in the format of Standard Webhooks.
pub fn standard_secret() -> String {
    BASE64.encode(KEY.as_bytes())
}

pub fn mac() -> Hmac<Sha256> {
    Hmac::new_from_slice(KEY.as_bytes()).unwrap()
}

pub fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    Standard,
    Github,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Case {
    Valid,
    /// The last of 32 signatures is valid.
    Candidates32,
    WrongSignature,
}

impl Case {
    pub fn is_accepted(self) -> bool {
        matches!(self, Self::Valid | Self::Candidates32)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frames {
    One,
    /// Frames of 16 KiB, as a server reads them. A body of less than 64 KiB has four frames.
    Many,
}

/// A delivery that can be sent repeatedly, with a new id each time.
#[derive(Clone)]
pub struct Delivery {
    pub scheme: Scheme,
    pub case: Case,
    pub size: usize,
    pub in_frames: Frames,
    body: Sent,
    mac: Hmac<Sha256>,
}

impl Delivery {
    pub fn new(scheme: Scheme, case: Case, size: usize, in_frames: Frames) -> Self {
        let whole = message(size);
        let length = match in_frames {
            Frames::One => size,
            Frames::Many => (size / 4).min(16 * KIB),
        };
        let frames =
            (0..whole.len()).step_by(length).map(|at| whole.slice(at..(at + length).min(size))).collect();
        let body = Sent { whole, frames, next: 0 };
        Self { scheme, case, size, in_frames, body, mac: mac() }
    }

    pub fn request(&self, id: &str) -> Request<Sent> {
        let timestamp = now();
        let request = Request::post("https://example.com/webhook")
            .header("content-type", as_read("application/json"))
            .header("content-length", as_read(self.body.whole.len()))
            .header("user-agent", as_read("a provider/1.0"));
        let mut request = request.body(self.body.clone()).unwrap();
        let headers = request.headers_mut();
        let name = match self.scheme {
            Scheme::Standard => {
                headers.insert("webhook-id", as_read(id));
                headers.insert("webhook-timestamp", as_read(timestamp));
                "webhook-signature"
            }
            Scheme::Github => {
                headers.insert("x-github-delivery", as_read(id));
                headers.insert("x-github-event", as_read("push"));
                "x-hub-signature-256"
            }
        };
        headers.insert(name, as_read(self.signature(id, timestamp)));
        request
    }

    fn signature(&self, id: &str, timestamp: u64) -> String {
        let prefix = match self.scheme {
            Scheme::Standard => format!("{id}.{timestamp}."),
            Scheme::Github => String::new(),
        };
        // Hash the body even for a wrong signature, so that the body is in the processor's caches
        // in every case.
        let right =
            self.mac.clone().chain_update(prefix).chain_update(&self.body.whole).finalize().into_bytes();
        let tag = if self.case == Case::WrongSignature { [7; 32] } else { right.into() };
        match self.scheme {
            Scheme::Github => format!("sha256={}", HEXLOWER.encode(&tag)),
            Scheme::Standard => {
                let others = if self.case == Case::Candidates32 { 31 } else { 0 };
                let wrong = format!("v1,{} ", BASE64.encode(&[7; 32]));
                format!("{}v1,{}", wrong.repeat(others), BASE64.encode(&tag))
            }
        }
    }
}

/// Returns a header value in a shared buffer, like the values that a server reads.
fn as_read(value: impl ToString) -> HeaderValue {
    let buffer = Bytes::from(value.to_string());
    HeaderValue::from_maybe_shared(buffer.clone()).unwrap()
}

pub fn id_of(number: usize) -> String {
    format!("msg_2KWPBgLlAfxdpx2AI54p{number:09}")
}

/// A complete body of a known length.
#[derive(Clone)]
pub struct Sent {
    /// The content of all frames.
    pub whole: Bytes,
    frames: Arc<[Bytes]>,
    next: usize,
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = self.frames.get(self.next).cloned();
        self.next += 1;
        Poll::Ready(frame.map(|frame| Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.next >= self.frames.len()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.frames.get(self.next..).unwrap_or_default().iter().map(Bytes::len).sum::<usize>();
        SizeHint::with_exact(left as u64)
    }
}

/// A typical payload.
#[derive(Clone, Deserialize)]
pub struct Message {
    pub r#type: String,
    pub timestamp: String,
    pub account: u64,
    pub contact: Contact,
    pub text: Option<String>,
    pub attachments: Vec<Attachment>,
    pub labels: Vec<String>,
    pub by_human: bool,
    pub sent_at: u64,
}

#[derive(Clone, Deserialize)]
pub struct Contact {
    pub id: String,
    pub name: String,
    pub language: Option<String>,
}

#[derive(Clone, Deserialize)]
pub struct Attachment {
    pub url: String,
    pub media_type: String,
    pub bytes: u64,
}

/// Returns a [`Message`] of `size` bytes. Larger messages have more attachments, and text fills the
/// rest.
pub fn message(size: usize) -> Bytes {
    const ATTACHMENT: &str =
        r#"{"url":"https://media.example.com/a/7f3c2b1e.jpg","media_type":"image/jpeg","bytes":182044}"#;
    const TEXT: &str = "Is my order on its way? I moved house last week. ";
    let with = |attachments: usize, text: &str| {
        let attachments = vec![ATTACHMENT; attachments].join(",");
        format!(
            r#"{{"type":"message.received","timestamp":"2026-11-05T09:30:12.471Z","account":184467,"contact":{{"id":"9b1deb4d","name":"Zoë Almeida","language":"pt"}},"text":"{text}","attachments":[{attachments}],"labels":["vip"],"by_human":true,"sent_at":1762335012}}"#
        )
    };
    let room = size - with(0, "").len();
    let attachments = room / 2 / (ATTACHMENT.len() + 1) * if size > 16 * KIB { 2 } else { 1 };
    let room =
        size.checked_sub(with(attachments, "").len()).unwrap_or_else(|| panic!("{size} bytes are too few"));
    let text: String = TEXT.chars().cycle().take(room).collect();
    let message = with(attachments, &text);
    assert_eq!(message.len(), size);
    Bytes::from(message)
}
