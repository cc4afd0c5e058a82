//! A browser that is controlled over WebDriver, which is HTTP with JSON.

use std::{
    env, fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use data_encoding::BASE64;
use serde_json::{Value, json};

/// The timeout for expected conditions.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A headless Chromium with its own profile.
pub struct Browser {
    driver: Child,
    port: u16,
    session: String,
    profile: PathBuf,
}

impl Browser {
    pub fn start() -> Self {
        // Retry: chromedriver picks a port, and exits if another process takes that port first.
        let listening = (0..5).find_map(|_| Self::start_driver());
        let (driver, lines, port) =
            listening.expect("chromedriver exits without listening; run it by hand to see why");
        // Keep reading, so that chromedriver can still write.
        thread::spawn(move || lines.for_each(drop));
        let profile = output().join(format!("profile-{port}"));
        let _ = fs::remove_dir_all(&profile);
        fs::create_dir_all(&profile).unwrap();
        let mut browser = Self { driver, port, session: String::new(), profile };
        browser.session = browser.new_session();
        browser
    }

    /// Starts chromedriver and returns it with its output and its port; returns `None` if it has exited.
    fn start_driver() -> Option<(Child, Lines<BufReader<ChildStdout>>, u16)> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is needed: `sh tests/browser.sh` installs it");
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.by_ref().find_map(|line| {
            line.unwrap().split_once("successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        if port.is_none() {
            driver.wait().unwrap();
        }
        Some((driver, lines, port?))
    }

    fn new_session(&self) -> String {
        let profile = format!("--user-data-dir={}", self.profile.display());
        let args = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--window-size=1280,860",
            &profile,
        ];
        let mut options = json!({ "args": args });
        if let Ok(binary) = env::var("CHROMIUM") {
            options["binary"] = binary.into();
        }
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let session = self.http("POST", "/session", &wanted);
        session["sessionId"].as_str().unwrap().to_owned()
    }

    pub fn open(&self, url: &str) {
        self.call("url", json!({ "url": url }));
    }

    /// Runs a script as the body of a function, and returns its result.
    pub fn run(&self, script: &str) -> Value {
        self.run_with(script, json!([]))
    }

    /// Runs a script like [`run`](Self::run), with `arguments`.
    pub fn run_with(&self, script: &str, arguments: Value) -> Value {
        self.call("execute/sync", json!({ "script": script, "args": arguments }))
    }

    /// Waits until a script returns a value other than null and false, and returns it.
    pub fn wait(&self, script: &str) -> Value {
        self.wait_with(script, json!([]))
    }

    /// Waits like [`wait`](Self::wait), with `arguments`.
    pub fn wait_with(&self, script: &str, arguments: Value) -> Value {
        let begun = Instant::now();
        loop {
            let value = self.run_with(script, arguments.clone());
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return value;
            }
            if begun.elapsed() > TIMEOUT {
                self.screenshot("failure");
                panic!(
                    "timed out waiting for {script} of {arguments}; target/browser/failure.png shows the page"
                );
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    /// Waits for an element that matches the selector, and returns its text.
    pub fn text(&self, selector: &str) -> String {
        let text = self.wait_with(
            "const e = document.querySelector(arguments[0]); return e && [e.textContent]",
            json!([selector]),
        );
        text[0].as_str().unwrap().to_owned()
    }

    pub fn click(&self, selector: &str) {
        // Scroll the element to the middle. The driver itself scrolls only to the edge of the view, where the dialog's
        // footer may cover the element.
        self.wait_with(
            "const e = document.querySelector(arguments[0]); e?.scrollIntoView({ block: 'center' }); return Boolean(e)",
            json!([selector]),
        );
        let element = self.call("element", json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned();
        self.call(&format!("element/{id}/click"), json!({}));
    }

    /// Presses these keys one after the other.
    pub fn press(&self, keys: &str) {
        let actions: Vec<_> = keys
            .chars()
            .flat_map(|key| {
                ["keyDown", "keyUp"].map(|action| json!({ "type": action, "value": key.to_string() }))
            })
            .collect();
        let source = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.call("actions", json!({ "actions": [source] }));
    }

    /// Sets the size of the window, optionally as that of a mobile device with a touchscreen.
    pub fn resize(&self, width: u32, height: u32, is_mobile: bool) {
        let metrics =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": is_mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics);
        self.devtools("Emulation.setTouchEmulationEnabled", json!({ "enabled": is_mobile }));
    }

    /// Goes back in the history of the browser.
    pub fn back(&self) {
        self.call("back", json!({}));
    }

    /// Moves the mouse to a place of an element, in pixels from its left and upper edge.
    pub fn point(&self, selector: &str, x: u32, y: u32) {
        let edges = self.run_with(
            "const { left, top } = document.querySelector(arguments[0]).getBoundingClientRect(); return [left, top]",
            json!([selector]),
        );
        let [x, y] = [(0, x), (1, y)].map(|(edge, add)| edges[edge].as_f64().unwrap() + f64::from(add));
        let moved = json!({ "type": "pointerMove", "x": x.round(), "y": y.round() });
        let source = json!({ "type": "pointer", "id": "mouse", "actions": [moved] });
        self.call("actions", json!({ "actions": [source] }));
    }

    /// Returns the number of nodes and of event listeners that the browser keeps for the page.
    pub fn kept(&self) -> (f64, f64) {
        self.devtools("HeapProfiler.collectGarbage", json!({}));
        self.devtools("Performance.enable", json!({}));
        let metrics = self.devtools("Performance.getMetrics", json!({}));
        let metric = |name: &str| {
            let all = metrics["metrics"].as_array().unwrap();
            all.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
        };
        (metric("Nodes"), metric("JSEventListeners"))
    }

    /// Sets the preferred color scheme, `light` or `dark`.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Writes a screenshot of the window to `target/browser`.
    pub fn screenshot(&self, name: &str) {
        let picture = self.http("GET", &format!("/session/{}/screenshot", self.session), &Value::Null);
        let picture = BASE64.decode(picture.as_str().unwrap().as_bytes()).unwrap();
        fs::write(output().join(format!("{name}.png")), picture).unwrap();
    }

    /// Returns the new console messages, including violations of the page's policy.
    pub fn console(&self) -> Vec<String> {
        let entries = self.call("se/log", json!({ "type": "browser" }));
        entries
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["message"].as_str().unwrap().to_owned())
            .collect()
    }

    fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.call("goog/cdp/execute", json!({ "cmd": command, "params": parameters }))
    }

    fn call(&self, command: &str, parameters: Value) -> Value {
        self.http("POST", &format!("/session/{}/{command}", self.session), &parameters)
    }

    fn http(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            self.port,
            body.len()
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        let mut answer = String::new();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().to_lowercase().split_once(':') {
                Some(("content-length", value)) => length = value.trim().parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        reader.take(length).read_to_string(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{method} {path} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session ends the browser. If the test has already failed, ignore a failure to end the session.
        if !thread::panicking() {
            self.http("DELETE", &format!("/session/{}", self.session), &Value::Null);
        } else {
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.http("DELETE", &format!("/session/{}", self.session), &Value::Null)
            }));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = fs::remove_dir_all(&self.profile);
    }
}

/// Returns the directory for screenshots and browser profiles.
pub fn output() -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
    let output = Path::new(env!("CARGO_MANIFEST_DIR")).join(target).join("browser");
    fs::create_dir_all(&output).unwrap();
    output
}
