use std::net::SocketAddr;

use axum::http::{Method, header};
use data_encoding::BASE64;

use super::{Plan, Signed};

/// The maximum number of trailing spaces of a body on a command line.
const MAX_PADDING: usize = 100;

/// The length of the lines of a body in base64.
const BASE64_LINE: usize = 100;

/// Formats the plan as commands for a POSIX shell.
pub(crate) fn commands(plan: &Plan, address: SocketAddr) -> String {
    let commands: Vec<_> = plan.requests.iter().map(|request| command(request, address)).collect();
    match plan.at_once {
        true => format!(
            "{}\nwait",
            commands.iter().map(|command| format!("{command} &")).collect::<Vec<_>>().join("\n")
        ),
        false => commands.join("\n"),
    }
}

fn command(request: &Signed, address: SocketAddr) -> String {
    let (method, body) = (request.method(), request.body());
    let sends_body = !body.is_empty() || *method == Method::POST;
    // curl waits for the body of the response to a `HEAD`, and `--head` excludes a body of the request.
    let mut curl = match *method == Method::HEAD {
        true if sends_body => "curl -i --max-time 5",
        true => "curl --head",
        false => "curl -i",
    }
    .to_owned();
    let url = format!("http://{address}{}", request.uri());
    // Otherwise, curl would send a request for each number in `[1-100]`.
    if request.uri().to_string().contains(['[', ']', '{', '}']) {
        curl.push_str(" --globoff");
    }
    if (*method != Method::HEAD || sends_body)
        && *method != (if sends_body { Method::POST } else { Method::GET })
    {
        curl.push_str(&format!(" -X {}", quoted(method.as_str().as_bytes())));
    }
    curl.push_str(&format!(" {}", quoted(url.as_bytes())));
    for (name, value) in request.headers() {
        let header = match value.is_empty() {
            // With a colon, curl would remove the header.
            true => format!("{name};").into_bytes(),
            false => [name.as_str().as_bytes(), b": ", value.as_bytes()].concat(),
        };
        curl.push_str(&format!(" -H {}", quoted(&header)));
    }
    if !sends_body {
        return curl;
    }
    // Otherwise, curl adds the content type of a form.
    if !request.headers().contains_key(header::CONTENT_TYPE) {
        curl.push_str(" -H 'content-type:'");
    }
    let Some(text) = plain(body) else {
        let base64 = BASE64.encode(body);
        let lines: Vec<_> = base64.as_bytes().chunks(BASE64_LINE).map(String::from_utf8_lossy).collect();
        return format!(
            "printf %s '{}' | base64 -d | {curl} --data-binary @-",
            lines.join("\n").replace('\n', "'\\\n'")
        );
    };
    let unpadded = text.trim_end_matches(' ');
    let padding = text.len() - unpadded.len();
    if padding > MAX_PADDING {
        // Generate the spaces in the shell, because they would make the command line too long.
        let body = quoted(unpadded.as_bytes());
        return format!(
            "{{ printf %s {body}; head -c {padding} /dev/zero | tr '\\0' ' '; }} | {curl} --data-binary @-"
        );
    }
    // With `--data-binary`, a body that begins with `@` would name a file.
    let option = if text.starts_with('@') { "--data-raw" } else { "--data-binary" };
    format!("{curl} {option} {}", quoted(body))
}

/// Returns the bytes as text, if a terminal shows all of it. A client could otherwise send control characters that end
/// the terminal's paste mode, or characters that reorder the command on the screen.
pub(crate) fn plain(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_shown))
}

/// Returns whether a terminal shows the character as it is.
pub(crate) fn is_shown(c: char) -> bool {
    c == '\n'
        || !(c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
            || matches!(c, '\u{fff9}'..='\u{fffb}'))
}

/// Quotes bytes other than NUL as one shell word.
fn quoted(bytes: &[u8]) -> String {
    if let Some(text) = plain(bytes) {
        return format!("'{}'", text.replace('\'', r"'\''"));
    }
    let mut format = String::new();
    for &byte in bytes {
        match byte {
            b'%' => format.push_str("%%"),
            // A leading `-` would begin an option of `printf`, and some shells expand `!` between double quotes.
            b'-' if format.is_empty() => format.push_str("\\055"),
            b'!' | b'\'' | b'\\' | 0..=0x1f | 0x7f.. => format.push_str(&format!("\\{byte:03o}")),
            byte => format.push(char::from(byte)),
        }
    }
    format!("\"$(printf '{format}')\"")
}
