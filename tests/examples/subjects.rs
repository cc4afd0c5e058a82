//! The features that each of the smaller examples demonstrates.

use std::fs;

use rusqlite::Connection;

use crate::{
    documented::{DUP, Documented, paste, statuses},
    program::{Directory, Program},
};

#[test]
fn axum_and_hyper_do_not_affect_other_routes() {
    for name in ["axum", "hyper"] {
        let program = Documented::of(name).start(&[]);
        let health = paste(&program.address(), "curl -i http://127.0.0.1:3000/health");
        assert_eq!((health[0].status, &*health[0].body), (200, "healthy\n"), "{name}");
    }
}

#[test]
fn batch_handles_each_message_once() {
    let documented = Documented::of("batch");
    let program = documented.start(&[]);
    paste(&program.address(), documented.paste());
    program.says(r#"wamid.1: 4915550100200 says Some("hello")"#);
    program.says("1 handled, 0 handled before");
    program.says(r#"wamid.2: 4915550100200 says Some("are you there?")"#);
    program.says("1 handled, 1 handled before");
}

#[test]
fn rotation_reports_which_secret_is_used() {
    let documented = Documented::of("rotation");
    let program = documented.start(&[]);
    let address = program.address();
    let report = |commands: &str| paste(&address, commands).pop().unwrap().body;
    assert!(report("curl -i http://127.0.0.1:3000/rotation").contains("was not used"));
    let used = report(documented.paste());
    assert!(used.starts_with("the old secret was last used "), "{used}");
    program.says("order 17, signed with the old secret");

    // The variable of the old secret now has the new secret, as after a rotation, so a delivery signed with the old
    // secret is rejected.
    let over = Documented::of("rotation");
    let settings = [("WEBHOOK_OLD_SECRET", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")];
    let program = over.start(&settings);
    assert_eq!(statuses(&paste(&program.address(), over.paste())), [401, 204, 200]);
}

#[test]
fn multi_tenant_reads_the_database_and_uses_its_cache_without_it() {
    let documented = Documented::of("multi_tenant");
    let directory = Directory::new("tenants");
    let file = directory.file("tenants.db");
    let database = Connection::open(&file).unwrap();
    let made = "CREATE TABLE secrets (tenant TEXT, secret TEXT, made INTEGER DEFAULT (unixepoch()))";
    database.execute_batch(made).unwrap();
    let insert = |tenant: &str, secret: &str| {
        let row = "INSERT INTO secrets (tenant, secret) VALUES (?1, ?2)";
        database.execute(row, [tenant, secret]).unwrap();
    };
    insert("acme", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    insert("unreadable", "whsec_this is not base64");
    let program = documented.start(&[("TENANTS", &file)]);
    let address = program.address();
    let ask = |id: &str, tenants: &str| {
        let block = documented.paste().replace("msg_1", id).replace("acme unknown", tenants);
        paste(&address, &block)
    };

    let answers = ask("msg_1", "acme unknown");
    assert_eq!(statuses(&answers), [204, 401]);
    assert_eq!(answers[1].body, "wrong signature");
    program.says("acme, msg_1: order 17");
    // An invalid secret in the database is not the provider's fault, so the response asks for a retry.
    assert_eq!(statuses(&ask("msg_2", "acme acme unreadable")), [204, DUP, 503]);
    let unsigned = paste(&address, "curl -i http://127.0.0.1:3000/webhook/acme -d '{}'");
    assert_eq!((unsigned[0].status, &*unsigned[0].body), (401, "wrong signature"));

    database.execute_batch("ALTER TABLE secrets RENAME TO gone").unwrap();
    let answers = ask("msg_3", "acme other");
    assert_eq!(statuses(&answers), [204, 503], "only the cached tenant can be served");
    database.execute_batch("ALTER TABLE gone RENAME TO secrets").unwrap();
    assert_eq!(statuses(&ask("msg_4", "other")), [401], "a failed load must not be cached");

    // During a rotation, a tenant has two secrets. The layer accepts both, and tries the new one first.
    insert("both", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    insert("both", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
    assert_eq!(statuses(&ask("msg_5", "both")), [204]);
}

#[test]
fn multi_tenant_does_not_start_without_its_database() {
    let directory = Directory::new("no-tenants");
    let file = directory.file("tenants.db");
    let program = Documented::of("multi_tenant").start(&[("TENANTS", &file)]);
    assert!(!program.wait().0.success());
    assert!(fs::exists(&file).is_ok_and(|exists| !exists), "the program created an empty database");
}

#[test]
fn custom_store_remembers_deliveries_across_a_restart() {
    let documented = Documented::of("custom_store");
    let directory = Directory::new("custom-store");
    let file = directory.file("deliveries.db");
    for (expected, restarted) in [(204, false), (DUP, true)] {
        let program = documented.start(&[("STORE", &file)]);
        let address = program.address();
        let answers = paste(&address, documented.paste());
        assert_eq!(statuses(&answers), [expected], "restarted: {restarted}");
        let forgery = documented.paste().replace("MfKQ9r8G", "AAAAAAAA");
        assert_eq!(statuses(&paste(&address, &forgery)), [401]);
        program.kill();
    }
}

#[test]
fn custom_verifier_uses_the_layers_checks() {
    let documented = Documented::of("custom_verifier");
    let program = documented.start(&[]);
    let address = program.address();
    let old = documented.paste().replace("$(date +%s)", "1700000000");
    for (block, text) in [
        (old, "stale timestamp"),
        (documented.paste().replace("acme-time: $at", "acme-time: soon"), "malformed signature"),
        (documented.paste().replace("acme-signature", "signature"), "missing signature"),
        (documented.paste().replace("acme-signature: $tag", "acme-signature: c0ffee"), "wrong signature"),
    ] {
        let answers = paste(&address, &block);
        assert_eq!(statuses(&answers), [401, 401], "{block}");
        assert!(answers.iter().all(|answer| answer.body == text), "{answers:?}");
    }
    paste(&address, documented.paste());
    program.says("17: order.placed");
    program.says("17: order.placed");
}

#[test]
fn behind_proxy_trusts_only_the_configured_proxy() {
    let documented = Documented::of("behind_proxy");
    // Without the public URL, the layer takes the path from the request, so sign a URL with that path.
    let block =
        documented.paste().replace("https://shop.example/hooks/square", "https://shop.example/square");
    let forwarded = "-H 'x-forwarded-proto: https' -H 'x-forwarded-host: shop.example'";
    let forwarded = block.replace("curl -i", &format!("curl -i {forwarded}"));
    let host = block.replace("curl -i", "curl -i -H 'host: shop.example'");

    for (proxy, block, expected) in [
        ("127.0.0.1", &forwarded, 204),
        ("127.0.0.1", &host, 204),
        ("127.0.0.1", &block, 401),
        ("10.0.0.7", &forwarded, 401),
    ] {
        // Do not use `documented.start`, which sets the public URL as well.
        let arguments = ["127.0.0.1:0"];
        let settings = [("TRUSTED_PROXY", proxy), ("SQUARE_SIGNATURE_KEY", "everybody-knows-me")];
        let program = Program::start("behind_proxy", &arguments, &settings);
        assert_eq!(statuses(&paste(&program.address(), block)), [expected], "{proxy}: {block}");
        if expected == 401 {
            program.says("rejected, wrong_signature");
        }
    }

    // The layer's body limit applies to a declared length and to a chunked body.
    let program = documented.start(&[]);
    let address = program.address();
    let large = "head -c 1048577 /dev/zero | curl -i http://127.0.0.1:3000/square --data-binary @- \
        -H 'expect:' -H 'x-square-hmacsha256-signature: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='";
    assert_eq!(statuses(&paste(&address, large)), [413]);
    let chunked = large.replace("-H 'expect:'", "-H 'expect:' -H 'transfer-encoding: chunked'");
    assert_eq!(statuses(&paste(&address, &chunked)), [413]);
}

#[test]
fn stripe_fulfils_paid_orders_and_retries_failures() {
    let documented = Documented::of("stripe");
    let program = documented.start(&[]);
    let address = program.address();
    paste(&address, documented.paste());
    program.says("cs_1: order 17 is paid, in a test");
    program.says(r#"evt_2: nothing to do for Some("something.new")"#);

    let event = |id: &str, status: &str, order: &str| {
        format!(
            r#"deliver '{{"id":"{id}","type":"checkout.session.completed","livemode":true,
                "data":{{"object":{{"id":"cs_2","client_reference_id":{order},"payment_status":"{status}"}}}}}}'
            "#
        )
    };
    let unpaid = event("evt_3", "unpaid", r#""18""#);
    assert_eq!(statuses(&documented.deliver(&address, &unpaid)), [204]);
    program.says("evt_3: session cs_2 awaits its payment");
    // The first attempt has an unknown order and fails; a failure is not remembered.
    let commands = event("evt_4", "paid", "null") + &event("evt_4", "paid", r#""18""#);
    assert_eq!(statuses(&documented.deliver(&address, &commands)), [503, 204]);
    program.says("cs_2: order 18 is paid");
    // An undecodable event of a known type is not mistaken for one of an unknown type.
    let broken = r#"deliver '{"id":"evt_5","type":"checkout.session.completed","livemode":true,"data":{}}'"#;
    assert_eq!(statuses(&documented.deliver(&address, broken)), [200]);
    program.says("evt_5: dead letter of 76 bytes: payload ");
}

#[test]
fn github_takes_the_type_from_the_header_and_either_content_type() {
    let documented = Documented::of("github");
    let program = documented.start(&[]);
    let address = program.address();
    paste(&address, documented.paste());
    program.says("1: GitHub will send push, issues. Keep it logically awesome.");
    program.says("2: refs/heads/main of me/shop is now c0ffee");
    program.says("4: issue_comment created of me/shop#7");
    let commands = "deliver 6 ping 'payload=%7B%22zen%22%3A%22Half+measures.%22%2C%22hook%22%3A%7B%22events%22%3A%5B%5D%7D%7D'
        deliver 7 push '{\"zen\":\"not a push\"}'";
    assert_eq!(statuses(&documented.deliver(&address, commands)), [204, 422]);
    program.says("6: GitHub will send . Half measures.");
}

#[test]
fn slack_answers_its_challenge_and_its_users() {
    let documented = Documented::of("slack");
    let program = documented.start(&[]);
    let address = program.address();
    let answers = paste(&address, documented.paste());
    assert_eq!(answers[0].body, "3eZbrw1aBm2rZgRNFdxV");
    assert_eq!(answers[1].body, r#"{"response_type":"ephemeral","text":"I am on it: shop"}"#);
    program.says("/deploy shop by U1");
    program.says("Ev1: U1 in C1: <@U0> hello");

    let commands = "deliver commands 'command=%2Fdeploy&text=%3C%21channel%3E&user_id=U1&response_url=x'
        deliver events '{\"type\":\"event_callback\",\"event_id\":\"Ev2\",\"event\":{\"type\":\"pin_added\"}}'";
    let answers = documented.deliver(&address, commands);
    assert!(
        answers[0].body.contains("&lt;!channel&gt;"),
        "the text would notify the whole channel: {answers:?}"
    );
    assert_eq!(answers[1].status, 200);
}

#[test]
fn whatsapp_cloud_answers_the_handshake_and_handles_each_item_once() {
    let documented = Documented::of("whatsapp_cloud");
    let program = documented.start(&[]);
    let address = program.address();
    let answers = paste(&address, documented.paste());
    assert_eq!(answers[0].body, "1158201444");
    program.says("wamid.1: 4915550100200 writes to 106540352242922: hello");
    program.says("wamid.2: 4915550100200 sends 1803, image/jpeg");
    program.says("wamid.0: read");

    let stranger = documented.paste().replace("verify_token=made-up-by-you", "verify_token=guessed");
    assert_eq!(paste(&address, &stranger)[0].status, 401);
    // Another status of a message, and an unknown message type.
    let commands = r#"deliver '{"statuses":[{"id":"wamid.0","status":"failed"}],
        "messages":[{"id":"wamid.3","from":"4915550100200","type":"hologram","hologram":{}}]}'"#;
    assert_eq!(statuses(&documented.deliver(&address, commands)), [200]);
    program.says("wamid.3: 4915550100200 sends an unsupported message type");
    let (_, said) = program.stop_with("INT");
    assert_eq!(said, ["wamid.0: failed"], "the other items must be handled once");
}
