//! The `notifyer` example: the test simulates the provider's management API and serves the media of messages.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    fs,
    pin::Pin,
    process::Output,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{get, patch, post},
};
use bytes::Bytes;
use http_body::Frame;
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, sync::Semaphore};

use crate::{
    documented::{DUP, Documented, statuses},
    processes::file,
    program::{Directory, Program},
    server::until,
};

const URL: &str = "https://hooks.example.com/notifyer";
const SECRET: &str = "RNEefV2V_tiDZeiOpeqMzWsR3X4zGOxI";

/// The provider's management API as documented, with its records.
#[derive(Clone, Default)]
struct Provider(Arc<Mutex<Vec<Value>>>);

impl Provider {
    /// Serves the API and returns its base URL.
    async fn start(&self) -> String {
        let endpoints = "/api:qh9OQ3OW/webhook/dev";
        let app = Router::new()
            .route(&format!("{endpoints}/create"), post(create))
            .route(endpoints, get(list))
            .route(&format!("{endpoints}/{{id}}"), patch(write).delete(delete))
            .layer(middleware::from_fn(authorised))
            .with_state(self.clone());
        serve(app).await
    }

    fn records(&self) -> Vec<Value> {
        self.0.lock().unwrap().clone()
    }
}

async fn authorised(headers: HeaderMap, request: Request, next: Next) -> Response {
    if headers.get(header::ORIGIN).is_none_or(|origin| origin != "https://console.notifyer-systems.com") {
        return (StatusCode::FORBIDDEN, Json(json!({"message": "CORS"}))).into_response();
    }
    match headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap()) {
        Some("Bearer the-key") => next.run(request).await,
        // An error text with control characters.
        Some("Bearer in-trouble") => {
            (StatusCode::BAD_GATEWAY, Json(json!({"message": "\u{1b}[2Jtrouble"}))).into_response()
        }
        Some("Bearer babble") => "<html>".into_response(),
        _ => (StatusCode::UNAUTHORIZED, Json(json!({"code": "ERROR_CODE_UNAUTHORIZED"}))).into_response(),
    }
}

async fn create(State(provider): State<Provider>, Json(mut record): Json<Value>) -> Response {
    let mut records = provider.0.lock().unwrap();
    if records.iter().any(|other| other["webhooks"] == record["webhooks"]) {
        return (StatusCode::BAD_REQUEST, Json(json!({"message": "Same webhook exist"}))).into_response();
    }
    record["id"] = json!(1205 + records.len());
    records.push(record.clone());
    // The secret is only in this response and not in the list.
    record["signature_secret"] = json!(SECRET);
    Json(record).into_response()
}

async fn list(State(provider): State<Provider>) -> Json<Vec<Value>> {
    Json(provider.records())
}

async fn write(
    State(provider): State<Provider>,
    Path(id): Path<u64>,
    Json(record): Json<Value>,
) -> Json<Value> {
    let mut records = provider.0.lock().unwrap();
    let stored = records.iter_mut().find(|stored| stored["id"] == id).unwrap();
    // The API replaces the whole record, except for the secret and `active_signature`.
    let signed = stored["active_signature"].clone();
    *stored = record;
    stored["active_signature"] = signed;
    Json(stored.clone())
}

async fn delete(State(provider): State<Provider>, Path(id): Path<u64>) {
    provider.0.lock().unwrap().retain(|stored| stored["id"] != id);
}

/// Serves `app` on a free port and returns its URL.
async fn serve(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    format!("http://{address}")
}

