//! Requests as text: a line with method and URL, a line for each header, an empty line, and the body.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};

/// Splits off the first line.
pub(crate) fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, b""),
    }
}

/// Splits off the first line like [`line`], but returns `None` if the line is not UTF-8.
pub(crate) fn text_line(text: &[u8]) -> Option<(&str, &[u8])> {
    let (line, rest) = line(text);
    Some((std::str::from_utf8(line).ok()?, rest))
}

/// Parses a request. Header values may contain any bytes that HTTP allows.
pub(crate) fn request(text: &[u8]) -> Option<Request<Bytes>> {
    let (first, mut rest) = text_line(text)?;
    let (method, url) = first.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(url).body(Bytes::new()).ok()?;
    loop {
        let (header, after) = line(rest);
        rest = after;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        let value = HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?;
        request.headers_mut().append(name, value);
    }
    *request.body_mut() = Bytes::copy_from_slice(rest);
    Some(request)
}
