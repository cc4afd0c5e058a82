//! Replays of the fuzz corpora and of the known answers in `vectors/`, which are the fuzzer's seeds.
//! `fuzz/run.sh` runs the fuzzer.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[allow(dead_code, unreachable_pub, reason = "the fuzzer calls a target by its name")]
#[path = "../fuzz/src/lib.rs"]
mod fuzz;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "common/vectors.rs"]
mod vectors;

use std::{collections::BTreeSet, fs, path::Path};

use data_encoding::BASE64;
use serde_json::Value;

use self::vectors::{Vector, vectors};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A corpus is one file per target, with one base64 input per line.
#[test]
fn no_target_fails_on_its_corpus() {
    for (name, target) in fuzz::TARGETS {
        let file = fs::read_to_string(format!("{ROOT}/fuzz/corpora/{name}.base64")).unwrap();
        let inputs = file.lines().map(|line| BASE64.decode(line.as_bytes()).unwrap());
        replay(name, target, inputs);
        assert!(file.lines().count() >= 8, "the corpus of {name} has fewer than 8 inputs");
    }
}

/// With `FUZZ_SEEDS=1`, also writes the seeds to the fuzzer's corpus directory.
#[test]
fn no_target_fails_on_the_known_answers() {
    for (name, target) in fuzz::TARGETS {
        let seeds = seeds(name);
        assert!(!seeds.is_empty(), "{name} has no seeds");
        if std::env::var_os("FUZZ_SEEDS").is_some() {
            let folder = Path::new(ROOT).join("fuzz/corpus").join(name);
            fs::create_dir_all(&folder).unwrap();
            for (index, seed) in seeds.iter().enumerate() {
                fs::write(folder.join(format!("seed-{index:04}")), seed).unwrap();
            }
        }
        replay(name, target, seeds);
    }
}

/// Runs all `inputs` before it fails, so that one failure does not hide others.
fn replay(name: &str, target: fuzz::Target, inputs: impl IntoIterator<Item = Vec<u8>>) {
    let fails = |input: &Vec<u8>| std::panic::catch_unwind(|| target(input)).is_err();
    let failed: Vec<_> = inputs.into_iter().filter(fails).collect();
    let failed: Vec<_> = failed.iter().map(|input| String::from_utf8_lossy(input)).collect();
    assert!(failed.is_empty(), "the target {name} fails on {failed:#?}");
}

fn seeds(target: &str) -> BTreeSet<Vec<u8>> {
    match target {
        "body" => bodies(),
        "keys" => keys(),
        "payload" => payloads(),
        "provider" => vectors().iter().flat_map(requests).collect(),
        "scheme" => vectors().iter().filter_map(scheme).collect(),
        // The target `service` takes several deliveries, but a known answer is a single delivery, so the seeds of this
        // target are random.
        _ => (1..40_u32).map(|seed| noise(seed, 16 + 8 * (seed as usize % 20))).collect(),
    }
}

/// Returns the vector's request and, for a valid vector, a copy for the target to sign.
fn requests(vector: &Vector) -> Vec<Vec<u8>> {
    let (id, now, secrets, request) = (&vector.provider, vector.now_unix, secrets(vector), request(vector));
    let mut requests = vec![format!("{id}\n{secrets}\n{now}\n0\n{request}")];
    if vector.expect == "valid" {
        requests.push(format!("{id}\n{secrets}\n{now} signed\n7\n{request}"));
    }
    requests.into_iter().map(String::into_bytes).collect()
}

fn scheme(vector: &Vector) -> Option<Vec<u8>> {
    let scheme = serde_json::to_string(&vectors::provider(vector).scheme()?).unwrap();
    let (now, secrets, request) = (vector.now_unix, secrets(vector), request(vector));
    Some(format!("{scheme}\n{secrets}\n{now} signed\n0\n{request}").into())
}

fn secrets(vector: &Vector) -> String {
    let name = vector.key_id.as_ref().map_or(String::new(), |name| format!("{name}@@"));
    let secrets = vector.secrets().iter().map(|secret| format!("{name}{}", secret.replace('\n', "\\n")));
    secrets.collect::<Vec<_>>().join("\t")
}

fn request(vector: &Vector) -> String {
    let mut text = format!("{} {}\n", vector.method, vector.url);
    for (name, value) in &vector.headers {
        text.extend(value.iter().map(|value| format!("{name}: {value}\n")));
    }
    format!("{text}\n{}", vector.body_utf8)
}

