//! Raw connections that can send any bytes at any pace.

use std::{io, net::SocketAddr};

use http::HeaderMap;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::common::{NOW, SECRET, standard_headers};

/// A connection that is reset on drop: thousands of regular closes would occupy the machine's ports for a minute.
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Wire {
    pub async fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server does not accept connections");
        stream.set_nodelay(true).unwrap();
        stream.set_zero_linger().unwrap();
        Self { stream, read: Vec::new() }
    }

    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Reads the next HTTP/1 response; returns `None` if the connection ends first.
    ///
    /// This is cancel safe.
    pub async fn answer(&mut self) -> Option<Answer> {
        loop {
            if let Some((answer, length)) = parse(&self.read) {
                self.read.drain(..length);
                return Some(answer);
            }
            self.more().await?;
        }
    }

    /// Shuts down writing, and reads until the server closes the connection.
    pub async fn finish(&mut self) {
        let _ = self.stream.shutdown().await;
        self.end().await;
    }

    /// Reads until the connection ends.
    pub async fn end(&mut self) {
        while self.more().await.is_some() {
            self.read.clear();
        }
    }

    /// Reads the next HTTP/2 frame and returns its type, flags and stream.
    pub async fn frame(&mut self) -> Option<(u8, u8, u32)> {
        loop {
            if let Some((head, _)) = self.read.split_at_checked(9) {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                if self.read.len() >= 9 + length {
                    let frame = (head[3], head[4], u32::from_be_bytes(head[5..9].try_into().unwrap()));
                    self.read.drain(..9 + length);
                    return Some(frame);
                }
            }
            self.more().await?;
        }
    }

    async fn more(&mut self) -> Option<()> {
        match self.stream.read_buf(&mut self.read).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

/// Parses the response at the start of `read` and returns it with its length.
fn parse(read: &[u8]) -> Option<(Answer, usize)> {
    let end = read.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(read[..end].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().unwrap());
    let status = head[9..12].parse().unwrap();
    let body = String::from_utf8(read.get(end..end + length)?.to_vec()).unwrap();
    Some((Answer { status, head, body }, end + length))
}

/// Formats an HTTP/1 head with these headers and additional lines.
pub fn head(headers: &HeaderMap, more: &str) -> String {
    let mut head = "POST /orders HTTP/1.1\r\nhost: localhost\r\n".to_owned();
    for (name, value) in headers {
        head += &format!("{name}: {}\r\n", value.to_str().unwrap());
    }
    head + more + "\r\n"
}

/// Returns a complete request that is signed by the provider.
pub fn delivery(id: &str, body: &[u8]) -> Vec<u8> {
    let headers = standard_headers(SECRET, NOW, id, body);
    let mut request = head(&headers, &format!("content-length: {}\r\n", body.len())).into_bytes();
    request.extend_from_slice(body);
    request
}

/// Returns headers that are valid except for the signature.
pub fn forged() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_forged".parse().unwrap());
    headers.insert("webhook-timestamp", NOW.into());
    headers.insert("webhook-signature", FORGED.parse().unwrap());
    headers
}

/// A well-formed signature that matches no request.
pub const FORGED: &str = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
