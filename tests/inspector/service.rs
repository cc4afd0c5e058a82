//! A service behind the inspector's forward mode.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
    thread,
};

use super::TIMEOUT;

/// An HTTP server that gives each request the same response.
pub struct Service {
    address: SocketAddr,
    requests: Receiver<ServiceRequest>,
}

/// A request as the service received it.
pub struct ServiceRequest {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl ServiceRequest {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| &**value);
        let value = values.next();
        assert_eq!(values.next(), None, "{name} is repeated");
        value
    }
}

impl Service {
    /// Starts a service with this response, such as `200 OK\r\n\r\nhello`. It closes the connection after each response.
    pub fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = [b"HTTP/1.1 ", &*response.into()].concat();
        Self::start(move |mut stream| stream.write_all(&response).unwrap_or_default())
    }

    /// Starts a service that never responds, and keeps its connections open.
    pub fn silent() -> Self {
        let mut open = Vec::new();
        Self::start(move |stream| open.push(stream))
    }

    fn start(mut respond: impl FnMut(TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                if let Some(request) = read(&stream) {
                    if sender.send(request).is_err() {
                        return;
                    }
                    respond(stream);
                }
            }
        });
        Self { address, requests }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the next request.
    pub fn request(&self) -> ServiceRequest {
        self.requests.recv_timeout(TIMEOUT).expect("no request reached the service")
    }

    /// Panics if the service got a request that the test did not read.
    pub fn assert_no_request(&self) {
        if let Ok(request) = self.requests.try_recv() {
            panic!("unexpected request: {}", request.line);
        }
    }
}

fn read(stream: &TcpStream) -> Option<ServiceRequest> {
    let mut reader = BufReader::new(stream);
    let mut next_line = || {
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).ok()?;
        // Header values may be other bytes than UTF-8.
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    };
    let line = next_line()?;
    let mut headers = Vec::new();
    while let Some((name, value)) = next_line()?.split_once(": ") {
        headers.push((name.to_owned(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    Some(ServiceRequest { line, headers, body })
}
