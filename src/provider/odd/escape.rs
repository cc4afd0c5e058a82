/// `bytes` with all that are neither letters, digits nor among `kept` as `%XX`.
pub(super) fn escape(bytes: &[u8], kept: &[u8]) -> String {
    let mut escaped = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            escaped.push(hex_digit(byte >> 4));
            escaped.push(hex_digit(byte & 0xf));
        }
    }
    escaped
}

fn hex_digit(value: u8) -> char {
    char::from_digit(value.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn what_is_not_kept_is_escaped_byte_by_byte() {
        assert_eq!(escape("a Z0-é%".as_bytes(), b"-"), "a%20Z0-%C3%A9%25");
    }
}
