//! The page: its files and its data for each request.

use serde_json::{Value, json};

use super::*;

pub fn start(options: &[&str]) -> Inspector {
    Inspector::start(&[&["--secret", SECRET], options].concat())
}

/// Fetches the page's data for a request.
pub fn details(inspector: &Inspector, number: u64) -> Value {
    inspector.page("GET", &format!("/page/requests/{number}"), "").json()
}

/// Returns the state of a step and its text.
pub fn step(details: &Value, name: &str) -> (String, String) {
    let steps = details["steps"].as_array().unwrap();
    let step =
        steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no {name}: {details}"));
    (
        step["state"].as_str().unwrap().to_owned(),
        format!("{} {} {}", step["text"], step["notes"], step["more"]),
    )
}

#[track_caller]
fn assert_step(details: &Value, name: &str, state: &str, says: &str) {
    let found = step(details, name);
    assert!(found.0 == state && found.1.contains(says), "{name}, {state}, {says:?}: {found:?}");
}

#[test]
fn all_files_exist_and_have_a_strict_policy() {
    let inspector = start(&[]);
    let mut names = vec!["/".to_owned()];
    let mut next = 0;
    while let Some(name) = names.get(next).cloned() {
        let file = get(inspector.address(), &name);
        assert_eq!(file.status(), Some(200), "{name}");
        let policy = file.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("require-trusted-types-for 'script'"), "{policy}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        let text = file.body();
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "style=\"",
            "onclick=\"",
        ] {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
        // No file loads resources from another host. Linked files are checked as well.
        for word in text.split(['"', '\'']).filter(|word| !word.contains("//www.w3.org/")) {
            assert!(!word.starts_with("http") || word == "https://", "{name}: {word}");
            let linked = match word.strip_prefix("./") {
                Some(module) => format!("/page/{module}"),
                None => word.to_owned(),
            };
            let is_file = linked.starts_with("/page/") && linked.contains('.');
            if is_file && !names.contains(&linked) {
                names.push(linked);
            }
        }
        next += 1;
    }
    assert!(names.len() >= 9, "{names:?}");
    assert_eq!(get(inspector.address(), "/page/else.js").status(), Some(404));
}

#[test]
fn events_are_streamed_and_a_reconnecting_client_gets_new_ones() {
    let inspector = start(&[]);
    let events = |last: Option<&str>| {
        let mut request = Request::page(inspector.address(), "GET", "/page/events", "");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let mut stream = request.begin(inspector.address());
        assert!(stream.read_until("\r\n\r\n").contains("content-type: text/event-stream"));
        let run = stream.read_until("\n\n").rsplit_once("data: ").unwrap().1.trim().to_owned();
        (stream, run)
    };
    fn next(stream: &mut Connection) -> (String, Value) {
        let event = stream.read_until("}\n\n");
        let id = event.split_once("id: ").unwrap().1.lines().next().unwrap().to_owned();
        (id, serde_json::from_str(event.split_once("data: ").unwrap().1.trim()).unwrap())
    }

    let (mut stream, run) = events(None);
    inspector.receive(&Request::delivery("first", "{}"), 200);
    let (_, running) = next(&mut stream);
    assert_line!(running, outcome: "running", number: 1, id: "first", ms: null);
    let (seen, ended) = next(&mut stream);
    assert!(seen.starts_with(&run), "{seen} of {run}");
    assert_line!(ended, outcome: "accepted", handler: "completed", status: 200, number: 1, verified: true);
    inspector.receive(&Request::unsigned("{}"), 401);
    let (_, refused) = next(&mut stream);
    assert_line!(
        refused,
        outcome: "rejected", kind: "missing_signature", number: 2, verified: false, id: null,
        reason: "`webhook-signature` header is missing"
    );

    assert_line!(next(&mut events(Some(&seen)).0).1, number: 2);
    // An event id of another inspector and an invalid event id are ignored.
    for other in ["another-2", "", "\u{e9}", &format!("{run}-x")] {
        assert_line!(next(&mut events(Some(other)).0).1, number: 1);
    }
}

