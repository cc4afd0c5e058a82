//! Forms that are posted as `multipart/form-data`.

/// Returns the value of the field `name`, if the form has exactly one such field.
///
/// The boundary is read from the body's first line: the content type is not signed, so it must not decide how
/// the body is parsed.
pub(crate) fn multipart_field<'b>(body: &'b [u8], name: &str) -> Option<&'b [u8]> {
    /// The maximum length of a boundary: two hyphens and the 70 characters of RFC 2046. The limit bounds the
    /// cost of searching for it.
    const LONGEST: usize = 72;
    let boundary = body.get(..body.len().min(LONGEST + 2))?;
    let (boundary, _) = split_once(boundary, b"\r\n").filter(|(line, _)| line.starts_with(b"--"))?;
    let end = [b"\r\n", boundary].concat();
    let mut rest = body.get(boundary.len()..)?;
    let mut found = None;
    // A boundary is followed by a line break and a part, or by `--` at the end.
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let (head, tail) = split_once(part, b"\r\n\r\n")?;
        let (value, tail) = split_once(tail, &end)?;
        if is_named(head, name) && found.replace(value).is_some() {
            return None;
        }
        rest = tail;
    }
    found
}

/// Returns whether a part's head names the field `name`.
fn is_named(head: &[u8], name: &str) -> bool {
    let Ok(head) = std::str::from_utf8(head) else { return false };
    head.lines().filter_map(|line| line.split_once(':')).any(|(header, value)| {
        let mut parameters = value.split(';').map(str::trim);
        header.trim().eq_ignore_ascii_case("content-disposition")
            && parameters.next() == Some("form-data")
            && parameters.any(|parameter| {
                parameter.strip_prefix("name=").is_some_and(|value| value.trim_matches('"') == name)
            })
    })
}

fn split_once<'b>(bytes: &'b [u8], separator: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

#[cfg(test)]
mod tests {
    use super::multipart_field as field;

    const BODY: &[u8] = b"--x7\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n\
        --x7\r\ncontent-disposition: form-data; filename=\"a\"; name=\"json\"\r\nContent-Type: a/b\r\n\r\n\
        {\"a\":\r\n1}\r\n--x7--\r\n";

    #[test]
    fn a_field_is_found_by_its_name() {
        assert_eq!(field(BODY, "json"), Some(&b"{\"a\":\r\n1}"[..]));
        assert_eq!(field(BODY, "other"), Some(&b"1"[..]));
        assert_eq!(field(BODY, "a"), None);
    }

    #[test]
    fn a_repeated_field_is_not_found() {
        let part = b"--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n";
        let body = [&part[..], part, b"--x--"].concat();
        assert_eq!(field(&body, "json"), None);
    }

    #[test]
    fn the_boundary_has_at_most_70_characters() {
        let body = |length| {
            let boundary = "x".repeat(length);
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--{boundary}--")
        };
        assert_eq!(field(body(70).as_bytes(), "a"), Some(&b"1"[..]));
        assert_eq!(field(body(71).as_bytes(), "a"), None);
    }

    #[test]
    fn broken_bodies_have_no_fields() {
        for length in 0..BODY.len() - 6 {
            let broken = BODY.get(..length).unwrap_or_default();
            assert_eq!(field(broken, "json"), None, "{length}");
        }
        for body in [&b"--"[..], b"--\r\n", b"\r\n\r\n", b"--\r\n--\r\n\r\n--", b"--x\r\n\xff\r\n\r\n\r\n--x"]
        {
            assert_eq!(field(body, "json"), None);
        }
    }
}
