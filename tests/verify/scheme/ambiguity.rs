//! Bytes that an attacker could move from one signed value to another.

use std::collections::HashMap;

use super::*;

#[tokio::test]
async fn an_ambiguous_value_is_rejected() {
    let scheme =
        Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{header:x-id}.{query:order}.{body}");
    let send = async |id: &str, text: &str| {
        send(&scheme, secret("secret"), post(&[("x-signature", &tag(text)), ("x-id", id)], "{}")).await
    };
    assert_eq!(send("id", "id.7.{}").await, Ok(String::new()));
    assert_eq!(send("id.7", "id.7.7.{}").await, Err(Kind::MalformedSignature));
    assert_eq!(send("", ".7.{}").await, Err(Kind::MalformedSignature));

    // If a value follows the body, its end is the end of the signed content. Its beginning is unambiguous only if the
    // value does not contain the separator.
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{body}.{header:x-id}");
    let send = async |id: &str, body: &str| {
        let signature = tag("a=1.5.7");
        self::send(&scheme, secret("secret"), post(&[("x-signature", &signature), ("x-id", id)], body)).await
    };
    assert_eq!(send("7", "a=1.5").await, Ok(String::new()));
    assert_eq!(send("5.7", "a=1").await, Err(Kind::MalformedSignature));
}