fn payloads() -> BTreeSet<Vec<u8>> {
    const MORE: [&str; 3] = [
        r#"{"phone_number":4915112345678,"recipient_name":"Ada","user_id":"u","message_type":"image","attachment_url":null,
            "last_messages":"[{\"type\":\"user\",\"content\":\"\",\"timestamp\":\"2026-01-02T03:04:05Z\",\"content_type\":\"image\",\"media_url\":\"https://a.example/b\"}]",
            "user_last_message_time":1700000000,"bot_last_message_time":0,"note":"","labels":"sales, vip","incoming_message":true,
            "referral":{"source_type":"ad","source_id":"1","source_url":"https://a.example","headline":"h","body":"b","ctwa_clid":"c"}}"#,
        r#"{"event":"incoming_message","data":{"phone_number":"49151","message_type":"text","user_timestamp":"1700000000",
            "last_messages":[{"type":"bot","content":"hi"}],"send_by":"x","was_message_by_human":false}}"#,
        r#"{"event":"message_status","data":{"message_id":"m","status":"read","timestamp":"2026-01-02T03:04:05Z"}}"#,
    ];
    let known = vectors().into_iter().filter(|vector| vector.provider == "notifyer");
    known.map(|vector| vector.body_utf8.into()).chain(MORE.map(Into::into)).collect()
}

fn bodies() -> BTreeSet<Vec<u8>> {
    const MORE: [&str; 14] = [
        "json /~01\n{\"/\":\"slash\",\"~1\":\"tilde\"}",
        "multipart\n--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n{}\r\n--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n\
         {\"event\":{\"event_time\":\"1700000000\",\"event_type\":\"signature_request_sent\",\"event_hash\":\"$TAG\"}}\r\n--x--",
        "json /a/b~1c/1/id\n{\"a\":{\"skip\":[1,{\"x\":null}],\"b/c\":[\"zero\",{\"id\":\"one\"}]}}",
        "json /id\n{\"id\":\"\\ud83d\\ude00\\n\",\"id\":2}",
        "json /id\n{\"id\":18446744073709551615}",
        "json /id\n{\"x\":[[],{},-1.5e3,true],\"id\":-7}",
        "json /0\n[false, null]",
        "json /id\n{\"id\":18446744073709551616}",
        "json /id\npayload=%7B%22id%22%3A%22a%22%7D",
        "form id\na=1&id=%41+%e9&id=2",
        "query id\na=1&id=x%2By&&=",
        "query id\nid",
        "multipart\n--x7\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n\
         {\"event\":{\"event_time\":\"1700000000\",\"event_type\":\"signature_request_sent\",\"event_hash\":\"$TAG\"}}\r\n--x7--\r\n",
        "multipart\n--\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\n1\r\n--\r\n\
         content-disposition: form-data; filename=\"a\"; name=json\r\nContent-Type: a/b\r\n\r\n\
         {\"event\":{\"event_time\":\"1700000000\",\"event_type\":\"signature_request_sent\",\"event_hash\":\"$TAG\"}}\r\n----",
    ];
    let json =
        vectors().into_iter().step_by(12).map(|vector| format!("json /id\n{}", vector.body_utf8).into());
    json.chain(MORE.map(Into::into)).collect()
}

fn keys() -> BTreeSet<Vec<u8>> {
    const TOKENS: [&str; 9] = [
        r#"{"exp":1700000000,"jti":"a","sha256":"$B64"}"#,
        r#"{"iss":"MessageBird","nbf":1699999990,"exp":1700000050,"url_hash":"$URLHEX","payload_hash":"$HEX","jti":"a"}"#,
        r#"{"iat":1700000000,"jti":"a","payload_hash":"$HEX"}"#,
        r#"{"iat":1700000000.5,"exp":1700000001}"#,
        r#"{"iss":"APIkey","exp":1700000001,"sha256":"$B64="}"#,
        r#"{"iss":"Upstash","sub":"$URL","nbf":1699999990,"exp":1700000050,"body":"$B64URL"}"#,
        r#"{"iss":"Upstash","sub":"$URL","nbf":1700000001,"exp":"1700000050","body":"$B64URL="}"#,
        r#"{"exp":1700000000,"exp":1e3}"#,
        "[]",
    ];
    const HEADERS: [&str; 4] = [
        r#"{"alg":"HS256","typ":"JWT"}"#,
        r#"{"alg":"HS512","kid":"k"}"#,
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
    ];
    let mut seeds = BTreeSet::new();
    for provider in ["messagebird-jwt", "vonage-jwt", "livekit", "upstash"] {
        for (header, claims) in HEADERS.iter().flat_map(|header| TOKENS.map(|claims| (header, claims))) {
            seeds.insert(format!("{provider}\n{header}\n{claims}\n{{}}").into_bytes());
        }
    }
    let public = vectors().into_iter().map(|vector| vector.secret).filter(|secret| secret.len() > 100);
    seeds.extend(public.map(|secret| format!("key\n{secret}").into_bytes()));
    let file = fs::read_to_string(format!("{ROOT}/tests/key_sources/certificate.json")).unwrap();
    let file: Value = serde_json::from_str(&file).unwrap();
    let pem = file["certificate"].as_str().unwrap();
    seeds.insert(format!("certificate\n{pem}").into_bytes());
    let packed: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    seeds.insert([b"certificate\n".to_vec(), BASE64.decode(packed.as_bytes()).unwrap()].concat());
    seeds
}

/// Returns pseudo-random bytes that depend only on the arguments.
fn noise(seed: u32, length: usize) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}
