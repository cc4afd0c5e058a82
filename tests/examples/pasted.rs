//! Examples, run with their documented commands. The test pastes the documented block twice, and once more with
//! another secret.

use crate::documented::{DUP, Documented, paste, shell, statuses};

/// Checks the responses to an example's block: the first time, the second time, and with another secret.
fn check(name: &'static str, more: &[(&str, &str)], expected: [&[u16]; 3]) {
    let documented = Documented::of(name);
    let program = documented.start(more);
    let address = program.address();
    let [first, second, forged] = expected;
    assert_eq!(statuses(&paste(&address, documented.paste())), first, "{name}, pasted");
    assert_eq!(statuses(&paste(&address, documented.paste())), second, "{name}, pasted twice");

    // The signature is verified before deduplication, so the known ids make no difference.
    let forgery = documented
        .paste()
        .replace("everybody-knows-me", "another-secret")
        .replace("everybody_knows_me", "another_secret")
        .replace("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "c29tZWJvZHkgZWxzZSdzIHNlY3JldCwgdHJ1bHk=")
        .replace("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "c29tZWJvZHkgZWxzZSdzIHNlY3JldCwgdHJ1bHk=");
    assert_eq!(statuses(&paste(&address, &forgery)), forged, "{name}, forged");
}

macro_rules! pasted {
    ($($name:ident: $first:expr, $second:expr, $forged:expr;)+) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), &[], [&$first, &$second, &$forged]);
        })+
    };
}

pasted! {
    axum: [204], [DUP], [401];
    tonic: [204], [DUP], [401];
    hyper: [204], [DUP], [401];
    // The report on the rotation needs no signature.
    rotation: [204, DUP, 200], [DUP, DUP, 200], [401, 401, 200];
    custom_verifier: [204, 204], [DUP, DUP], [401, 401];
    behind_proxy: [204], [DUP], [401];
    batch: [200, 200], [DUP, DUP], [401, 401];
    // The third event cannot be decoded. If it is verified, it is acknowledged each time without calling a handler.
    stripe: [204, 204, 200], [DUP, DUP, 200], [401, 401, 401];
    // The third repeats the second under another id; the replay guard makes it a duplicate. The last is ignored.
    github: [204, 204, DUP, 204, 200], [DUP, DUP, DUP, DUP, 200], [401, 401, 401, 401, 401];
    // The handshake and the command are never duplicates.
    slack: [200, 200, 200], [200, 200, DUP], [401, 401, 401];
    // The handshake uses the verify token and not the signing secret.
    whatsapp_cloud: [200, 200, 200], [200, DUP, DUP], [200, 401, 401];
    aws_sns: [401], [401], [401];
    notifyer: [204, 204], [DUP, DUP], [401, 401];
}

#[test]
fn tonic_serves_its_grpc_service_as_well() {
    let documented = Documented::of("tonic");
    let program = documented.start(&[]);
    let answer = shell(
        &program.address(),
        r"printf '\0\0\0\0\0' | curl -s --http2-prior-knowledge --data-binary @- \
            -H 'content-type: application/grpc' -H 'te: trailers' \
            http://127.0.0.1:3000/grpc.health.v1.Health/Check | od -An -tx1",
    );
    assert!(answer.trim_end().ends_with("08 01"), "{answer:?}");
}

#[test]
fn every_example_is_listed() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let list = std::fs::read_to_string(examples.join("README.md")).unwrap();
    for path in std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path()) {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let is_listed = list.contains(&format!("[`{name}`]"));
        assert!(is_listed || name == "README", "{name} is not listed in examples/README.md");
    }
}
