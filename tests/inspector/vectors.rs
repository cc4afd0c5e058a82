//! The test vectors, sent to the inspector over a socket.

use std::{net::SocketAddr, sync::Mutex, thread};

use serde_json::{Value, json};

use crate::{Connection, Inspector, answers::answers, run};

#[test]
fn every_vector_has_the_expected_outcome() {
    let vectors = vectors();
    assert!(vectors.len() >= 1384, "only {} vectors", vectors.len());
    let vectors = Mutex::new(vectors.into_iter());
    let wrong = Mutex::new(Vec::new());
    let check_all = || {
        loop {
            // A separate statement, so that the lock is not held while the vector is sent.
            let Some(vector) = vectors.lock().unwrap().next() else { break };
            let found = outcome_of(&vector);
            if !is_right(&vector, &found) {
                wrong
                    .lock()
                    .unwrap()
                    .push(format!("{}: expected {}, found {found}", vector["id"], vector["expect"]));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(check_all);
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn vectors() -> Vec<Value> {
    let fetched = [include_str!("../key_sources/circle.json"), include_str!("../key_sources/ebay.json")];
    let fetched = fetched.into_iter().flat_map(|text| serde_json::from_str::<Vec<Value>>(text).unwrap());
    answers().into_iter().chain(fetched).collect()
}

/// Returns the inspector's result for a vector: an outcome such as `accepted`, the kind of the rejection, or `bad
/// secret`.
fn outcome_of(vector: &Value) -> String {
    let text = |key: &str| vector[key].as_str().unwrap().to_owned();
    let mut options = vec!["--provider".to_owned(), text("provider"), "--public-url".to_owned(), text("url")];
    let one = vec![vector["secret"].clone()];
    for secret in vector["secrets"].as_array().unwrap_or(&one) {
        if let Some(key_id) = vector["key_id"].as_str() {
            options.extend(["--key-id".to_owned(), key_id.to_owned()]);
        }
        options.extend(["--secret".to_owned(), secret.as_str().unwrap().to_owned()]);
    }
    for (option, key) in [("--now", "now_unix"), ("--tolerance", "tolerance_s")] {
        if let Some(number) = vector[key].as_u64() {
            options.extend([option.to_owned(), number.to_string()]);
        }
    }
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    if vector["expect"] == "invalid:invalid_secret" {
        let (code, printed, _) = run(&options);
        return if (code, &*printed) == (Some(2), "") {
            "bad secret".to_owned()
        } else {
            format!("exit {code:?}")
        };
    }
    let inspector = Inspector::start(&options);
    send(inspector.address(), vector);
    let line = inspector.line();
    line["kind"].as_str().or(line["outcome"].as_str()).unwrap().to_owned()
}

fn send(to: SocketAddr, vector: &Value) {
    let url = vector["url"].as_str().unwrap();
    let query = url.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
    let body = vector["body_utf8"].as_str().unwrap();
    let mut request = format!(
        "{} /webhook{query} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n",
        vector["method"].as_str().unwrap(),
        body.len()
    );
    let headers = vector["headers"].as_object().unwrap();
    for (name, value) in headers {
        let once = vec![value.clone()];
        for value in value.as_array().unwrap_or(&once) {
            request += &format!("{name}: {}\r\n", value.as_str().unwrap());
        }
    }
    if !headers.keys().any(|name| name.eq_ignore_ascii_case("host")) {
        request += "host: receiver.example\r\n";
    }
    let mut connection = Connection::open(to);
    connection.write(format!("{request}\r\n{body}").as_bytes());
    let answer = connection.answer();
    assert!(answer.status().is_some(), "{vector}: {}", answer.0);
}

/// Returns whether the result is acceptable. A request that is invalid in two ways may be rejected for either.
fn is_right(vector: &Value, found: &str) -> bool {
    let expected = vector["expect"].as_str().unwrap();
    // The signatures of these vectors are in the wrong encoding.
    if [json!("pusher-03"), json!("vonage-params-08")].contains(&vector["id"]) {
        return found == "malformed_signature";
    }
    // The layer answers these unsigned handshakes only if they have a `content-length`. `tests/vectors` sends them
    // without one, so the vectors expect a rejection.
    if [json!("monday-13"), json!("woocommerce-c05")].contains(&vector["id"]) {
        return found == "handshake";
    }
    match expected.strip_prefix("invalid:") {
        // Some of the signed requests that providers publish are handshakes.
        None => found == "accepted" || found == "handshake",
        Some("invalid_secret") => found == "bad secret",
        Some("missing_header" | "missing_timestamp" | "missing_signature" | "signed_header_missing") => {
            found == "missing_signature"
        }
        Some("timestamp_too_old" | "timestamp_too_new") => {
            ["stale_timestamp", "malformed_signature"].contains(&found)
        }
        Some(
            "signature_mismatch" | "body_hash_mismatch" | "url_hash_mismatch" | "body_not_signed"
            | "claim_mismatch" | "unknown_key",
        ) => found == "wrong_signature",
        // Some schemes skip malformed or unknown signatures and then report a mismatch.
        Some(
            "bad_encoding"
            | "malformed_header"
            | "invalid_timestamp"
            | "no_matching_version"
            | "unsupported_algorithm",
        ) => ["malformed_signature", "wrong_signature"].contains(&found),
        Some(other) => panic!("unknown reason {other}"),
    }
}
