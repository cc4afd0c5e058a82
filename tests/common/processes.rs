//! Examples that run as processes.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

/// The timeout for expected output, so that a failing test does not hang.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// Returns the path of an example's program. Cargo puts examples next to the directory of test programs.
pub fn file(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile.join("examples").join(format!("{name}{}", env::consts::EXE_SUFFIX))
}

/// Starts an example without `WEBHOOK_SECRET` and with `settings` in its environment. Its output is piped.
pub fn spawn(name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Child {
    let program = file(name);
    let mut command = Command::new(&program);
    command.args(arguments).env_remove("WEBHOOK_SECRET").envs(settings.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|error| {
        panic!(
            "{}: {error}. Build it: cargo build --all-features --example {name} \
             (`cargo test --all-features` does, `cargo test --test` alone does not)",
            program.display()
        )
    })
}

pub fn signal(process: &Child, name: &str) {
    // Use the shell's built-in `kill`: some machines have no `kill` program.
    let kill = format!("kill -{name} {}", process.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
}

/// Sends the lines of a program's output to a channel.
pub fn read_lines(from: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Keep reading after the test has ended, so that the program can still write.
            let _ = sender.send(line);
        }
    });
}

/// Returns the next line, or `None` after the last.
pub fn next_line(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(TIMEOUT) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("timed out waiting for a line"),
    }
}
