//! Forward mode, with a service over HTTP.

use super::{page::details, service::Service, *};

fn start(service: &Service, options: &[&str]) -> Inspector {
    let url = service.url("/hooks?token=t0ken");
    Inspector::start(&[&["--secret", SECRET, "--forward", &url], options].concat())
}

#[test]
fn accepted_deliveries_reach_the_service_as_received() {
    let service = Service::answering(
        "201 Created\r\ncontent-length: 5\r\nx-own: 1\r\nx-hop: 2\r\nconnection: close, x-hop\r\n\r\nhello",
    );
    let inspector = start(&service, &["--log-start"]);
    let body = "{\"type\": \"order.paid\",\n \"n\":1.50}";
    let delivery = Request::delivery("msg_1", body)
        .header("x-custom", "kept")
        .header("inspector-delivery-id", "spoofed")
        .header("te", "trailers")
        .query("a=1&status=500");
    let answer = delivery.send(inspector.address());
    assert_eq!((answer.status(), answer.body()), (Some(201), "hello"));
    assert_eq!((answer.header("x-own"), answer.header("x-hop")), (Some("1"), None));

    let request = service.request();
    assert_eq!(request.line, "POST /hooks?token=t0ken&a=1&status=500 HTTP/1.1");
    assert_eq!(request.body, body.as_bytes());
    assert_eq!(request.header("host"), Some(&*service.address().to_string()));
    assert_eq!(request.header("x-custom"), Some("kept"));
    assert_eq!(request.header("webhook-id"), Some("msg_1"));
    assert!(request.header("webhook-signature").unwrap().starts_with("v1,"));
    assert_eq!(request.header("te"), None);
    assert_eq!(request.header("inspector-delivery-id"), Some("msg_1"));
    assert_eq!(request.header("inspector-provider"), Some("standard-webhooks"));
    assert_eq!(request.header("inspector-event-type"), Some("order.paid"));

    assert_line!(inspector.line(), outcome: "started", id: "msg_1");
    let line = inspector.line();
    assert_line!(line.clone(), outcome: "accepted", status: 201, handler: "completed", id: "msg_1");
    assert_line!(line["forward"].clone(), status: 201, error: null);
    let details = details(&inspector, 1);
    let shown = &details["answer"];
    assert_line!(shown.clone(), status: 201, reason: "Created", text: "hello", bytes: 5, truncated: false);
    assert!(!details.to_string().contains("t0ken"), "{details}");

    // A duplicate and a rejected request are not forwarded.
    let again = delivery.send(inspector.address());
    assert_eq!((again.status(), again.header("x-webhook-duplicate")), (Some(200), Some("true")));
    assert_line!(inspector.line(), outcome: "duplicate", forward: null);
    assert_line!(inspector.receive(&Request::unsigned("{}"), 401), outcome: "rejected", forward: null);
    service.assert_no_request();
}

#[test]
fn an_encoded_body_reaches_the_service_encoded() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(b"{\"a\":1}").unwrap();
    let body = encoder.finish().unwrap();
    let service = Service::answering("204 No Content\r\n\r\n");
    let inspector = start(&service, &[]);
    let delivery = Request::delivery("msg_1", &body).header("content-encoding", "gzip");
    let line = inspector.receive(&delivery, 204);
    assert_line!(line, outcome: "accepted", status: 204, payload: {"a": 1});
    let request = service.request();
    assert_eq!(
        (request.body, request.headers.iter().any(|(name, _)| name == "content-encoding")),
        (body, true)
    );
}

#[test]
fn the_status_of_the_service_decides() {
    for (response, status) in [
        ("500 Internal Server Error\r\n\r\nbroken", 500),
        ("410 Gone\r\ncontent-length: 0\r\n\r\n", 410),
        ("302 Found\r\nlocation: http://127.0.0.1:1/elsewhere\r\n\r\n", 302),
    ] {
        let service = Service::answering(response);
        let inspector = start(&service, &[]);
        // The claim is released each time, so each attempt is forwarded.
        for _ in 0..2 {
            let line = inspector.receive(&Request::delivery("msg_1", "{}"), status);
            assert_line!(line, outcome: "accepted", status: status, handler: "failed");
            service.request();
        }
        service.assert_no_request();
    }
}

