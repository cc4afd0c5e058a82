//! The command line, and the output at startup.

use std::process::Command;

use super::*;

#[test]
fn the_curl_command_is_accepted_once_and_rejected_with_another_body() {
    let installed = Command::new("curl").arg("--version").output().is_ok();
    assert!(installed, "this test needs curl to run the command that the inspector prints");

    let own_secrets = [None, Some("it's \"my own\" secret")];
    let standard = [("standard-webhooks", None), ("standard-webhooks", Some(SECRET))];
    let others = ["github", "notifyer"].map(|provider| own_secrets.map(|secret| (provider, secret)));
    for (provider, secret) in standard.into_iter().chain(others.into_iter().flatten()) {
        let mut options = vec!["--provider", provider];
        options.extend(secret.iter().flat_map(|secret| ["--secret", secret]));
        let inspector = Inspector::start(&options);
        let invitation = inspector.invitation();
        let demo_secret = invitation.iter().find_map(|line| line.strip_prefix("demo secret: "));
        assert_eq!(demo_secret.is_none(), secret.is_some(), "{invitation:?}");
        if let Some(secret) = secret {
            assert!(!invitation.concat().contains(secret), "{invitation:?}");
        }

        let curl = invitation.last().unwrap();
        assert_eq!(paste(curl).status(), Some(200));
        let line = inspector.line();
        assert!(line["id"].is_string() && line["event_type"].is_string(), "{line}");
        assert_line!(line, outcome: "accepted", handler: "completed", provider: provider);
        let again = paste(curl);
        assert_eq!((again.status(), again.header("x-webhook-duplicate")), (Some(200), Some("true")));
        assert_line!(inspector.line(), outcome: "duplicate", provider: provider);
        let changed = curl.replace("--data-binary '{", "--data-binary '[");
        assert_ne!(&changed, curl);
        assert_eq!(paste(&changed).status(), Some(401));
        assert_line!(inspector.line(), outcome: "rejected", kind: "wrong_signature", provider: provider);
    }
}

