//! Public keys and certificates in PEM.

use data_encoding::BASE64_NOPAD;

use crate::InvalidSecret;

/// Returns the decoded content of PEM text; `None` if the text is not PEM.
pub(crate) fn pem(text: &str) -> Option<Result<Vec<u8>, InvalidSecret>> {
    pem_of(text, &["PUBLIC KEY", "RSA PUBLIC KEY"])
}

/// Decodes PEM text like [`pem`], but accepts the given kinds of content.
pub(crate) fn pem_of(text: &str, kinds: &[&str]) -> Option<Result<Vec<u8>, InvalidSecret>> {
    let (kind, rest) = text.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
    if !kinds.contains(&kind) {
        return Some(Err(InvalidSecret::new("PEM does not contain a public key")));
    }
    let between = rest.split_once("-----END ").map(|(between, _)| between);
    let decoded = between.and_then(|between| {
        let mut text: Vec<u8> = between.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
        // Padding is optional, but only valid at the end.
        while text.pop_if(|last| *last == b'=').is_some() {}
        BASE64_NOPAD.decode(&text).ok()
    });
    Some(decoded.ok_or_else(|| InvalidSecret::new("malformed PEM")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pem_may_have_padding_only_at_its_end() {
        let read = |base64: &str| {
            pem(&format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n"))?.ok()
        };
        for text in ["AQIDBA==", "AQIDBA", "AQID\r\n BA==", "AQIDBA=\n="] {
            assert_eq!(read(text), Some(vec![1, 2, 3, 4]), "{text}");
        }
        for text in ["AQ=IDBA==", "=AQIDBA", "AQI=\nDBA="] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(read("="), Some(Vec::new()));
    }
}