#[tokio::test]
async fn a_body_without_a_separator_from_a_value_must_be_json() {
    let send = async |template: &str, text: &str, id: &str, body: &str| {
        let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(template);
        send(&scheme, secret("secret"), post(&[("x-signature", &tag(text)), ("x-id", id)], body)).await
    };
    let before = "{header:x-id}{body}";
    let signed = r#"7{"close":true}"#;
    assert_eq!(send(before, signed, "7", r#"{"close":true}"#).await, Ok(String::new()));
    assert_eq!(send(before, signed, signed, "").await, Err(Kind::MalformedSignature));
    assert_eq!(send(before, signed, r#"7{"close":"#, "true}").await, Err(Kind::MalformedSignature));
    assert_eq!(send(before, "7", "7", "").await, Ok(String::new()));
    assert_eq!(send(before, "7[1]", "7", "[1]").await, Ok(String::new()));
    for (id, form) in [("7", "close=true&id=1"), ("7close=true&", "id=1")] {
        assert_eq!(send(before, "7close=true&id=1", id, form).await, Err(Kind::MalformedSignature));
    }
    let after = "{body}{header:x-id}";
    assert_eq!(send(after, r#"{"close":true}7"#, "7", r#"{"close":true}"#).await, Ok(String::new()));
    assert_eq!(send(after, r#"{"a":{}}7"#, "}7", r#"{"a":{}"#).await, Err(Kind::MalformedSignature));
    assert_eq!(send(after, "close=true7", "7", "close=true").await, Err(Kind::MalformedSignature));
}

#[test]
fn an_ambiguous_template_is_refused() {
    let verifier = |template: &str| {
        Scheme::hmac_sha256("x-signature", Encoding::Hex)
            .list(",")
            .pairs("=", ["v1"])
            .timestamp("header:x-time", TimeUnit::Seconds)
            .signs(&format!("{{ts}}|{template}"))
            .verifier("acme", secret("secret"))
    };
    for template in [
        "{header:x-a}{header:x-b}",
        "{header:x-a}{header:x-b}.{body}",
        "{header:x-a}{query:b}{body}",
        "{body}{header:x-a}{header:x-b}",
        "{header:x-a}{body}{header:x-b}",
        "{header:x-a}{sha256hex:body}{header:x-b}",
        "{header:x-a}{url}{body}",
        "{url}{header:x-a}",
        "{url}{path_query}{body}",
        "{url}{sorted_form}.{header:x-a}",
        "{header:x-a}{sorted_form}",
        "{method}{header:x-a}{body}",
        "{field:h}{headers_named_by:h}{body}",
        "{field:h}.{headers_named_by:h}{header:x-a}",
    ] {
        let error = verifier(template).expect_err(template).to_string();
        assert!(error.contains("is ambiguous"), "{template}: {error}");
    }
    for template in [
        "{header:x-a}.{header:x-b}.{body}",
        "{header:x-a}{ts}{body}",
        "{body}{ts}{header:x-a}",
        "{body}.{header:x-a}.{ts}",
        "{header:x-a}{sha256hex:body}",
        "{header:x-a}{ts}{sha256hex:body}{ts}",
        "{method}{url}{body}{ts}",
        "{method}{path_query} {body}",
        "{url}\n{body}",
        "{url}.{body}",
        "{url}{sorted_form}",
        "{method} {path_query}|{sha256hex:body}.{header:x-a}",
        "{url}.{header:x-a}",
        "{field:h}.{headers_named_by:h}.{body}",
        "{body}.{field:h}.{headers_named_by:h}",
    ] {
        verifier(template).expect(template);
    }
}

/// For each valid short template, the layer accepts at most one of the short requests with the same signed content.
#[tokio::test]
async fn no_two_accepted_requests_have_the_same_signed_content() {
    const PARTS: [&str; 8] =
        ["{header:x-a}", "{header:x-b}", "{ts}", "{method}", "{path_query}", "{body}", ".", "1"];
    let texts = ["1", ".", "{", "1.", ".1", "1{", "{}", "[1]", "7.1", "17.1", "1.{}", "71", "1700000000"];
    let bodies = [
        "",
        "1",
        ".",
        "{}",
        "1.",
        "[1]",
        "7.1",
        "1.{}",
        ".{}",
        "{}1",
        "00000.1",
        "1700000000{}",
        "{}1700000000",
    ];
    let choices = |part: &'static str| -> Vec<&'static str> {
        match part {
            "{header:x-a}" | "{header:x-b}" => texts.to_vec(),
            "{ts}" => vec!["1700000000", "1170000000", "170000000", "17000000001", "11700000000"],
            "{method}" => vec!["GET", "GE", "G1"],
            "{path_query}" => vec!["/", "/1", "/.", "/1.", "/{}", "/1{}", "/1700000000"],
            "{body}" => bodies.to_vec(),
            literal => vec![literal],
        }
    };
    let mut templates: Vec<Vec<&str>> = vec![vec![]];
    let mut all = Vec::new();
    for _ in 0..3 {
        let longer = |template: &Vec<&'static str>| {
            let parts = PARTS.into_iter().filter(|part| !template.contains(part));
            parts.map(|part| [template.as_slice(), &[part]].concat()).collect::<Vec<_>>()
        };
        templates = templates.iter().flat_map(longer).collect();
        all.extend(templates.clone());
    }

    let (mut built, mut ambiguous) = (0, 0);
    for template in &all {
        let mut scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs(&template.concat());
        if template.contains(&"{ts}") {
            scheme = scheme.timestamp("header:x-ts", TimeUnit::Seconds).tolerance(None, 300);
        }
        let Ok(verifier) = scheme.verifier("acme", secret("secret")) else { continue };
        built += 1;
        let mut requests: Vec<Vec<&str>> = vec![vec![]];
        for part in template {
            let choices = choices(part);
            let with = |request: &Vec<&'static str>| {
                choices.iter().map(|choice| [request.as_slice(), &[*choice]].concat()).collect::<Vec<_>>()
            };
            requests = requests.iter().flat_map(with).collect();
        }
        let mut by_text: HashMap<String, Vec<Vec<&str>>> = HashMap::new();
        for request in requests {
            by_text.entry(request.concat()).or_default().push(request);
        }
        let layer = WebhookLayer::with_verifier(verifier).without_dedupe();
        for (text, requests) in by_text.iter().filter(|(_, requests)| requests.len() > 1).take(60) {
            ambiguous += 1;
            let mut accepted = Vec::new();
            for values in requests {
                let value = |name: &str| template.iter().position(|part| *part == name).map(|at| values[at]);
                let mut request = Request::builder()
                    .method(value("{method}").unwrap_or("POST"))
                    .uri(value("{path_query}").unwrap_or("/"))
                    .header("x-signature", tag(text));
                for (name, part) in [("x-a", "{header:x-a}"), ("x-b", "{header:x-b}"), ("x-ts", "{ts}")] {
                    request = request.header(name, value(part).unwrap_or("1700000000"));
                }
                let request =
                    request.body(Full::from(value("{body}").unwrap_or_default().to_owned())).unwrap();
                match send_through(layer.clone(), request).await {
                    Ok(_) => accepted.push(values),
                    // A timestamp of eleven digits is far in the future, and therefore stale.
                    Err(Kind::MalformedSignature | Kind::StaleTimestamp) => {}
                    Err(kind) => panic!("{kind:?}: {template:?} {values:?}"),
                }
            }
            assert!(accepted.len() < 2, "`{text}` of {template:?} is accepted as {accepted:?}");
        }
    }
    assert!(built > 200 && ambiguous > 1_000, "{built} templates, {ambiguous} texts");
}

#[tokio::test]
async fn only_the_last_of_the_named_headers_may_contain_dots() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex)
        .list(",")
        .pairs("=", ["v1"])
        .signs("{field:h}.{headers_named_by:h}.{body}");
    let send = async |text: &str, id: &str, kind: &str, body: &str| {
        let signature = format!("h=x-id x-kind,v1={}", tag(format!("x-id x-kind.{text}")));
        let headers = [("x-signature", &*signature), ("x-id", id), ("x-kind", kind)];
        send(&scheme, secret("secret"), post(&headers, body)).await
    };
    let text = r#"7.user.created.{"a":1.5}"#;
    assert_eq!(send(text, "7", "user.created", r#"{"a":1.5}"#).await, Ok(String::new()));
    for (id, kind, body) in [
        ("7.user", "created", r#"{"a":1.5}"#),
        ("7", r#"user.created.{"a":1"#, "5}"),
        ("7", "user", r#"created.{"a":1.5}"#),
    ] {
        assert_eq!(send(text, id, kind, body).await, Err(Kind::MalformedSignature), "{id} {kind} {body}");
    }
    assert_eq!(send("7.user.created.text", "7", "user.created", "text").await, Err(Kind::MalformedSignature));
}

#[test]
fn base64url_of_the_body_needs_a_separator_of_its_own() {
    let scheme = |template: &str| {
        let scheme = Scheme::hmac_sha256("x-sig", Encoding::Hex).signs(template);
        scheme.verifier("acme", "secret".parse::<Secret>().unwrap()).map(drop)
    };
    assert!(scheme("{base64url:body}{header:x-a}").is_err());
    scheme("{base64url:body}.{header:x-a}").unwrap();
    scheme("{header:x-a}.{base64url:body}").unwrap();
}
