use std::{
    io::{BufRead, BufReader, Read},
    iter,
    net::SocketAddr,
    process::{Child, ExitStatus},
    sync::mpsc::{Receiver, channel},
    thread,
};

use serde_json::Value;

use super::processes::{self, next_line};

/// A running inspector.
pub struct Inspector {
    child: Child,
    address: SocketAddr,
    lines: Receiver<String>,
    log: Receiver<String>,
    is_checked: bool,
}

impl Inspector {
    /// Starts an inspector on a free port.
    pub fn start(options: &[&str]) -> Self {
        Self::begin(options).unwrap_or_else(|log| panic!("the inspector did not start: {log:?}"))
    }

    /// Starts an inspector; returns `None` if it does not start with these options.
    pub fn try_start(options: &[&str]) -> Option<Self> {
        Self::begin(options).ok()
    }

    fn begin(options: &[&str]) -> Result<Self, Option<String>> {
        let mut child = spawn(&[&["--listen", "127.0.0.1:0"], options].concat());
        let lines = lines_of(child.stdout.take().unwrap());
        let log = lines_of(child.stderr.take().unwrap());
        let Some(first) = next_line(&lines) else {
            child.wait().unwrap();
            return Err(log.iter().last());
        };
        let address = first.strip_prefix("listening on http://").unwrap_or_else(|| panic!("{first}"));
        Ok(Self { address: address.parse().unwrap(), child, lines, log, is_checked: true })
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the next line of standard output, unparsed.
    pub fn raw_line(&self) -> String {
        next_line(&self.lines).expect("the inspector exited before printing a line")
    }

    pub fn line(&self) -> Value {
        let line = self.raw_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Returns the log up to and including the `curl` command.
    pub fn invitation(&self) -> Vec<String> {
        let mut log = Vec::new();
        while log.last().is_none_or(|line: &String| !line.starts_with("curl ")) {
            log.push(next_line(&self.log).expect("the inspector exited before printing a curl command"));
        }
        log
    }

    /// Reads the log until a line contains `text`, and returns this line.
    pub fn log_until(&self, text: &str) -> String {
        loop {
            let line = next_line(&self.log).expect("the inspector exited before logging this");
            if line.contains(text) {
                return line;
            }
        }
    }

    pub fn signal(&self, name: &str) {
        processes::signal(&self.child, name);
    }

    /// Lets dropping kill the inspector, without a check of how it ends.
    pub fn unchecked(mut self) -> Self {
        self.is_checked = false;
        self
    }

    /// Waits until the inspector exits, and returns its status and remaining lines.
    pub fn end(self) -> (ExitStatus, Vec<String>) {
        self.unchecked().wait()
    }

    fn wait(&mut self) -> (ExitStatus, Vec<String>) {
        let rest = iter::from_fn(|| next_line(&self.lines)).collect();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Inspector {
    /// Stops the inspector. Panics if it printed lines that the test did not read.
    fn drop(&mut self) {
        if self.is_checked && !thread::panicking() {
            self.signal("TERM");
            let (status, rest) = self.wait();
            assert_eq!(rest, Vec::<String>::new(), "the inspector printed unexpected lines");
            assert_eq!(status.code(), Some(0));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs an inspector that must not listen, and returns its exit code, standard output and standard error.
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

/// Runs an inspector that must refuse `options`, and returns its error.
#[track_caller]
pub fn refuse(options: &[&str]) -> String {
    // The address is valid, so that only the other options can be refused.
    let (code, printed, log) = run(&[&["--listen", "127.0.0.1:0"], options].concat());
    assert_eq!((code, &*printed), (Some(2), ""), "{options:?}: {log}");
    assert!(log.starts_with("inspector: "), "{options:?}: {log}");
    log
}

fn spawn(options: &[&str]) -> Child {
    processes::spawn("inspector", options, &[])
}

fn lines_of(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    processes::read_lines(output, sender);
    lines
}
