//! Requests as text: a line of method and URL, a line for each header, an empty line, the body.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};

/// The text up to the next end of a line, and what comes after it.
pub(crate) fn line(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&text[..end], &text[end + 1..]),
        None => (text, b""),
    }
}

/// As [`line`], where only text will do.
pub(crate) fn text_line(text: &[u8]) -> Option<(&str, &[u8])> {
    let (line, rest) = line(text);
    Some((std::str::from_utf8(line).ok()?, rest))
}

/// A request, if one can be made of it; header values may be any bytes that HTTP allows.
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
