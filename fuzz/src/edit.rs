//! Changes to a signed request. A fuzzer cannot guess a MAC, but it can damage one, and the data around it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request};

/// A change to a request: its kind, its position, and the new value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edit(pub(crate) u8, pub(crate) u8, pub(crate) u8);

impl Edit {
    /// Parses a line of edits, such as `2.7.200 4.0.0`.
    pub(crate) fn read(words: &str) -> Vec<Self> {
        let edit = |word: &str| {
            let mut numbers = word.split('.').map(|number| number.parse().unwrap_or(0));
            let mut next = || numbers.next().unwrap_or(0);
            Self(next(), next(), next())
        };
        words.split_ascii_whitespace().take(8).map(edit).collect()
    }

    pub(crate) fn apply(self, request: &mut Request<Bytes>) {
        let Self(which, at, value) = self;
        match which % 8 {
            0 => change(request, |body| {
                let length = body.len();
                if length > 0 {
                    body[usize::from(at) % length] = value;
                }
            }),
            1 => change(request, |body| body.push(value)),
            2 => change(request, |body| body.truncate(at.into())),
            3 => on_header(request, at, |_, bytes| {
                let length = bytes.len();
                if length > 0 {
                    bytes[usize::from(value) % length] ^= 1;
                }
            }),
            4 => on_header(request, at, |_, bytes| bytes.push(value)),
            // If `value` is the separator of a list, the list now contains every item twice.
            5 => on_header(request, at, |_, bytes| *bytes = [&**bytes, &[value], &**bytes].concat()),
            6 => {
                let twice = nth(request, at).map(|(name, bytes)| (name, HeaderValue::from_bytes(&bytes)));
                if let Some((name, Ok(bytes))) = twice {
                    request.headers_mut().append(name, bytes);
                }
            }
            _ if value % 4 == 0 => *request.method_mut() = Method::GET,
            _ => {
                if let Some((name, _)) = nth(request, at) {
                    request.headers_mut().remove(name);
                }
            }
        }
    }
}

fn change(request: &mut Request<Bytes>, change: impl FnOnce(&mut Vec<u8>)) {
    let mut body = request.body().to_vec();
    change(&mut body);
    *request.body_mut() = body.into();
}

fn nth(request: &Request<Bytes>, at: u8) -> Option<(HeaderName, Vec<u8>)> {
    let index = usize::from(at).checked_rem(request.headers().len())?;
    let (name, value) = request.headers().iter().nth(index)?;
    Some((name.clone(), value.as_bytes().to_vec()))
}

fn on_header(request: &mut Request<Bytes>, at: u8, change: impl FnOnce(&HeaderName, &mut Vec<u8>)) {
    let Some((name, mut bytes)) = nth(request, at) else { return };
    change(&name, &mut bytes);
    if let Ok(value) = HeaderValue::from_bytes(&bytes) {
        request.headers_mut().insert(name, value);
    }
}