/// Runs `command` in a shell and returns the response that it prints.
fn paste(command: &str) -> Answer {
    let output = again::shell(command);
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    Answer(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn each_start_has_a_new_valid_demo_secret() {
    let secrets = [(), ()].map(|()| {
        let inspector = Inspector::start(&[]);
        let log = inspector.invitation();
        let secret = log.iter().find_map(|line| line.strip_prefix("demo secret: ")).unwrap().to_owned();
        inspector.receive(&Request::signed_by(&secret, "id", now(), "{}"), 200);
        secret
    });
    assert_ne!(secrets[0], secrets[1]);
}

/// The providers with bearer tokens.
const BEARER: [&str; 5] =
    ["azure-eventgrid-entra", "bot-framework", "google-chat", "google-cloud-tasks", "google-pubsub"];

#[test]
fn providers_with_bearer_tokens_take_an_audience_and_a_sender() {
    let all = ["--audience=a", "--sender=s", "--tenant=t"];
    let accepted: [(&str, &[&[usize]]); 5] = [
        ("azure-eventgrid-entra", &[&[0, 2], &[0, 1, 2]]),
        ("bot-framework", &[&[0]]),
        ("google-chat", &[&[0], &[0, 1]]),
        ("google-cloud-tasks", &[&[0, 1]]),
        ("google-pubsub", &[&[0, 1]]),
    ];
    for (id, accepted) in accepted {
        assert!(BEARER.contains(&id));
        for choice in 0..8_u8 {
            let chosen: Vec<usize> = (0..3).filter(|bit| choice & (1 << bit) != 0).collect();
            let options: Vec<_> = chosen.iter().map(|index| all[*index]).collect();
            let inspector = Inspector::try_start(&[&["--provider", id], &*options].concat());
            assert_eq!(inspector.is_some(), accepted.contains(&&*chosen), "{id} {options:?}");
            let Some(inspector) = inspector else { continue };
            let line = inspector.receive(&Request::unsigned("{}"), 401);
            assert_line!(line, outcome: "rejected", kind: "missing_signature", provider: id);
        }
    }
}

#[test]
fn lists_providers_and_options() {
    for list in [&["--provider", "list"][..], &["--provider=list"], &["--log-start", "--provider", "list"]] {
        let (code, printed, _) = run(list);
        assert_eq!(code, Some(0));
        let ids: Vec<&str> = printed.lines().collect();
        let all = tower_webhook::provider::all().filter(|provider| !provider.fetches_keys());
        let all = all.map(|provider| provider.id);
        let fetched =
            ["adobe-io", "aws-sns", "circle", "ebay", "fireblocks-jwks", "github-secret-scanning", "paypal"];
        let fetched = fetched.into_iter().chain(BEARER);
        assert_eq!(ids, all.chain(fetched).collect::<Vec<_>>());
        assert!(["standard-webhooks", "github", "notifyer", "stripe"].iter().all(|id| ids.contains(id)));
    }
    let (code, help, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for option in ["--listen", "--secret", "--log-start", "--body-limit <BYTES>"] {
        assert!(help.contains(option), "{help}");
    }
}

#[test]
fn refuses_invalid_options() {
    let bad: &[&[&str]] = &[
        &["--nonsense"],
        &["argument"],
        &["--provider", "nobody"],
        &["--provider"],
        &["--listen", "nowhere"],
        &["--listen", "127.0.0.1:99999"],
        &["--secret", ""],
        &["--secret", "  "],
        &["--secret", "secret "],
        &["--secret", "whsec_not base64!"],
        &["--secret", "whsec_"],
        &["--secret", SECRET, "--secret", "whsec_not base64!"],
        &["--key-id", "a"],
        &["--key-id", "a", "--key-id", "b", "--secret", SECRET],
        &["--store", "redis://127.0.0.1"],
        &["--store", "disk"],
        &["--window", "-1"],
        &["--lease", "nan"],
        &["--tolerance", "inf"],
        &["--handler-timeout", "1e30"],
        &["--body-timeout", "soon"],
        &["--body-timeout", ""],
        &["--body-limit", "-1"],
        &["--body-limit", "1.5"],
        &["--body-limit", "99999999999999999999999"],
        &["--now", "yesterday"],
        &["--now", "1e30"],
        &["--now", "1.8e19"],
        &["--replay-guard=1"],
        &["--log-start=yes"],
        &["--provider", "list", "--lease", "x"],
        &["--provider", "ebay"],
        &["--provider", "paypal"],
        &["--provider", "aws-sns"],
        &["--provider", "aws-sns", "--topic", "arn:aws:sns:us-east-1:1:t", "--secret", SECRET],
        &["--provider", "ebay", "--topic", "arn:aws:sns:us-east-1:1:t"],
        &["--topic", "arn:aws:sns:us-east-1:1:t"],
        &["--audience", "https://example.com"],
        &["--provider", "ebay", "--audience", "https://example.com"],
        &["--provider", "circle", "--secret", "no key"],
        &["--provider", "adobe-io"],
        &["--provider", "fireblocks-jwks", "--secret", SECRET],
        &["--provider", "github-secret-scanning", "--secret", SECRET],
        &["--provider", "github-secret-scanning", "--topic", "arn:aws:sns:us-east-1:1:t"],
        &["--scheme", "{}"],
        &["--store", "redis"],
        &["--store", "postgres://user:not base64!@localhost"],
        &["--store", "memory:?capasity=10"],
        &["--store", "memory:?capacity=many"],
        &["--store", "redis://127.0.0.1:1?prefx=a"],
        &["--store", "redis://not a host/"],
        &["--detached=1"],
        &["--ack-deadline", "soon"],
    ];
    for options in bad {
        let log = refuse(options);
        assert!(!log.contains("not base64!"), "the secret was shown: {log}");
    }
}

#[test]
fn errors_name_the_provider() {
    for (typed, meant) in [("strype", "stripe"), ("GitHub", "github"), ("whatsap", "whatsapp")] {
        let log = refuse(&["--provider", typed]);
        assert!(log.contains(&format!("did you mean `{meant}`?")), "{log}");
    }
    let log = refuse(&["--provider", "no-such-provider-at-all"]);
    assert!(!log.contains("did you mean") && log.contains("--provider list"), "{log}");
    let log = refuse(&["--secret", "hello"]);
    assert!(log.contains("`standard-webhooks`: signing secret 0") && !log.contains("hello"), "{log}");
}

#[test]
fn prints_completions_and_the_man_page() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, log) = run(&["--completions", shell]);
        assert_eq!((code, &*log), (Some(0), ""));
        assert!(
            ["webhook-inspector", "handler-timeout"].iter().all(|text| script.contains(text)),
            "{script}"
        );
        // clap does not complete values in the other shells.
        let completes_values = ["bash", "fish", "zsh"].contains(&shell);
        assert_eq!(script.contains("github-sha1"), completes_values, "{script}");
    }
    let (code, page, _) = run(&["--man"]);
    assert_eq!(code, Some(0));
    assert!(page.contains(".TH webhook-inspector") && page.contains(r"\-\-handler\-timeout"), "{page}");
}

