//! Encodings, decoded digit by digit.

/// Decodes hex, in upper or lower case.
pub(crate) fn hex(text: &[u8]) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .iter()
        .map(|&byte| char::from(byte).to_digit(16).map(|digit| digit as u8))
        .collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect())
}

pub(crate) const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(crate) const FOR_URLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Decodes base64, with or without padding. The unused bits of the last digit must be zero.
pub(crate) fn base64(text: &[u8], alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let mut text = text;
    while let [rest @ .., b'='] = text {
        text = rest;
    }
    let mut bits = Vec::new();
    for byte in text {
        let digit = alphabet.iter().position(|known| known == byte)?;
        bits.extend((0..6).rev().map(|bit| digit >> bit & 1 == 1));
    }
    let over = bits.split_off(bits.len() / 8 * 8);
    if over.len() >= 6 || over.contains(&true) {
        return None;
    }
    Some(bits.chunks(8).map(|bits| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit))).collect())
}

/// Encodes as base64url without padding.
pub(crate) fn to_base64_url(bytes: &[u8]) -> String {
    let bits: Vec<bool> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let digit =
        |bits: &[bool]| (0..6).fold(0, |digit, bit| digit << 1 | usize::from(bits.get(bit) == Some(&true)));
    bits.chunks(6).map(|bits| char::from(FOR_URLS[digit(bits)])).collect()
}

/// Returns the names and values of a query or a form.
pub(crate) fn form(text: &[u8]) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for pair in text.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()) {
        let equals = pair.iter().position(|&byte| byte == b'=');
        let (name, value) = match equals {
            Some(at) => (&pair[..at], &pair[at + 1..]),
            None => (pair, &b""[..]),
        };
        pairs.push((percent_decoded(name), percent_decoded(value)));
    }
    pairs
}

fn percent_decoded(text: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let code = text.get(at + 1..at + 3).and_then(hex);
        match (text[at], code) {
            (b'+', _) => bytes.push(b' '),
            (b'%', Some(code)) => {
                bytes.extend(code);
                at += 2;
            }
            (byte, _) => bytes.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the value of `name`, or an error if `name` has different values.
pub(crate) fn only(pairs: Vec<(String, String)>, name: &str) -> Result<Option<String>, ()> {
    let mut values: Vec<_> =
        pairs.into_iter().filter(|(found, _)| found == name).map(|(_, value)| value).collect();
    values.dedup();
    if values.len() > 1 { Err(()) } else { Ok(values.pop()) }
}

/// Parses a number that consists of digits only.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}
