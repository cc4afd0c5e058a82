//! Access control of the page's routes: only the page itself may read requests and send test events.

use super::*;

const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "/page/about", ""),
    ("GET", "/page/sample", ""),
    ("GET", "/page/requests/1", ""),
    ("GET", "/page/events", ""),
    ("DELETE", "/page/requests", ""),
    ("POST", "/page/send", r#"{"scenario": "valid"}"#),
    ("POST", "/page/curl", r#"{"scenario": "valid"}"#),
    ("POST", "/page/requests/1/test", "{}"),
    ("POST", "/page/export", "{}"),
    ("POST", "/page/event-type", r#"{"body": "{}"}"#),
    ("POST", "/page/requests/1/send", r#"{"how": "as_received"}"#),
    ("POST", "/page/requests/1/curl", r#"{"how": "as_received"}"#),
];

#[test]
fn requests_with_a_foreign_host_are_rejected() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let port = inspector.address().port();
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "127.0.0.2",
        "[::1]",
        "",
        "127.0.0.1@evil.example",
        "a b",
    ] {
        for &(method, path, body) in ROUTES {
            for host in [host.to_owned(), format!("{host}:{port}")] {
                let answer = Request::page_at(&host, method, path, body).send(inspector.address());
                // Invalid host names are rejected with a 400 before the check.
                assert!(matches!(answer.status(), Some(400 | 403)), "{host} {path}: {}", answer.0);
            }
        }
    }
    for host in ["localhost", "LocalHost:9000", "127.0.0.1"] {
        let answer = Request::page_at(host, "GET", "/page/about", "").send(inspector.address());
        assert_eq!(answer.status(), Some(200), "{host}");
    }
    // No test event was sent, so there must be no line.
}

#[test]
fn other_sites_cannot_send_test_events() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let own = format!("http://{}", inspector.address());
    let send = |headers: &[(&str, &str)]| {
        let mut request =
            Request::page(inspector.address(), "POST", "/page/send", r#"{"scenario": "valid"}"#);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        request.send(inspector.address())
    };
    for from_elsewhere in [
        [("origin", "https://evil.example"), ("x-a", "a")],
        [("origin", "null"), ("x-a", "a")],
        [("origin", "http://\u{e9}"), ("x-a", "a")],
        [("origin", "http://127.0.0.1:1"), ("x-a", "a")],
        [("origin", &own), ("sec-fetch-site", "cross-site")],
        [("sec-fetch-site", "same-site"), ("x-a", "a")],
        // A tunnel that rewrites the host to localhost.
        [("x-forwarded-for", "192.0.2.1"), ("x-forwarded-host", "abc.tunnel.example")],
        [("via", "1.1 proxy"), ("x-a", "a")],
        [("x-real-ip", "192.0.2.1"), ("x-a", "a")],
        [("cf-connecting-ip", "192.0.2.1"), ("x-a", "a")],
    ] {
        let answer = send(&from_elsewhere);
        assert_eq!(answer.status(), Some(403), "{from_elsewhere:?}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    // A form of another site can post text but not JSON.
    let form = Request::unsigned(r#"{"scenario": "valid"}"#).header("content-type", "text/plain");
    let form = form.addressed(inspector.address(), "/page/send");
    assert_eq!(form.send(inspector.address()).status(), Some(415));
    // A CORS preflight request is not allowed.
    for path in ["/page/send", "/page/requests"] {
        let preflight =
            Request::page(inspector.address(), "OPTIONS", path, "").header("origin", "https://evil.example");
        assert_eq!(preflight.send(inspector.address()).header("access-control-allow-origin"), None);
    }

    assert_eq!(send(&[("origin", &own), ("sec-fetch-site", "same-origin")]).status(), Some(200));
    assert_line!(inspector.line(), outcome: "accepted");
}

/// nginx sends HTTP/1.0 to its upstream, and adds no header unless it is configured to.
#[test]
fn requests_over_http_1_0_are_rejected() {
    let inspector = Inspector::start(&["--secret", SECRET]);
    let mut client = Connection::open(inspector.address());
    client.write(format!("GET /page/about HTTP/1.0\r\nhost: {}\r\n\r\n", inspector.address()).as_bytes());
    assert!(client.answer().0.starts_with("HTTP/1.0 403"));
}

#[test]
fn a_listener_on_all_addresses_accepts_every_ip_address_as_host() {
    let inspector = Inspector::start(&["--secret", SECRET, "--listen", "0.0.0.0:0"]);
    let port = inspector.address().port();
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    for (host, status) in [("192.0.2.1", 200), ("localhost", 200), ("evil.example", 403)] {
        let answer = Request::page_at(host, "GET", "/page/about", "").send(to);
        assert_eq!(answer.status(), Some(status), "{host}");
    }
    let answer = Request::page(to, "POST", "/page/send", r#"{"scenario": "valid"}"#).send(to);
    assert_eq!(answer.status(), Some(200), "{}", answer.0);
    assert_line!(inspector.line(), outcome: "accepted");
}
