//! Signed URLs, and forwarded headers.

use super::*;

#[tokio::test]
async fn the_public_url_is_the_one_that_is_signed() {
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{url}{body}");
    let layer = || WebhookLayer::with_verifier(scheme.verifier("acme", secret("secret")).unwrap());
    let request = |signed: &str| post(&[("x-signature", &tag(format!("{signed}{{}}")))], "{}");
    // The signed URL has the request's query, which must contain all parameters of the public URL.
    for (public_url, signed, judged) in [
        ("https://shop.example/hooks", "https://shop.example/hooks?order=7&token=x", Ok(String::new())),
        (
            "https://shop.example/hooks?order=7",
            "https://shop.example/hooks?order=7&token=x",
            Ok(String::new()),
        ),
        ("https://shop.example/hooks?a=b", "https://shop.example/hooks?a=b", Err(Kind::WrongSignature)),
    ] {
        let given = layer().public_url(public_url);
        assert_eq!(send_through(given, request(signed)).await, judged, "{public_url}");
    }
    // Over HTTP/1 the request has only a path.
    let mut relative = request("https://hooks.example/in?order=7");
    *relative.uri_mut() = "/in?order=7".parse().unwrap();
    relative.headers_mut().insert("host", "hooks.example".parse().unwrap());
    assert_eq!(send_through(layer(), relative).await, Ok(String::new()));
    // Without `trust_forwarded`, forwarded headers are ignored.
    let mut forwarded = request("https://shop.example/hooks?order=7&token=x");
    forwarded.headers_mut().insert("x-forwarded-host", "shop.example".parse().unwrap());
    assert_eq!(send_through(layer(), forwarded).await, Err(Kind::WrongSignature));
}

#[tokio::test]
async fn forwarded_headers_are_trusted_only_from_the_listed_proxies() {
    use std::net::{IpAddr, Ipv4Addr};

    let proxy = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));
    let stranger = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 8));
    let scheme = Scheme::hmac_sha256("x-signature", Encoding::Hex).signs("{url}{body}");
    let layer = WebhookLayer::with_verifier(scheme.verifier("acme", secret("secret")).unwrap())
        .trust_forwarded([proxy], |head| head.extensions.get::<IpAddr>().copied());
    let from = |peer: Option<IpAddr>, forwarded: &[(&str, &str)]| {
        let mut request =
            post(&[("x-signature", &tag("https://shop.example/in?order=7{}")), ("host", "10.0.0.1")], "{}");
        *request.uri_mut() = "/in?order=7".parse().unwrap();
        for (name, value) in forwarded {
            let name: http::HeaderName = name.parse().unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        if let Some(peer) = peer {
            request.extensions_mut().insert(peer);
        }
        request
    };
    let said: &[(&str, &str)] = &[("x-forwarded-host", "shop.example"), ("x-forwarded-proto", "https")];
    let send = async |request| send_through(layer.clone(), request).await;
    assert_eq!(send(from(Some(proxy), said)).await, Ok(String::new()));
    // The address as a dual-stack socket reports it.
    let mapped = Ipv4Addr::new(10, 0, 0, 7).to_ipv6_mapped().into();
    assert_eq!(send(from(Some(mapped), said)).await, Ok(String::new()));
    assert_eq!(send(from(Some(stranger), said)).await, Err(Kind::WrongSignature));
    assert_eq!(send(from(None, said)).await, Err(Kind::WrongSignature));
    // The proxy appends its value to the client's, so only the last value counts.
    let both = &[("x-forwarded-host", "evil.example, shop.example")];
    assert_eq!(send(from(Some(proxy), both)).await, Ok(String::new()));
    let both = &[("x-forwarded-host", "shop.example"), ("x-forwarded-host", "other.example")];
    assert_eq!(send(from(Some(proxy), both)).await, Err(Kind::WrongSignature));
    let in_part = &[("x-forwarded-host", "shop.example/i"), ("x-forwarded-proto", "https")];
    assert_eq!(send(from(Some(proxy), in_part)).await, Err(Kind::MalformedSignature));
    let in_part = &[("x-forwarded-host", "shop.example"), ("x-forwarded-proto", "https://shop.example")];
    assert_eq!(send(from(Some(proxy), in_part)).await, Err(Kind::MalformedSignature));
}
