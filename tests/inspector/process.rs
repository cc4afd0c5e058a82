use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use serde_json::Value;

/// How long is waited for what is sure to come: a test that is wrong about it fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// An inspector that runs.
pub struct Inspector {
    child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
    log: Receiver<String>,
}

impl Inspector {
    /// Starts one on a free port.
    pub fn start(options: &[&str]) -> Self {
        Self::begin(options).unwrap_or_else(|log| panic!("it did not start: {log:?}"))
    }

    /// One, if it starts with these options.
    pub fn try_start(options: &[&str]) -> Option<Self> {
        Self::begin(options).ok()
    }

    fn begin(options: &[&str]) -> Result<Self, Option<String>> {
        let mut child = spawn(&[&["--listen", "127.0.0.1:0"], options].concat());
        let lines = read_lines(child.stdout.take().unwrap());
        let log = read_lines(child.stderr.take().unwrap());
        let Some(first) = next(&lines) else {
            child.wait().unwrap();
            return Err(log.iter().last());
        };
        let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}"));
        Ok(Self { address: address.parse().unwrap(), child, lines, log })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next line of standard output, as it is.
    pub fn raw_line(&self) -> String {
        next(&self.lines).expect("it ended before it printed what it should")
    }

    pub fn line(&self) -> Value {
        let line = self.raw_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// What was logged up to the `curl` command, which is the last of it.
    pub fn invitation(&self) -> Vec<String> {
        let mut log = Vec::new();
        while log.last().is_none_or(|line: &String| !line.starts_with("curl ")) {
            log.push(next(&self.log).expect("it ended before it printed a curl command"));
        }
        log
    }

    pub fn signal(&self, name: &str) {
        // The shell's own `kill`: not every machine has it as a program.
        let kill = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// How it ends of itself, and what it prints until then.
    pub fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut rest = Vec::new();
        while let Some(line) = next(&self.lines) {
            rest.push(line);
        }
        (self.child.wait().unwrap(), rest)
    }

    /// Ends it. Every request must have had its line, and none a second one.
    pub fn stop(self) {
        self.signal("TERM");
        let (status, rest) = self.end();
        assert_eq!(rest, Vec::<String>::new(), "lines that nobody waited for");
        assert_eq!(status.code(), Some(0));
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The exit code, standard output and standard error of an inspector that does not get to listen.
pub fn run(options: &[&str]) -> (Option<i32>, String, String) {
    let mut child = spawn(options);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let (mut printed, mut log) = (String::new(), String::new());
    stdout.read_line(&mut printed).unwrap();
    if printed.starts_with("listening") {
        child.kill().unwrap();
    }
    stdout.read_to_string(&mut printed).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    (child.wait().unwrap().code(), printed, log)
}

fn spawn(options: &[&str]) -> Child {
    let program = program();
    Command::new(&program)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}. Build it: cargo build --all-features --example inspector \
                 (`cargo test --all-features` does, `--test inspector` alone does not)",
                program.display()
            )
        })
}

/// Cargo puts examples beside the directory that test programs are in.
fn program() -> PathBuf {
    let test = env::current_exe().unwrap();
    let profile = test.ancestors().nth(2).unwrap();
    profile.join("examples").join(format!("inspector{}", env::consts::EXE_SUFFIX))
}

fn read_lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            // A test that is over reads no more; the program must be able to write on.
            let _ = sender.send(line.unwrap());
        }
    });
    receiver
}

/// The next line, or `None` after the last.
fn next(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(PATIENCE) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("waited in vain for a line"),
    }
}