/// Runs a command of the example.
async fn run(key: Option<&str>, base_url: &str, command: &[&str]) -> (bool, String, String) {
    let mut notifyer = Command::new(file("notifyer"));
    notifyer.args(["--base-url", base_url]).args(command).env_remove("NOTIFYER_API_KEY");
    notifyer.envs(key.map(|key| ("NOTIFYER_API_KEY", key)));
    let Output { status, stdout, stderr } = notifyer.output().await.unwrap();
    (status.success(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[tokio::test]
async fn endpoints_are_managed() {
    let provider = Provider::default();
    let api = provider.start().await;
    let run = async |command: &[&str]| run(Some("the-key"), &api, command).await;

    let (done, secret, log) = run(&["register", URL]).await;
    assert!(done && secret == format!("{SECRET}\n"), "{log}");
    assert!(log.contains("endpoint 1205") && !log.contains(SECRET), "{log}");
    let made = json!({
        "id": 1205, "webhooks": URL, "status": true, "incoming": true, "outgoing": false,
        "schedule_activity": false, "waiting_duration": 0, "active_signature": true,
    });
    assert_eq!(provider.records(), std::slice::from_ref(&made));
    let (done, secret, _) = run(&["register", "https://hooks.example.com/all", "--outgoing"]).await;
    assert!(done && secret == format!("{SECRET}\n"));
    assert_eq!(provider.records()[1]["outgoing"], true);

    let listed = format!(
        "1205\tenabled\tincoming\tsigned\t{URL}\n\
         1206\tenabled\tincoming+outgoing\tsigned\thttps://hooks.example.com/all\n"
    );
    assert_eq!(run(&["list"]).await, (true, listed.clone(), String::new()));

    let (done, printed, log) = run(&["disable", "1205"]).await;
    assert!(done && printed.is_empty() && log == "endpoint 1205 is disabled\n", "{log}");
    let (_, printed, _) = run(&["list"]).await;
    assert_eq!(printed, listed.replace("1205\tenabled", "1205\tdisabled"));
    let (done, _, log) = run(&["enable", "1205"]).await;
    assert!(done && log == "endpoint 1205 is enabled\n", "{log}");
    assert_eq!(provider.records()[0], made, "enabling must change nothing else");

    let (done, _, log) = run(&["delete", "1205"]).await;
    assert!(done && log == format!("endpoint 1205, {URL}, is deleted\n"), "{log}");
    assert_eq!(provider.records().len(), 1);
}

#[tokio::test]
async fn failures_are_reported_and_change_nothing() {
    let provider = Provider::default();
    let api = provider.start().await;
    let failed = async |key: Option<&str>, base_url: &str, command: &[&str], text: &str| {
        let before = provider.records();
        let (done, printed, log) = run(key, base_url, command).await;
        assert!(!done && printed.is_empty() && log.contains(text), "{command:?}: {log}");
        assert!(log.bytes().all(|byte| byte == b'\n' || !byte.is_ascii_control()), "{log:?}");
        assert_eq!(provider.records(), before, "{command:?}");
    };
    let key = Some("the-key");
    assert!(run(key, &api, &["register", URL]).await.0);

    failed(key, &api, &["register", URL], "already registered").await;
    for command in [&["enable", "7"][..], &["disable", "7"], &["delete", "7"]] {
        failed(key, &api, command, "no such endpoint").await;
    }
    failed(Some("guessed"), &api, &["list"], "does not accept the key").await;
    failed(Some("in-trouble"), &api, &["list"], r"502 Bad Gateway: \u{1b}[2Jtrouble").await;
    failed(Some("babble"), &api, &["list"], "unexpected response").await;
    failed(None, &api, &["list"], "NOTIFYER_API_KEY is not set").await;
    failed(Some("two\nlines"), &api, &["list"], "invalid in a header").await;
    failed(key, "http://127.0.0.1:1", &["list"], "does not respond").await;
    // The key is sent only over HTTPS, except to the same machine. The provider calls only HTTPS URLs.
    failed(key, "http://api.example.com", &["list"], "is not https").await;
    failed(key, &api, &["register", "http://hooks.example.com"], "is not https").await;
    for command in [&[][..], &["lists"], &["enable"], &["enable", "x"], &["list", "--all"]] {
        failed(key, &api, command, "notifyer register URL").await;
    }
}

/// A file that is served once for each permit from the test.
#[derive(Clone)]
struct VoiceNote {
    asked_for: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

/// Serves the media of messages and returns the base URL. The voice note waits for the test.
async fn media(voice_note: VoiceNote) -> String {
    let slow = async move || {
        voice_note.asked_for.add_permits(1);
        voice_note.released.acquire().await.unwrap().forget();
        "a voice note"
    };
    let first = AtomicBool::new(true);
    let failing = Arc::new(move || match first.swap(false, Ordering::Relaxed) {
        true => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        false => "a photo at last".into_response(),
    });
    let app = Router::new()
        .route("/photo.jpg", get(async || "a photo"))
        .route("/slow.ogg", get(slow))
        .route("/gone.pdf", get(async || StatusCode::GONE))
        .route("/redirected.png", get(async || Redirect::to("/photo.jpg")))
        .route("/failing.png", get(async move || failing()))
        .route("/endless.mp4", get(async || Body::new(Endless)));
    serve(app).await
}

/// A body without an end.
struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static MEBIBYTE: [u8; 1 << 20] = [0; 1 << 20];
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&MEBIBYTE)))))
    }
}

/// The running example, with its media directory and the server of the media.
struct Running {
    documented: Documented,
    program: Program,
    address: String,
    directory: Directory,
    origin: String,
    voice_note: VoiceNote,
}

impl Running {
    async fn start() -> Self {
        let none = || Arc::new(Semaphore::new(0));
        let (directory, voice_note) =
            (Directory::new("media"), VoiceNote { asked_for: none(), released: none() });
        let origin = media(voice_note.clone()).await;
        let documented = Documented::of("notifyer");
        let kept = directory.file("kept");
        let program = documented.start_with(&["--media", &kept, "--media-from", &origin], &[]);
        Self { documented, address: program.address(), program, directory, origin, voice_note }
    }

    /// Delivers a message with these fields several times, and returns the statuses.
    async fn deliver(&self, facts: &str, times: usize) -> Vec<u16> {
        let common =
            r#""phone_number":4915550100200,"recipient_name":"Ada","user_last_message_time":1767225600"#;
        let command = format!("deliver '{{{common},{facts}}}'\n").repeat(times);
        let (documented, address) = (self.documented.clone(), self.address.clone());
        let answers = tokio::task::spawn_blocking(move || documented.deliver(&address, &command)).await;
        statuses(&answers.unwrap())
    }

