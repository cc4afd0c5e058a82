//! The outcome of each scenario of "Send test event", sent from the page and as a `curl` command.

use serde_json::{Value, json};

use super::*;

/// The outcomes of each scenario for a provider with signed timestamps and delivery ids.
const SCENARIOS: [(&str, &[(&str, &str)]); 10] = [
    ("valid", &[("accepted", "completed")]),
    ("twice", &[("accepted", "completed"), ("duplicate", "")]),
    ("at_once", &[("accepted", "completed"), ("rejected", "in_progress")]),
    ("changed_body", &[("rejected", "wrong_signature")]),
    ("wrong_secret", &[("rejected", "wrong_signature")]),
    ("stale", &[("rejected", "stale_timestamp")]),
    ("too_large", &[("rejected", "body_too_large")]),
    ("handler_fails", &[("accepted", "failed")]),
    ("handler_slow", &[("accepted", "completed")]),
    ("handler_panics", &[("accepted", "panicked")]),
];

/// Returns the outcomes of the next lines, sorted.
fn outcomes(inspector: &Inspector, count: usize) -> Vec<(String, String)> {
    let mut outcomes: Vec<_> = (0..count)
        .map(|_| {
            let line = inspector.line();
            let how = line["kind"].as_str().or(line["handler"].as_str()).unwrap_or_default();
            (line["outcome"].as_str().unwrap().to_owned(), how.to_owned())
        })
        .collect();
    outcomes.sort();
    outcomes
}

fn expected(outcomes: &[(&str, &str)]) -> Vec<(String, String)> {
    outcomes.iter().map(|(outcome, how)| ((*outcome).to_owned(), (*how).to_owned())).collect()
}

#[test]
fn each_scenario_has_the_same_outcome_from_the_page_and_from_curl() {
    for options in [
        &["--secret", SECRET][..],
        &["--provider", "stripe"],
        &["--provider", "slack", "--body-limit", "500"],
    ] {
        let inspector = Inspector::start(options);
        for (scenario, expects) in SCENARIOS {
            let sent = inspector.post("/page/send", &json!({ "scenario": scenario })).json();
            assert_eq!(sent["from"].as_array().unwrap().len(), expects.len());
            assert_eq!(outcomes(&inspector, expects.len()), expected(expects), "{scenario}, {options:?}");

            let curl = inspector.post("/page/curl", &json!({ "scenario": scenario }));
            assert_eq!(curl.status(), Some(200), "{}", curl.0);
            // curl fails if the handler panics, because there is no response.
            again::shell(curl.body());
            assert_eq!(
                outcomes(&inspector, expects.len()),
                expected(expects),
                "{scenario}, {options:?}: {}",
                curl.body()
            );
        }
    }
}

