//! The part of `multipart/form-data` that the crate promises to read. The first line is the boundary, at most
//! 72 bytes with its hyphens; a line break and the boundary separate the parts.

/// Returns the value of the field `name`, if exactly one part has that name.
pub(crate) fn field(body: &[u8], name: &str) -> Option<Vec<u8>> {
    let end = find(body, b"\r\n")?;
    let boundary = &body[..end];
    if !boundary.starts_with(b"--") || boundary.len() > 72 {
        return None;
    }
    let mark = [b"\r\n", boundary].concat();
    let mut values = Vec::new();
    let mut at = end;
    while body[at..].starts_with(b"\r\n") {
        let start = at + 2;
        let head_end = start + find(&body[start..], b"\r\n\r\n")?;
        let value_start = head_end + 4;
        let value_end = value_start + find(&body[value_start..], &mark)?;
        if disposition(&body[start..head_end]).is_some_and(|found| found.iter().any(|found| found == name)) {
            values.push(body[value_start..value_end].to_vec());
        }
        at = value_end + mark.len();
    }
    if values.len() == 1 { values.pop() } else { None }
}

/// Returns the names in a part's header.
fn disposition(head: &[u8]) -> Option<Vec<String>> {
    let head = std::str::from_utf8(head).ok()?;
    let mut names = Vec::new();
    for line in head.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let Some((header, value)) = line.split_once(':') else { continue };
        let mut words = value.split(';').map(str::trim);
        if header.trim().to_lowercase() != "content-disposition" || words.next() != Some("form-data") {
            continue;
        }
        names.extend(words.filter_map(|word| Some(word.strip_prefix("name=")?.trim_matches('"').to_owned())));
    }
    Some(names)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    (0..text.len()).find(|&at| text[at..].starts_with(what))
}