    fn media(&self, kind: &str, file: &str) -> String {
        format!(r#""message_type":"{kind}","attachment_url":"{}/{file}""#, self.origin)
    }

    /// Returns the contents of the stored files by their extensions.
    fn kept(&self) -> BTreeMap<String, String> {
        let Ok(files) = fs::read_dir(self.directory.file("kept")) else { return BTreeMap::new() };
        let files = files.map(|file| {
            let path = file.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert!(name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()), "{name}");
            let extension = path.extension().unwrap().to_str().unwrap();
            (extension.to_owned(), fs::read_to_string(&path).unwrap())
        });
        files.collect()
    }
}

#[tokio::test]
async fn messages_are_routed_by_type_and_labels() {
    let running = Running::start().await;
    for (facts, line) in [
        (r#""message_type":"text","last_message_of_user":"hello","labels":"""#, "support: Ada writes: hello"),
        (
            r#""message_type":"text","last_message_of_user":"hi","labels":"vip, sales""#,
            "sales: Ada writes: hi",
        ),
        (r#""message_type":"location","labels":"sales, premium-inquiry""#, "priority: Ada sends a location"),
        (r#""message_type":"hologram""#, r#"support: Ada sends Other("hologram")"#),
        (r#""message_type":"image","attachment_url":null"#, "support: Ada sends image, not saved: no link"),
        (r#""message_type":"text","incoming_message":false,"send_by":"Bo""#, "Bo wrote to 4915550100200"),
        (r#""event":"message_status","data":{"message_id":"m1","status":"read"}"#, "message m1 is read"),
        (r#""event":"something_new","data":{}"#, "nothing to do for Other"),
    ] {
        assert_eq!(running.deliver(facts, 2).await, [204, DUP], "{facts}");
        let said = running.program.says("");
        assert!(said.starts_with(line), "{said}");
    }
}

#[tokio::test]
async fn media_is_stored_before_its_message_is_acknowledged() {
    let running = Running::start().await;
    assert_eq!(running.deliver(&running.media("image", "photo.jpg?size=large"), 1).await, [204]);
    assert_eq!(running.kept(), [("jpg".to_owned(), "a photo".to_owned())].into());
    running.program.says("support: Ada sends image, /");
    // A failed download is retried with the delivery.
    assert_eq!(running.deliver(&running.media("image", "failing.png"), 3).await, [503, 204, DUP]);
    assert_eq!(running.kept()["png"], "a photo at last");
}

#[tokio::test]
async fn media_that_cannot_be_stored_is_reported_without_a_retry() {
    let running = Running::start().await;
    let elsewhere = r#""message_type":"image","attachment_url":"http://169.254.169.254/latest/meta-data""#;
    let alike =
        format!(r#""message_type":"image","attachment_url":"{}.example.com/photo.jpg""#, running.origin);
    for (facts, reason) in [
        (running.media("document", "gone.pdf"), "link has expired"),
        (running.media("video", "endless.mp4"), "file is too large"),
        (elsewhere.to_owned(), "link is not from an allowed origin"),
        (alike, "link is not from an allowed origin"),
    ] {
        assert_eq!(running.deliver(&facts, 1).await, [204], "{facts}");
        running.program.says(&format!("not saved: {reason}"));
    }
    // Redirects are not followed, because they may lead to any host.
    assert_eq!(running.deliver(&running.media("image", "redirected.png"), 1).await, [503]);
    assert_eq!(running.kept(), [].into(), "partial files were stored");
}

// Multi-threaded, because `says` blocks a thread while another must serve the voice note.
#[tokio::test(flavor = "multi_thread")]
async fn slow_download_continues_after_the_deadline_and_during_shutdown() {
    let running = Running::start().await;
    let VoiceNote { asked_for, released } = &running.voice_note;
    let message = running.media("audio", "slow.ogg");
    // The first attempt gets a 503 at the deadline, the second because the delivery is in progress.
    assert_eq!(running.deliver(&message, 2).await, [503, 503]);
    asked_for.acquire().await.unwrap().forget();
    released.add_permits(1);
    running.program.says("support: Ada sends audio");
    until("the message is a duplicate", async || running.deliver(&message, 1).await == [DUP]).await;
    assert_eq!(running.kept()["ogg"], "a voice note");

    // After SIGTERM, the program finishes the download before it exits.
    let another = running.media("audio", "slow.ogg?another");
    let ending = async {
        asked_for.acquire().await.unwrap().forget();
        running.program.signal("TERM");
        released.add_permits(1);
    };
    let (answers, ()) = tokio::join!(running.deliver(&another, 1), ending);
    assert_eq!(answers, [204]);
    let (status, said) = running.program.wait();
    assert!(status.success() && said.iter().any(|line| line.contains("sends audio")), "{said:?}");
}