#[test]
fn secrets_may_begin_with_a_hyphen_and_the_last_of_repeated_options_counts() {
    let options = ["--provider=stripe", "--provider", "github", "--detached", "--detached", "--secret", "-s"];
    let inspector = Inspector::start(&options);
    let line = inspector.receive(&Request::github("-s", "id", "{}"), 200);
    assert_line!(line, outcome: "accepted", provider: "github");
}

#[test]
fn an_address_in_use_is_refused() {
    let inspector = Inspector::start(&[]);
    refuse(&["--listen", &inspector.address().to_string()]);
}

#[test]
fn the_store_can_be_a_url() {
    let inspector = Inspector::start(&["--secret", SECRET, "--store", "memory:?capacity=10"]);
    for outcome in ["accepted", "duplicate"] {
        assert_line!(inspector.receive(&Request::delivery("msg_1", "{}"), 200), outcome: outcome);
    }
}

#[test]
fn options_accept_both_forms_and_fractions() {
    let secret = format!("--secret={SECRET}");
    let inspector = Inspector::start(&[
        "--provider=standard-webhooks",
        "--key-id=first",
        &secret,
        "--store=memory",
        "--window=3600.5",
        "--lease",
        "0.25",
        "--tolerance=1e3",
        "--handler-timeout=1.5",
        "--body-timeout",
        "2.5",
        "--body-limit=1000",
    ]);
    let request = Request::signed_by(SECRET, "old", now() - 900, "{}");
    assert_line!(inspector.receive(&request, 200), outcome: "accepted");
}

#[test]
fn a_custom_scheme_verifies() {
    let scheme = r#"{"alg": "hmac-sha256", "sig": {"from": "x-hub-signature-256", "enc": "hex", "prefix": "sha256="}, "id": "header:x-github-delivery"}"#;
    let inspector = Inspector::start(&["--scheme", scheme, "--secret", "s"]);
    let line = inspector.receive(&Request::github("s", "id-1", "{}"), 200);
    assert_line!(line, outcome: "accepted", provider: "scheme", id: "id-1", event_type: null);
    let line = inspector.receive(&Request::github("other", "id-2", "{}"), 401);
    assert_line!(line, outcome: "rejected", kind: "wrong_signature");
}

#[test]
fn ebays_handshake_is_answered_and_keys_are_selected_by_id() {
    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZhhxXKtR+TOvtDbgTPCkSof02qgBB7IsYOyf76ilExJ/upAa/vKIKheOoCyOpcLmi4t0b4uepb7LLjmMr90FUg==";
    let inspector = Inspector::start(&[
        "--provider=ebay",
        "--verify-token=71745723-d031-455c-bfa5-f90d11b4f20a",
        "--public-url=http://www.testendpoint.com/webhook",
        "--key-id=00000000-0000-4000-8000-000000000000",
        "--secret",
        KEY,
    ]);
    let query = "challenge_code=71745723-d031-455c-bfa5-f90d11b4f20a";
    let answer = Request::unsigned("").method("GET").query(query).send(inspector.address());
    let hash = "048de9ffd0e35021fefc0388d5c52e0f475324f582f3778ca81a53354ccbbc97";
    assert_eq!(
        (answer.status(), answer.body()),
        (Some(200), &*format!(r#"{{"challengeResponse":"{hash}"}}"#))
    );
    assert_line!(inspector.line(), outcome: "handshake", status: 200, provider: "ebay");
    // This request names the id of a key that the inspector does not have.
    let known: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../key_sources/ebay.json")).unwrap();
    let signature = known[0]["headers"]["x-ebay-signature"].as_str().unwrap();
    let body = known[0]["body_utf8"].as_str().unwrap();
    let request = Request::unsigned(body).header("x-ebay-signature", signature);
    assert_line!(inspector.receive(&request, 503), outcome: "rejected", kind: "verifier_unavailable");
}

#[test]
fn metas_handshake_needs_the_verify_token() {
    let inspector = Inspector::start(&["--provider", "whatsapp", "--secret", "s", "--verify-token", "t"]);
    let ask = |token: &str| {
        let query = format!("hub.mode=subscribe&hub.challenge=42&hub.verify_token={token}");
        Request::unsigned("").method("GET").query(&query).send(inspector.address())
    };
    let answer = ask("t");
    assert_eq!((answer.status(), answer.body()), (Some(200), "42"));
    assert_line!(inspector.line(), outcome: "handshake", status: 200, provider: "meta");
    assert_eq!(ask("x").status(), Some(401));
    assert_line!(inspector.line(), outcome: "rejected", kind: "missing_signature");
}
