//! Timestamps: their tolerance, and the bytes next to them.

use crate::support::*;

#[tokio::test]
async fn the_tolerance_depends_on_the_provider_and_is_inclusive() {
    assert_eq!(judge_stripe("s", b"s", -300).await, Ok(()));
    assert_eq!(judge_stripe("s", b"s", -301).await, Err(Kind::StaleTimestamp));
    assert_eq!(judge_stripe("s", b"s", 300).await, Ok(()));
    // Stripe's SDKs accept any timestamp in the future. A captured request would then stay valid at least until the
    // time of its timestamp.
    assert_eq!(judge_stripe("s", b"s", 301).await, Err(Kind::StaleTimestamp));
    let tolerance = |id: &str| {
        let tolerance = provider::find(id).unwrap().profile().tolerance();
        (tolerance.past().map(|time| time.as_secs()), tolerance.future().as_secs())
    };
    assert_eq!(tolerance("slack"), (Some(300), 300));
    assert_eq!(tolerance("paddle").0, Some(5));
    assert_eq!(tolerance("elevenlabs").0, Some(1800));
    assert_eq!(tolerance("cloudinary-sha256"), (Some(7200), 300));
    assert_eq!(tolerance("twitch"), (Some(600), 600));
}

#[tokio::test]
async fn an_unsigned_timestamp_is_ignored() {
    let at = |milliseconds: u64| format!(r#"{{"webhookTimestamp":{milliseconds}}}"#);
    let linear = async |body: &str, unsigned: &str| {
        let headers = [("linear-signature", &*hex(b"s", body)), ("linear-timestamp", unsigned)];
        judge_post("linear", "s", &headers, body).await
    };
    let now = u64::from(NOW) * 1000;
    assert_eq!(linear(&at(now), "0").await, Ok(()));
    assert_eq!(linear(&at(now - 61_000), &now.to_string()).await, Err(Kind::StaleTimestamp));
    assert_eq!(linear("{}", &now.to_string()).await, Err(Kind::MissingSignature));
}

/// Sends `signed` with its body and timestamp replaced by `body` and `at`.
async fn judge_moved(provider: &str, signed: &Request<Bytes>, at: &str, body: &str) -> Result<(), Kind> {
    let mut moved = signed.clone().map(|_| Full::from(body.to_owned()));
    for value in moved.headers_mut().values_mut() {
        let text = value.to_str().unwrap();
        let now = ["1700000000000", "1700000000"].into_iter().find(|now| text.contains(now));
        if let Some(now) = now {
            *value = text.replace(now, at).parse().unwrap();
        }
    }
    judge(&layer(provider, SECRET), moved).await
}

#[tokio::test]
async fn no_digit_can_be_moved_between_a_timestamp_and_the_adjacent_body() {
    let adjacent = provider::all().filter_map(|provider| {
        let scheme = serde_json::to_value(provider.scheme()?).unwrap();
        let template = scheme["template"].as_str()?.to_owned();
        let unit = scheme["ts"]["unit"].as_str()?.to_owned();
        let with_body = template.contains("{ts}{body}") || template.contains("{body}{ts}");
        (with_body && ["s", "ms"].contains(&&*unit)).then_some((provider.id, template, unit))
    });
    let mut moved = Vec::new();
    for (provider, template, unit) in adjacent {
        let secret: Secret = SECRET.parse().unwrap();
        let Ok(verifier) = provider::find(provider).unwrap().verifier(secret) else { continue };
        let now = if unit == "s" { "1700000000" } else { "1700000000000" };
        let url = "https://hooks.example/webhook";
        let request =
            |body: &'static str| Request::post(url).body(Bytes::from_static(body.as_bytes())).unwrap();
        // HubSpot and QuickNode send an empty body or a JSON object or array, so `7` cannot be signed. The test
        // `a_signed_get_does_not_outlive_its_tolerance` moves a digit of the URL instead.
        let Ok(signed) = testing::sign_at(&verifier, request("7"), signed_at()) else {
            assert!(["hubspot-v3", "quicknode"].contains(&provider), "{provider}");
            continue;
        };
        assert_eq!(judge_moved(provider, &signed, now, "7").await, Ok(()), "{provider}");
        let (longer, shorter, rest) = match template.contains("{ts}{body}") {
            true => (format!("{now}7"), &now[..now.len() - 1], "07"),
            false => (format!("7{now}"), &now[1..], "71"),
        };
        for (timestamp, body) in [(&*longer, ""), (shorter, rest)] {
            let judged = judge_moved(provider, &signed, timestamp, body).await;
            assert_eq!(judged, Err(Kind::MalformedSignature), "{provider}: {timestamp} and {body}");
        }
        moved.push(provider);
    }
    for provider in
        ["cashfree", "close", "whoop", "iron", "inngest", "retell", "cloudinary-sha1", "cloudinary-sha256"]
    {
        assert!(moved.contains(&provider), "{provider} is not among {moved:?}");
    }
}

#[tokio::test]
async fn no_bytes_can_be_moved_from_a_body_to_the_header_signed_before_it() {
    let at = "2023-11-14T22:13:20Z";
    let form = "approved=false&role=user&ticket=7";
    let signature = base64(b"s", format!("{at}{form}"));
    let zendesk = async |at: &str, body: &str| {
        let headers =
            [("x-zendesk-webhook-signature", &*signature), ("x-zendesk-webhook-signature-timestamp", at)];
        judge_post("zendesk", "s", &headers, body).await
    };
    assert_eq!(zendesk(at, form).await, Ok(()));
    let moved = format!("{at}approved=false&role=user&");
    assert_eq!(zendesk(&moved, "ticket=7").await, Err(Kind::MalformedSignature));
    assert_eq!(zendesk("", &format!("{at}{form}")).await, Err(Kind::MalformedSignature));

    // Twitch signs the id, followed by the timestamp and the body. The body may contain another timestamp.
    let body = r#"{"created":"2023-11-14T22:13:21Z","event":7}"#;
    let signature = format!("sha256={}", hex(b"s", format!("id-1{at}{body}")));
    let twitch = async |id: &str, at: &str, body: &str| {
        let headers = [
            ("twitch-eventsub-message-id", id),
            ("twitch-eventsub-message-timestamp", at),
            ("twitch-eventsub-message-signature", &*signature),
        ];
        judge_post("twitch", "s", &headers, body).await
    };
    assert_eq!(twitch("id-1", at, body).await, Ok(()));
    let id = format!("id-1{at}{{\"created\":\"");
    let moved = twitch(&id, "2023-11-14T22:13:21Z", r#"","event":7}"#).await;
    assert_eq!(moved, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn easypost_may_sign_the_time_the_method_and_the_path() {
    let layer = layer("easypost-v2", "secret").without_dedupe();
    // `NOW`, as an RFC 2822 date.
    let date = "Tue, 14 Nov 2023 22:13:20 -0000";
    let easypost = async |signed: &str, path: &str, body: &str| {
        let signature = format!("hmac-sha256-hex={}", hex(b"secret", signed));
        let headers = [("x-hmac-signature-v2", &*signature), ("x-timestamp", date), ("x-path", path)];
        judge(&layer, post(&headers, body)).await
    };
    let signed = format!("{date}POST/hook?a=b{{}}");
    assert_eq!(easypost(&signed, "/hook?a=b", "{}").await, Ok(()));
    assert_eq!(easypost(&signed, "/hook", "{}").await, Err(Kind::WrongSignature));
    // No byte can be moved between the path and the body.
    for (path, body) in [("/hook?a=b{", "}"), ("/hook?a=", "b{}"), ("hook?a=b", "{}"), ("", "/hook?a=b{}")] {
        assert_eq!(easypost(&signed, path, body).await, Err(Kind::MalformedSignature), "{path} {body}");
    }
}