#[test]
fn test_events_can_be_signed_for_every_provider_with_a_secret() {
    let (_, ids, _) = run(&["--provider", "list"]);
    let (mut cannot, mut wrong) = (Vec::new(), Vec::new());
    let mut signed = 0;
    for id in ids.lines() {
        // These have no secret, so the inspector starts, but it cannot sign for them.
        if ["fireblocks-jwks", "github-secret-scanning"].contains(&id) {
            cannot.push(id);
            continue;
        }
        let secret = if id == "basic-auth" { &["--secret", "user:password"][..] } else { &[] };
        let options = [&["--provider", id], secret].concat();
        let Some(inspector) = Inspector::try_start(&options) else {
            cannot.push(id);
            continue;
        };
        signed += 1;
        for (scenario, expects) in
            [("valid", ("accepted", "completed")), ("wrong_secret", ("rejected", "wrong_signature"))]
        {
            let sent = inspector.post("/page/send", &json!({ "scenario": scenario }));
            if sent.body().contains("provider signs with a private key") {
                cannot.push(id);
                break;
            }
            if sent.status() != Some(200) {
                wrong.push(format!("{id}, {scenario}: {}", sent.body()));
                continue;
            }
            let found = outcomes(&inspector, 1);
            if found != expected(&[expects]) {
                wrong.push(format!("{id}, {scenario}: {found:?}"));
            }
        }
        // The first request, signed again.
        for (how, expects) in [
            ("signed", &[("accepted", "completed"), ("duplicate", "")][..]),
            ("signed_as_new", &[("accepted", "completed")]),
        ] {
            let sent = again::act(&inspector, 1, "send", &json!({ "how": how }));
            if sent.body().contains("no delivery id") || cannot.contains(&id) {
                continue;
            }
            if sent.status() != Some(200) {
                wrong.push(format!("{id}, {how}: {}", sent.body()));
                continue;
            }
            let found = outcomes(&inspector, 1);
            if !expects.iter().any(|expects| found == expected(&[*expects])) {
                wrong.push(format!("{id}, {how}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Some need a private key that cannot be generated, a key id or a second secret; others fetch their keys.
    let keyless = [
        "apple-app-store",
        "apple-app-store-sandbox",
        "plaid",
        "postal-sha1",
        "saleor",
        "tiktok-shop",
        "wechat-pay",
        "wecom",
        "wix",
        "adobe-io",
        "aws-sns",
        "circle",
        "ebay",
        "fireblocks-jwks",
        "github-secret-scanning",
        "paypal",
        "azure-eventgrid-entra",
        "bot-framework",
        "google-chat",
        "google-cloud-tasks",
        "google-pubsub",
    ];
    assert_eq!(
        cannot,
        keyless.into_iter().filter(|id| ids.lines().any(|known| known == *id)).collect::<Vec<_>>()
    );
    assert!(signed >= 150, "{signed}");
}

#[test]
fn the_page_names_scenarios_that_a_provider_does_not_support() {
    let scenario = |about: &Value, id: &str| {
        about["scenarios"].as_array().unwrap().iter().find(|scenario| scenario["id"] == id).unwrap().clone()
    };
    let inspector = Inspector::start(&["--provider", "gitlab-token"]);
    let about = inspector.page("GET", "/page/about", "").json();
    assert_line!(scenario(&about, "stale"), offered: false);
    assert!(
        scenario(&about, "changed_body")["what"]
            .as_str()
            .unwrap()
            .contains("does not cover the added line break"),
        "{about}"
    );

    let inspector = Inspector::start(&["--provider", "line"]);
    let about = inspector.page("GET", "/page/about", "").json();
    assert!(scenario(&about, "twice")["what"].as_str().unwrap().contains("no delivery id"), "{about}");
}

#[test]
fn a_custom_payload_is_signed_unchanged() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let body = "{\"type\": \"it's <b>\",\n  \"n\": 1.50}";
    inspector.post("/page/send", &json!({ "scenario": "valid", "body": body })).json();
    let line = inspector.raw_line();
    assert!(line.contains(r#""payload": {"type":"it's <b>","n":1.50}"#), "{line}");
    let curl = inspector.post("/page/curl", &json!({ "scenario": "valid", "body": body }));
    let output = again::shell(curl.body());
    assert!(output.status.success());
    assert_line!(inspector.line(), outcome: "accepted", event_type: "it's <b>");
    for nonsense in [json!({}), json!({ "scenario": "else" }), json!(3)] {
        assert_eq!(inspector.post("/page/send", &nonsense).status(), Some(422));
    }
}

#[test]
fn test_events_cannot_be_signed_with_a_public_key() {
    let key = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let inspector = Inspector::start(&["--provider", "discord", "--secret", key]);
    let about = inspector.page("GET", "/page/about", "").json();
    assert!(about["cannot_send"].as_str().unwrap().contains("private key"), "{about}");
    for path in ["/page/send", "/page/curl"] {
        assert_eq!(inspector.post(path, &json!({ "scenario": "valid" })).status(), Some(422));
    }
}

/// Returns the id and the contents of each file with samples.
fn sample_files() -> Vec<(String, Value)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/inspector/src/test_event/samples");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        (id, serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    };
    files.map(read).collect()
}

#[test]
fn each_sample_is_accepted_with_its_event_type() {
    let files = sample_files();
    assert!(files.len() >= 25, "{}", files.len());
    for (file, contents) in files {
        assert!(contents["source"].as_str().unwrap().starts_with("https://"), "{file}");
        let samples = contents["samples"].as_array().unwrap();
        assert!((2..=4).contains(&samples.len()), "{file}");
        let provider = match &*file {
            "gitlab" => "gitlab-signing",
            "hubspot" => "hubspot-v3",
            file => file,
        };
        if ["discord", "sendgrid"].contains(&provider) && cfg!(not(feature = "asymmetric")) {
            continue;
        }
        let inspector = Inspector::start(&["--provider", provider]);
        let about = inspector.page("GET", "/page/about", "").json();
        let names: Vec<_> =
            about["samples"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(names.len(), samples.len(), "{file}");
        // Each test event is a new delivery, also if it is the same sample.
        for (name, sample) in names.iter().zip(samples).flat_map(|pair| [pair; 2]) {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("name", name).finish();
            let shown = inspector.page("GET", &format!("/page/sample?{query}"), "").json();
            let body = shown["body"].as_str().unwrap();
            assert!(
                !body.contains("{id}") && !body.contains("{now") && !body.contains("{number"),
                "{file}: {body}"
            );
            let wanted = json!({ "scenario": "valid", "sample": name, "body": body });
            inspector.post("/page/send", &wanted).json();
            let line = inspector.line();
            assert_eq!(line["outcome"], "accepted", "{file}, {name}: {line}");
            // The page's field shows what the handler gets.
            assert_eq!(line["event_type"], shown["event_type"], "{file}, {name}");
            if let Some(event_type) = sample["event_type"].as_str() {
                assert_eq!(line["event_type"], event_type, "{file}, {name}");
            }
        }
    }
}

#[test]
fn the_event_type_is_written_where_the_provider_sends_it() {
    let inspector = Inspector::start(&["--provider", "github"]);
    let about = inspector.page("GET", "/page/about", "").json();
    assert_eq!(about["event_type"], json!({ "place": "the x-github-event header", "in_body": false }));
    let wanted = json!({ "scenario": "valid", "body": "{}", "event_type": "workflow_run" });
    inspector.post("/page/send", &wanted).json();
    assert_line!(inspector.line(), outcome: "accepted", event_type: "workflow_run", payload: {});

    let inspector = Inspector::start(&["--provider", "stripe"]);
    let body = "{ \"type\": \"a\",\n  \"n\": 1.50, \"id\": \"evt_1\" }";
    let typed = |body: &str, event_type: &Value| {
        inspector.post("/page/event-type", &json!({ "body": body, "event_type": event_type }))
    };
    let changed = typed(body, &json!("it's \"b\"")).json();
    assert_eq!(changed["event_type"], "it's \"b\"");
    assert_eq!(
        changed["body"],
        body.replace("\"a\"", r#""it's \"b\"""#),
        "the rest of the body is unchanged"
    );
    assert_eq!(typed(body, &Value::Null).json(), json!({ "body": body, "event_type": "a" }));
    assert_eq!(typed("{}", &json!("b")).json()["event_type"], "b");
    let refused = typed("not JSON", &json!("b"));
    assert_eq!((refused.status(), refused.body()), (Some(422), "body is not JSON\n"));
}

#[test]
fn additional_headers_are_sent_unless_the_signature_or_the_connection_sets_them() {
    let inspector = Inspector::start(&["--provider", "stripe"]);
    let send =
        |headers: Value| inspector.post("/page/send", &json!({ "scenario": "valid", "headers": headers }));
    send(json!([["X-Tenant", "a b"], ["content-type", "application/json; charset=utf-8"]])).json();
    assert_line!(inspector.line(), outcome: "accepted");
    let headers = super::page::details(&inspector, 1)["headers"].to_string();
    assert!(headers.contains(r#"["x-tenant","a b"]"#), "{headers}");
    assert!(headers.contains(r#"["content-type","application/json; charset=utf-8"]"#), "{headers}");
    for (header, reason) in [
        (json!(["Stripe-Signature", "t=1"]), "`stripe-signature` is set by the signature"),
        (json!(["Content-Length", "5"]), "`content-length` is set by the connection"),
        (json!(["host", "a"]), "`host` is set by the connection"),
        (json!(["a b", "c"]), "`a b` is not a header name"),
        (json!(["x-a", "b\r\nx-c: d"]), "value of `x-a` has control characters"),
        (json!(["x-a", "b".repeat(5000)]), "value of `x-a` exceeds 4096 bytes"),
    ] {
        let answer = send(json!([header]));
        assert_eq!((answer.status(), answer.body().trim_end()), (Some(422), reason));
    }
    assert_eq!(send(json!(vec![["x-a", "b"]; 21])).status(), Some(422));

    // The scheme of this provider is written by hand.
    let inspector = Inspector::start(&["--provider", "twilio"]);
    let wanted = json!({ "scenario": "valid", "headers": [["x-twilio-signature", "a"]] });
    let answer = inspector.post("/page/send", &wanted);
    assert_eq!(
        (answer.status(), answer.body()),
        (Some(422), "`x-twilio-signature` is set by the signature\n")
    );
}