#[test]
fn the_page_shows_each_step_and_the_cause_of_a_failure() {
    let second = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    let inspector = start(&["--secret", second, "--tolerance", "60", "--body-limit", "1000"]);
    let send = |request: Request, status| drop(inspector.receive(&request, status));
    let body = r#"{"type": "order",  "n": 1.50, "deep": [[], {}, {"a": null}]}"#;
    send(Request::signed_by(second, "1", now() - 5, body), 200);
    let accepted = details(&inspector, 1);
    assert_eq!(accepted["headline"], "Verified and handled");
    assert_step(&accepted, "Head", "passed", " s earlier (allowed: 60 s).");
    assert_step(&accepted, "Body", "passed", "within the limit of 1,000 bytes");
    assert_step(&accepted, "Signature", "passed", "secret 2 of 2 matches");
    assert_step(
        &accepted,
        "Signature",
        "passed",
        "`{header:webhook-id}.{ts}.{body}` with hmac-sha256, in the webhook-signature header",
    );
    assert_step(&accepted, "Claim", "passed", "\"Key\",\"`standard-webhooks-");
    assert_step(&accepted, "Claim", "passed", "Fencing token");
    assert_step(&accepted, "Handler", "passed", "Answered 200");
    assert_step(&accepted, "Handler", "passed", "Took ");
    assert_step(&accepted, "Settle", "passed", "Completed: for 8 days");
    assert_step(&accepted, "Settle", "passed", "The store took ");
    let pretty = "{\n  \"type\": \"order\",\n  \"n\": 1.50,\n  \"deep\": [\n    [],\n    {},\n    {\n      \"a\": null\n    }\n  ]\n}";
    assert_eq!(
        accepted["payload"],
        json!({"text": pretty, "form": "json", "bytes": body.len(), "truncated": false, "masked": false, "verified": true})
    );
    assert_eq!(accepted["hints"], json!([]));

    send(Request::signed_by(second, "1", now(), body), 200);
    let duplicate = details(&inspector, 2);
    assert_step(&duplicate, "Claim", "ended", "Completed before");
    assert_step(&duplicate, "Claim", "ended", accepted["key"].as_str().unwrap());
    assert_step(&duplicate, "Handler", "skipped", "Not reached");

    send(Request::signed_by(SECRET, "stale", now() - 3600, "{}"), 401);
    let stale = details(&inspector, 3);
    assert_step(&stale, "Head", "failed", "1 h old, which exceeds the tolerance of 60 s");
    assert_step(&stale, "Head", "failed", "no byte of the body was read");
    assert_eq!(stale["payload"]["form"], "none");
    assert!(stale["hints"][0]["cause"].as_str().unwrap().contains("sent again"), "{stale}");

    send(Request::unsigned("{}").header("webhook-id", "x"), 401);
    assert_step(&details(&inspector, 4), "Head", "failed", "`webhook-signature` header is missing");
    send(Request::delivery("large", " ".repeat(1001)), 413);
    assert_step(
        &details(&inspector, 5),
        "Body",
        "failed",
        "The declared length, 1,001 bytes, exceeds the limit of 1,000 bytes",
    );
    send(Request::delivery("wrong", "{}").header("x-more", "1").clone(), 200);

    let forged = Request::signed_by("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "forged", now(), body);
    send(forged, 401);
    let forged = details(&inspector, 7);
    assert_step(&forged, "Head", "passed", "");
    assert_step(&forged, "Signature", "failed", "Signature mismatch: no secret matches");
    assert_eq!((&forged["payload"]["verified"], &forged["payload"]["text"]), (&json!(false), &json!(pretty)));
    let causes = forged["hints"].to_string();
    assert!(causes.contains("raw bytes"), "{causes}");
    assert_eq!(forged["hints"][0]["cause"], "The wrong secret");

    let failing = Request::delivery("failing", "{}");
    send(failing.query("status=500"), 500);
    let failed = details(&inspector, 8);
    assert_step(&failed, "Handler", "failed", "Failed: answered 500");
    assert_step(&failed, "Settle", "passed", "Released");

    send(Request::signed_by(SECRET, "ahead", now() + 3600, "{}"), 401);
    let ahead = details(&inspector, 9);
    assert_step(&ahead, "Head", "failed", " ahead, which exceeds the tolerance of 60 s");
    let causes: Vec<_> = ahead["hints"].as_array().unwrap().iter().map(|hint| &hint["cause"]).collect();
    assert_eq!(causes, ["A time zone", "A clock that is wrong"]);
}

#[test]
fn the_page_hides_secrets_and_credentials() {
    let token = "a-token-of-some-length-0123456789";
    let inspector = Inspector::start(&["--provider", "gitlab-token", "--secret", token]);
    let request = Request::unsigned(format!(r#"{{"it is": "{token}"}}"#))
        .header("x-gitlab-token", token)
        .header("authorization", "Bearer abcdefghijklmnop")
        .header("cookie", "session=abcdefghijklmnop")
        .header("x-forwarded-secret", "abcdefghijklmnop")
        .header("x-copy", token)
        .query(&format!("api_token=abcdefghijklmnop&copy={token}"));
    inspector.receive(&request, 200);
    let shown = details(&inspector, 1).to_string();
    assert!(!shown.contains(token) && !shown.contains("abcdefghijklmnop"), "{shown}");
    assert!(shown.contains("••masked••"), "{shown}");
    assert_eq!(details(&inspector, 1)["payload"]["masked"], true);

    // A form and a query encode `+`, `/` and `=`.
    let inspector =
        Inspector::start(&["--secret", "whsec_Ab+/Cd+/Ef+/Gh+/Ij+/Kl+/MQ==", "--provider", "svix"]);
    let encoded = "whsec_Ab%2B%2FCd%2B%2FEf%2B%2FGh%2B%2FIj%2B%2FKl%2B%2FMQ%3D%3D";
    let request = Request::unsigned(format!("note={encoded}"))
        .query(&format!("note={encoded}&p=%7B%22token%22%3A%22s3cret%22%7D"));
    inspector.receive(&request, 401);
    let shown = details(&inspector, 1).to_string();
    assert!(!shown.contains("Cd%2B") && !shown.contains("s3cret"), "{shown}");

    // A short secret is part of ordinary words. Masking it there would show which one it is.
    let inspector = Inspector::start(&["--provider", "gitlab-token", "--secret", "g"]);
    let request = Request::unsigned(r#"{"ping": "g", "g": "pong"}"#)
        .header("x-gitlab-token", "g")
        .header("x-copy", "g")
        .query("ping=g");
    inspector.receive(&request, 200);
    let shown = details(&inspector, 1);
    assert_eq!(shown["payload"]["text"], "{\n  \"ping\": \"••masked••\",\n  \"••masked••\": \"pong\"\n}");
    let headers = shown["headers"].to_string();
    assert!(!headers.contains("\"g\""), "{headers}");
    assert_eq!(shown["request"]["target"], "/webhook?ping=••masked••");

    let inspector = start(&[]);
    inspector.receive(&Request::delivery("id", "{}"), 200);
    let headers = details(&inspector, 1)["headers"].clone();
    let signature =
        headers.as_array().unwrap().iter().find(|header| header[0] == "webhook-signature").unwrap();
    let shown = signature[1].as_str().unwrap();
    assert!(shown.starts_with("v1,") && shown.contains("… (47 characters)") && shown.len() < 45, "{shown}");
}

#[test]
fn the_page_masks_values_whose_keys_say_that_they_are_secret() {
    let inspector = start(&[]);
    let shown = |number: u64, request: Request| {
        inspector.receive(&request, 200);
        details(&inspector, number)
    };
    let body = r#"{"client_secret": "pi_s3cret", "apiKey": "sk_live_s3cret", "a": [{"Access-Token": "a\"s3cret"}],
        "pass\u0077ord": "s3cret", "tokens": 3, "token": null, "secret": "", "token_type": "bearer", "b": "token", "n": 1.50}"#;
    let json = shown(1, Request::delivery("json", body).query("api_key=s3cret&api%5Fkey=s3cret&page=2"));
    assert!(!json.to_string().contains("s3cret"), "{json}");
    let text = json["payload"]["text"].as_str().unwrap();
    assert!(text.contains("\"client_secret\": \"••masked••\""), "{text}");
    assert!(text.contains("\"tokens\": \"••masked••\",\n  \"token\": null,\n  \"secret\": \"\""), "{text}");
    assert!(text.contains("\"token_type\": \"bearer\",\n  \"b\": \"token\",\n  \"n\": 1.50"), "{text}");
    assert_eq!(json["payload"]["masked"], true);
    let target = json["request"]["target"].as_str().unwrap();
    assert!(target.contains("api_key=••masked••") && target.ends_with("&page=2"), "{target}");

    let form = shown(2, Request::delivery("form", "user=a&password=s3cret&api%5Fkey=s3cret&note="));
    assert_eq!(form["payload"]["text"], "user=a&password=••masked••&api%5Fkey=••masked••&note=");
    // A truncated payload, whose last string has no end.
    let long = format!(r#"{{"password": "s3cret", "long": "{}", "token": "s3cret"#, "x".repeat(65_440));
    let long = shown(3, Request::delivery("long", format!("{long}{}\"}}", "s3cret".repeat(100))));
    assert_eq!(long["payload"]["truncated"], true);
    assert!(!long.to_string().contains("s3cret"), "{}", long["payload"]["text"].as_str().unwrap().len());
}

#[test]
fn the_page_masks_values_of_json_in_forms() {
    let inspector = start(&[]);
    let mut number = 0;
    let mut payload = |body: &str| {
        number += 1;
        let sent = Request::delivery(&number.to_string(), body).send(inspector.address());
        assert_eq!(sent.status(), Some(200));
        inspector.line();
        details(&inspector, number)["payload"].clone()
    };
    for (body, shown) in [
        // Slack's interactive messages and GitHub's form content type.
        (
            "payload=%7B%22token%22%3A%22s3cret%22%2C%22type%22%3A%22block_actions%22%7D",
            "payload=%7B%22token%22%3A%22••masked••%22%2C%22type%22%3A%22block_actions%22%7D",
        ),
        // Another field, with spaces, a number, an escaped quote and an escaped key.
        (
            "a=%22&b+c=%5b%7b%22tokens%22+%3a+17%2c%22n%22%3a1.50%7d%2C+%7B%22pass%5Cu0077ord%22%3A%22a%5C%22s3cret%22%7D%5D&d",
            "a=%22&b+c=%5b%7b%22tokens%22+%3a+%22••masked••%22%2c%22n%22%3a1.50%7d%2C+%7B%22pass%5Cu0077ord%22%3A%22••masked••%22%7D%5D&d",
        ),
        // Bytes that are not UTF-8, characters that are not encoded, and an incomplete escape.
        (
            "p={%22%FF%C3%A9%22:%22é€%+1%22,%22é_api-key%22:%22é%FFs3cret%%22}&note=%2",
            "p={%22%FF%C3%A9%22:%22é€%+1%22,%22é_api-key%22:%22••masked••%22}&note=%2",
        ),
        ("payload=%7B%22secret%22:%22s3cret%22%7D\n", "payload=%7B%22secret%22:%22••masked••%22%7D\n"),
        // JSON that is not encoded.
        (r#"p={"url":"/?a=b&c","token":"s3cret"}"#, r#"p={"url":"/?a=b&c","token":"••masked••"}"#),
    ] {
        let payload = payload(body);
        assert_eq!(payload["text"], shown);
        assert_eq!(payload["masked"], true, "{body}");
    }
    let usual = "payload=%7B%22token_type%22%3A%22token%22%2C%22token%22%3Anull%7D&note=%22token%22";
    let shown = payload(usual);
    assert_eq!((&shown["text"], &shown["masked"]), (&json!(usual), &json!(false)));
    // A truncated payload, whose last string has no end.
    let start = format!("payload=%7B%22long%22%3A%22{}%22%2C%22token%22%3A%22", "x".repeat(65_400));
    let long = payload(&format!("{start}{}%22%7D", "s3cret".repeat(100)));
    assert_eq!(long["truncated"], true);
    let end = long["text"].as_str().unwrap().strip_prefix(&start[..start.len() - 3]);
    assert_eq!(end, Some("%22••masked••%22"));
}

#[test]
fn the_history_can_be_cleared() {
    let inspector = start(&[]);
    let ask = |method: &'static str, path: &str| inspector.page(method, path, "");
    let mut stream = Request::page(inspector.address(), "GET", "/page/events", "").begin(inspector.address());
    for id in ["first", "second"] {
        inspector.receive(&Request::delivery(id, "{}"), 200);
    }
    stream.read_until("\"id\":\"second\"");
    assert_eq!(ask("DELETE", "/page/requests").status(), Some(204));
    // Open pages clear their lists.
    stream.read_until("event: cleared\ndata:\n\n");
    let gone = ask("GET", "/page/requests/1");
    assert_eq!(gone.status(), Some(404));
    assert!(gone.body().contains("#1 is no longer in the history"), "{}", gone.body());
    let unknown = ask("GET", "/page/requests/3");
    assert_eq!(unknown.status(), Some(404));
    assert!(unknown.body().contains("No delivery has the number 3"), "{}", unknown.body());

    // The store still has the deliveries, and numbers are not used again.
    assert_line!(inspector.receive(&Request::delivery("first", "{}"), 200), outcome: "duplicate");
    assert_line!(details(&inspector, 3), outcome: "duplicate");
    // A new page has nothing to clear.
    let mut stream = Request::page(inspector.address(), "GET", "/page/events", "").begin(inspector.address());
    assert!(!stream.read_until("\"number\":3").contains("cleared"));
}

#[test]
fn requests_that_are_not_verified_do_not_displace_deliveries() {
    let inspector = start(&[]);
    inspector.receive(&Request::delivery("first", "{}"), 200);
    for _ in 0..600 {
        inspector.receive(&Request::unsigned("{}"), 401);
    }
    assert_line!(details(&inspector, 1), id: "first");
    assert_eq!(inspector.page("GET", "/page/requests/2", "").status(), Some(404));
}

#[test]
fn stored_requests_are_bounded_even_for_a_slow_reader() {
    let inspector = start(&[]);
    let mut idle = Request::page(inspector.address(), "GET", "/page/events", "").begin(inspector.address());
    let body = format!("{{\"long\": \"{}\"}}", "x".repeat(100_000));
    for number in 1..=505 {
        let request = if number == 505 { Request::delivery("last", &body) } else { Request::unsigned("") };
        request.send(inspector.address());
        inspector.line();
    }
    assert_eq!(inspector.page("GET", "/page/requests/5", "").status(), Some(404));
    assert_line!(details(&inspector, 6), number: 6);
    let last = details(&inspector, 505);
    assert_eq!(
        (&last["payload"]["bytes"], &last["payload"]["truncated"]),
        (&json!(body.len()), &json!(true))
    );
    assert_eq!(last["payload"]["text"].as_str().unwrap().len(), 64 * 1024);
    for number in 506..=800 {
        let request = Request::delivery(&number.to_string(), &body);
        inspector.receive(&request, 200);
    }
    assert_eq!(inspector.page("GET", "/page/requests/506", "").status(), Some(404));
    assert_line!(details(&inspector, 800), number: 800);
    // A slow reader still gets the stored events, including the last one.
    assert!(idle.read_until("\"number\":800").contains("\"number\":799"));
}

#[test]
fn requests_to_a_wrong_path_are_shown_but_not_printed() {
    let inspector = start(&[]);
    let send = |method: &'static str, path: &str| {
        let request = Request::page(inspector.address(), method, path, "{}");
        let answer = request.send(inspector.address());
        assert_eq!(answer.body(), "The endpoint is /webhook.\n", "{path}");
        answer.status()
    };
    for path in ["/webhooks", "/webhook/", "/stripe/webhook?api_token=s3cret&a=%3Cb%3E"] {
        assert_eq!(send("POST", path), Some(404));
    }
    assert_eq!(send("POST", "/"), Some(405));
    assert_eq!(send("GET", "/hooks?hub.challenge=1"), Some(404));
    // Requests of browsers and tools that no provider sends.
    assert_eq!(send("GET", "/favicon.ico"), Some(404));
    assert_eq!(send("OPTIONS", "/hooks"), Some(404));
    let browser =
        Request::page(inspector.address(), "GET", "/else?a=1", "").header("sec-fetch-mode", "navigate");
    assert_eq!(browser.send(inspector.address()).status(), Some(404));

    let shown = details(&inspector, 3);
    assert_line!(shown.clone(), outcome: "wrong_path", status: 404, kind: null, verified: false);
    let cause = shown["hints"][0]["cause"].as_str().unwrap();
    assert_eq!(cause, "Found: The endpoint is `/webhook`; this request came to `/stripe/webhook`.");
    assert!(!shown.to_string().contains("s3cret"), "{shown}");
    assert_line!(details(&inspector, 4), outcome: "wrong_path", status: 405);
    assert_line!(details(&inspector, 5), outcome: "wrong_path", number: 5);
    assert_eq!(inspector.page("GET", "/page/requests/6", "").status(), Some(404));
    assert_eq!(inspector.page("POST", "/page/export", "{}").body(), "");
    // Nothing was printed for these requests: dropping the inspector would panic.
}

#[test]
fn unusual_deliveries_have_remarks() {
    let inspector = start(&[]);
    let mut number = 0;
    let mut remarks = |request: Request| {
        inspector.receive(&request, 200);
        number += 1;
        details(&inspector, number)["remarks"].clone()
    };
    assert_eq!(remarks(Request::delivery("usual", "{}")), json!([]));
    // Other bytes and the same bytes.
    assert_eq!(
        remarks(Request::delivery("usual", "{ }")),
        json!(["The body differs from that of #1, the first delivery with this key. It was not passed on."])
    );
    assert_eq!(remarks(Request::delivery("usual", "{}")), json!([]));
    let form = remarks(Request::delivery("form", "payload=%7B%7D"));
    assert!(form[0].as_str().unwrap().contains("`application/json`"), "{form}");
    let encoded = remarks(Request::delivery("encoded", "{}").header("content-encoding", "br"));
    assert!(encoded[0].as_str().unwrap().starts_with("The `content-encoding` is `br`"), "{encoded}");
    let marked = remarks(Request::delivery("marked", "\u{feff}{}"));
    assert!(marked[0].as_str().unwrap().contains("byte order mark"), "{marked}");
    let put = remarks(Request::delivery("put", "{}").method("PUT"));
    assert_eq!(put, json!(["The method is `PUT`. Deliveries are usually sent with `POST`."]));
}
