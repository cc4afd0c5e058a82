//! Handwritten HTTP/2 frames, because client libraries cannot send those of the attacks.

use http::HeaderMap;

/// Returns the start of a connection: the preface and empty settings.
pub fn opening() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[])].concat()
}

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RESET: u8 = 3;
const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const CONTINUATION: u8 = 9;
/// An unassigned frame type, which receivers must ignore.
pub const UNKNOWN: u8 = 0x50;

pub const END_HEADERS: u8 = 4;
pub const ACKNOWLEDGED: u8 = 1;

/// The default maximum payload of a frame.
pub const LARGEST: usize = 16 * 1024;
const CANCEL: [u8; 4] = 8_u32.to_be_bytes();

pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

pub fn reset(stream: u32) -> Vec<u8> {
    frame(RESET, 0, stream, &CANCEL)
}

/// Returns the headers of a request whose body follows.
pub fn request(stream: u32, headers: &HeaderMap) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &block(headers))
}

/// Encodes the headers in HPACK without indexing or compression.
pub fn block(headers: &HeaderMap) -> Vec<u8> {
    const METHOD_POST: u8 = 0x83;
    const SCHEME_HTTP: u8 = 0x86;
    let mut block = vec![METHOD_POST, SCHEME_HTTP];
    // Literals with a name from the static table.
    for (name, value) in [(4, "/orders"), (1, "localhost")] {
        block.push(name);
        string(&mut block, value.as_bytes());
    }
    for (name, value) in headers {
        block.push(0);
        string(&mut block, name.as_str().as_bytes());
        string(&mut block, value.as_bytes());
    }
    block
}

pub fn string(block: &mut Vec<u8>, text: &[u8]) {
    match text.len() {
        length @ ..127 => block.push(length as u8),
        length => {
            block.push(127);
            let mut rest = length - 127;
            while rest >= 128 {
                block.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            block.push(rest as u8);
        }
    }
    block.extend_from_slice(text);
}
