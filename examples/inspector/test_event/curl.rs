use std::net::SocketAddr;

use super::{Plan, Signed};

/// The maximum number of trailing spaces of a body on a command line.
const MAX_PADDING: usize = 100;

/// Formats the plan as shell commands.
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
    let mut curl = format!("curl -i {}", quoted(&format!("http://{address}{}", request.uri())));
    for (name, value) in request.headers() {
        let value = String::from_utf8_lossy(value.as_bytes());
        curl.push_str(&format!(" -H {}", quoted(&format!("{name}: {value}"))));
    }
    let body = String::from_utf8_lossy(request.body());
    let unpadded = body.trim_end_matches(' ');
    let padding = body.len() - unpadded.len();
    if padding > MAX_PADDING {
        // Generate the spaces in the shell, because they would make the command line too long.
        let body = quoted(unpadded);
        return format!(
            "{{ printf %s {body}; head -c {padding} /dev/zero | tr '\\0' ' '; }} | {curl} --data-binary @-"
        );
    }
    // With `--data-binary`, a body that begins with `@` would name a file.
    let option = if body.starts_with('@') { "--data-raw" } else { "--data-binary" };
    format!("{curl} {option} {}", quoted(&body))
}

/// Quotes a text as one shell word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