#[test]
fn an_unreachable_service_is_a_bad_gateway() {
    // An address that refuses connections: its listener is gone.
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://localhost:{}/hooks", refusing.port());
    let closing = Service::answering("");
    let breaking_off = Service::answering("200 OK\r\ncontent-length: 10\r\n\r\nhalf");
    // A server without TLS.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let tls = format!("https://{}/", plain.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in plain.incoming() {
            let _ = std::io::Write::write_all(&mut stream.unwrap(), b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let (unreachable, broken_off) = ("could not be reached", "closed before the end of its response");
    for (url, reason, cause) in [
        (url, "cannot connect: ", unreachable),
        (closing.url("/"), "no complete response: ", broken_off),
        (breaking_off.url("/"), "no complete response: ", broken_off),
        (tls, "cannot connect: ", unreachable),
    ] {
        let inspector = Inspector::start(&["--secret", SECRET, "--forward", &url]);
        for _ in 0..2 {
            let answer = Request::delivery("msg_1", "{}").send(inspector.address());
            assert_eq!((answer.status(), answer.body()), (Some(502), "no response from the service\n"));
            let line = inspector.line();
            assert_line!(line.clone(), outcome: "accepted", status: 502, handler: "failed");
            assert_eq!(line["forward"]["status"], serde_json::Value::Null);
            assert!(line["forward"]["error"].as_str().unwrap().starts_with(reason), "{line}");
        }
        let details = details(&inspector, 1);
        assert!(details["answer"]["error"].as_str().unwrap().starts_with(reason), "{details}");
        assert!(details["hints"].to_string().contains(cause), "{details}");
        assert_eq!(details["headline"], "Verified, but your service failed");
    }
}

#[test]
fn a_slow_service_is_a_gateway_timeout() {
    let service = Service::silent();
    let inspector = start(&service, &["--handler-timeout", "0.5"]);
    let line = inspector.receive(&Request::delivery("msg_1", "{}"), 504);
    service.request();
    assert_line!(line.clone(), outcome: "accepted", status: 504, handler: "failed");
    assert_line!(line["forward"].clone(), status: null, error: "no response within 0.5 s");
    let hints = details(&inspector, 1)["hints"].to_string();
    assert!(hints.contains("did not respond in time") && hints.contains("runs it again"), "{hints}");
    let log = inspector.log_until("answered 504");
    assert!(log.contains("\"msg_1\"") && log.contains(&service.url("/hooks")), "{log}");
    assert!(!log.contains("t0ken"), "{log}");
}

#[test]
fn a_large_response_is_cut_off() {
    let long = "x".repeat(1024 * 1024 + 1);
    let service = Service::answering(format!("200 OK\r\n\r\n{long}"));
    let inspector = start(&service, &[]);
    let answer = Request::delivery("msg_1", "{}").send(inspector.address());
    assert_eq!((answer.status(), answer.body().len()), (Some(200), 1024 * 1024));
    assert_line!(inspector.line(), outcome: "accepted", status: 200, handler: "completed");
    inspector.log_until("response was cut off");
    let shown = details(&inspector, 1)["answer"].clone();
    assert_eq!((shown["text"].as_str().unwrap().len(), &shown["truncated"]), (4096, &true.into()));
}

#[test]
fn targets_must_be_loopback_addresses_without_passwords() {
    let refused = [
        "http://user:hunter2@127.0.0.1/",
        "http://hunter2@127.0.0.1/",
        "ftp://127.0.0.1/hunter2",
        "/hunter2",
        "127.0.0.1:3000",
        "http://",
        "http://127.0.0.1:99999/hunter2",
        "http://[::1/hunter2",
        "http://127.0.0.1/hunter2 x",
    ];
    let elsewhere = [
        "http://example.com/hunter2",
        "https://10.0.0.1/hunter2",
        "http://0.0.0.0/hunter2",
        "http://localhost.example.com/hunter2",
        "http://[::ffff:127.0.0.1]/hunter2",
        "http://127.1/hunter2",
    ];
    for (url, anywhere) in refused
        .iter()
        .flat_map(|url| [(url, false), (url, true)])
        .chain(elsewhere.iter().map(|url| (url, false)))
    {
        let options = ["--forward", url, "--forward-anywhere"];
        let log = refuse(if anywhere { &options } else { &options[..2] });
        assert!(log.starts_with("inspector: --forward: ") && !log.contains("hunter2"), "{url}: {log}");
    }
    for url in elsewhere {
        drop(Inspector::start(&["--forward", url, "--forward-anywhere"]));
    }
    for url in ["http://localhost:1", "http://LOCALHOST/a", "http://127.9.9.9/", "https://[::1]:3000/a?b=c"] {
        drop(Inspector::start(&["--forward", url]));
    }
    refuse(&["--forward-anywhere"]);
}

#[test]
fn scenarios_of_the_inspectors_own_handler_are_not_offered() {
    let service = Service::answering("200 OK\r\n\r\n");
    let inspector = start(&service, &[]);
    let about = inspector.page("GET", "/page/about", "").json();
    assert_eq!(about["forward"], service.url("/hooks"));
    let scenarios = about["scenarios"].as_array().unwrap().iter();
    let missing = scenarios.filter(|scenario| scenario["offered"] == false);
    let missing: Vec<_> = missing.map(|scenario| scenario["id"].as_str().unwrap()).collect();
    assert_eq!(missing, ["handler_fails", "handler_slow", "handler_panics"]);
    service.assert_no_request();
}

#[test]
fn the_inspector_does_not_forward_to_itself() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://localhost:{}/webhook", free.port());
    let log = refuse(&["--listen", &free.to_string(), "--forward", &url]);
    assert!(log.contains("own endpoint"), "{log}");
}

#[test]
fn a_redirect_is_not_followed() {
    let service =
        Service::answering("308 Permanent Redirect\r\nlocation: /hooks/\r\ncontent-length: 0\r\n\r\n");
    let inspector = start(&service, &[]);
    let answer = Request::delivery("msg_1", "{}").send(inspector.address());
    assert_eq!((answer.status(), answer.header("location")), (Some(308), Some("/hooks/")));
    service.request();
    service.assert_no_request();
    assert_line!(inspector.line(), outcome: "accepted", status: 308, handler: "failed");
    let hints = details(&inspector, 1)["hints"].to_string();
    assert!(hints.contains("Redirects are not followed") && hints.contains("trailing slash"), "{hints}");
}
