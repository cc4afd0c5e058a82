//! The URL of a request, as the provider called it.

use std::{borrow::Cow, net::Ipv6Addr};

use http::{HeaderValue, header, request::Parts, uri::PathAndQuery};

use super::forwarded::Proxies;
use crate::verify::{RequestContext, VerifyError};

/// The source of the URL that the provider called.
#[derive(Clone, Copy)]
pub(crate) enum UrlSource<'a> {
    /// The request itself.
    Request,
    /// The `public_url`, which the provider is configured with.
    PublicUrl(&'a str),
    /// The headers of these proxies, for requests that come from one of them.
    Proxies(&'a Proxies),
}

/// Returns the URL that the provider called.
pub(crate) fn called_url(request: &RequestContext<'_>) -> Result<String, VerifyError> {
    Ok(url_pieces(request)?.concat())
}

/// Returns the URL that the provider called, in pieces. All verifiers that need the URL use this function.
///
/// The query is the request's own, so that a signature over the URL covers the parameters that handlers read.
/// Unless configured otherwise, the scheme is `https`, because the scheme in the URI is that of the
/// connection from the last proxy.
pub(crate) fn url_pieces<'a>(request: &RequestContext<'a>) -> Result<[&'a str; 4], VerifyError> {
    let head = request.head();
    let forwarded = match request.url_source() {
        UrlSource::PublicUrl(url) => return given_url(url, head.uri.query()),
        UrlSource::Proxies(proxies) => proxies.forwarded(head),
        UrlSource::Request => None,
    };
    let (proto, host) = forwarded.map_or((None, None), |forwarded| (forwarded.proto, forwarded.host));
    let scheme = match proto {
        None => "https://",
        Some(proto) if proto.eq_ignore_ascii_case(b"https") => "https://",
        Some(proto) if proto.eq_ignore_ascii_case(b"http") => "http://",
        Some(_) => return Err(VerifyError::malformed("`x-forwarded-proto` is neither `http` nor `https`")),
    };
    let host = match host {
        Some(host) => host_and_port(host)
            .ok_or(VerifyError::malformed("`x-forwarded-host` is not a host with an optional port"))?,
        None => own_host(head)?,
    };
    let [slash, target] = own_target(head)?;
    Ok([scheme, host, slash, target])
}

/// Returns the URL that the provider called, after decoding the escapes that HubSpot decodes before it signs.
///
/// In the path, `/` and `?` stay escaped: if they were decoded, the signature would be valid for another
/// route. In the query, all of these escapes are decoded, because none of the characters separates
/// parameters.
///
/// # Errors
///
/// Returns an error if the URL has no such escape.
pub(crate) fn unescaped_url(request: &RequestContext<'_>) -> Result<String, VerifyError> {
    const DECODED: &[u8] = b":/?@!$'()*,;";
    let url = called_url(request)?;
    let query = url.find('?').unwrap_or(url.len());
    let mut unescaped = String::with_capacity(url.len());
    let mut rest = &*url;
    while let Some((before, after)) = rest.split_once('%') {
        unescaped.push_str(before);
        let at = url.len() - after.len();
        let byte = after.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let decoded = byte.filter(|byte| DECODED.contains(byte) && (at > query || !b"/?".contains(byte)));
        rest = match (decoded, after.get(2..)) {
            (Some(byte), Some(tail)) => {
                unescaped.push(byte.into());
                tail
            }
            _ => {
                unescaped.push('%');
                after
            }
        };
    }
    unescaped.push_str(rest);
    match unescaped.len() == url.len() {
        true => Err(VerifyError::malformed("URL has no escapes to decode")),
        false => Ok(unescaped),
    }
}

/// Returns the path and the query that the provider called.
pub(crate) fn called_path(request: &RequestContext<'_>) -> Result<String, VerifyError> {
    match request.url_source() {
        UrlSource::PublicUrl(_) => Ok(after_host(&called_url(request)?).to_owned()),
        _ => Ok(own_target(request.head())?.concat()),
    }
}

/// Returns the URL that the provider is configured with, without parameters that the provider may add. `None`
/// if there is neither a public URL nor a trusted proxy that the request came from.
#[cfg_attr(not(feature = "asymmetric"), allow(dead_code, reason = "only eBay signs it"))]
pub(crate) fn endpoint_url<'a>(request: &RequestContext<'a>) -> Option<Cow<'a, str>> {
    match request.url_source() {
        UrlSource::PublicUrl(url) => Some(Cow::Borrowed(url)),
        UrlSource::Proxies(proxies) => {
            proxies.forwarded(request.head())?;
            let mut url = called_url(request).ok()?;
            url.truncate(url.find('?').unwrap_or(url.len()));
            Some(Cow::Owned(url))
        }
        UrlSource::Request => None,
    }
}

/// Returns a public URL with the query of the request. Some providers append parameters, and some sign the
/// parameters in another order than they send them.
fn given_url<'a>(url: &'a str, query: Option<&'a str>) -> Result<[&'a str; 4], VerifyError> {
    let Some((base, given)) = url.split_once('?') else {
        let (mark, query) = query.map_or(("", ""), |query| ("?", query));
        return Ok([url, mark, query, ""]);
    };
    let query = query.unwrap_or_default();
    let rest = query.strip_prefix(given).filter(|rest| rest.is_empty() || rest.starts_with('&'));
    match rest {
        Some(rest) => Ok([base, "?", given, rest]),
        None if by_name(query) == by_name(given) => Ok([base, "?", given, ""]),
        None => Err(VerifyError::wrong("query differs from that of `public_url`")),
    }
}

/// Returns the raw parameters of a query, sorted by name. Parameters of the same name keep their order,
/// because it determines which of them handlers read.
fn by_name(query: &str) -> Vec<&str> {
    let mut parameters: Vec<_> = query.split('&').collect();
    parameters.sort_by_key(|parameter| parameter.split_once('=').map_or(*parameter, |(name, _)| name));
    parameters
}

/// Returns the request's own host: from the URI, which takes precedence (RFC 9112, section 3.2.2), or from
/// `host`.
fn own_host(head: &Parts) -> Result<&str, VerifyError> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let header = hosts.next().map(HeaderValue::as_bytes);
    // Several `host` headers are never valid, even if they are equal (RFC 9112, section 3.2).
    if hosts.next().is_some() {
        return Err(VerifyError::malformed("`host` header is repeated"));
    }
    let authority = head.uri.authority().map(|authority| authority.as_str().as_bytes());
    let host = authority.or(header).ok_or(VerifyError::missing_header(&header::HOST))?;
    host_and_port(host).ok_or(VerifyError::malformed("`host` is not a host with an optional port"))
}

/// Returns the text if it is `host` or `host:port`. Anything else could contain a user or a part of the path.
fn host_and_port(text: &[u8]) -> Option<&str> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte);
    let is_port = |port: &[u8]| (1..=5).contains(&port.len()) && port.iter().all(u8::is_ascii_digit);
    let host = std::str::from_utf8(text).ok()?;
    let end = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, _) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            address.len() + 2
        }
        None => text.iter().take_while(|byte| is_of_name(byte)).count(),
    };
    match text.get(end..)? {
        _ if end == 0 => None,
        [] => Some(host),
        [b':', port @ ..] => is_port(port).then_some(host),
        _ => None,
    }
}

/// Returns the request's own path and query, with the slash that a URI may omit.
fn own_target(head: &Parts) -> Result<[&str; 2], VerifyError> {
    match head.uri.path_and_query().map(PathAndQuery::as_str) {
        Some(target) if target.starts_with('/') => Ok(["", target]),
        Some(target) if target.starts_with('?') => Ok(["/", target]),
        // `*`, or the authority of a `CONNECT`.
        _ => Err(VerifyError::malformed("request URI has no path")),
    }
}

/// Returns the part of a URL after its host.
fn after_host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{net::IpAddr, sync::Arc};

    use http::Request;

    use super::*;
    use crate::BoxError;

    fn head(uri: &str, hosts: &[&str]) -> Result<Parts, BoxError> {
        let (mut head, ()) = Request::new(()).into_parts();
        head.uri = uri.parse()?;
        for host in hosts {
            head.headers.append(header::HOST, host.parse()?);
        }
        Ok(head)
    }

    fn behind_proxy(proto: Option<&str>, host: Option<&str>) -> Result<Parts, BoxError> {
        let mut head = head("/in?a=b", &["10.0.0.7:8080"])?;
        for (name, value) in [("x-forwarded-proto", proto), ("x-forwarded-host", host)] {
            if let Some(value) = value {
                head.headers.insert(name, value.parse()?);
            }
        }
        Ok(head)
    }

    fn every_proxy() -> Proxies {
        let address = IpAddr::from([10, 0, 0, 1]);
        Proxies { addresses: [address].into(), peer: Arc::new(move |_| Some(address)) }
    }

    /// Returns the URL, or the error's text.
    fn called(request: &RequestContext<'_>) -> Result<String, String> {
        called_url(request).map_err(|error| error.to_string())
    }

    #[test]
    fn escapes_that_would_change_the_path_are_not_decoded() -> Result<(), BoxError> {
        const NONE: Result<&str, &str> = Err("URL has no escapes to decode");
        for (uri, expected) in [
            ("/in?a=%2Fb%3F%2C", Ok("https://shop.example/in?a=/b?,")),
            ("/a%2Fb%3Fc%2C?d%2F", Ok("https://shop.example/a%2Fb%3Fc,?d/")),
            ("/in?%zz%40%", Ok("https://shop.example/in?%zz@%")),
            ("/a%2Fb%3Fc?d", NONE),
            ("/in?a=%26%3D%20", NONE),
            ("/in?a=%4", NONE),
        ] {
            let head = head(uri, &["shop.example"])?;
            let unescaped = unescaped_url(&RequestContext::new(&head)).map_err(|error| error.to_string());
            assert_eq!(unescaped.as_deref().map_err(String::as_str), expected, "{uri}");
        }
        Ok(())
    }

    #[test]
    fn called_url_has_https_a_valid_host_and_the_requests_path_and_query() -> Result<(), BoxError> {
        const NO_HOST: Result<&str, &str> = Err("`host` is not a host with an optional port");
        const SEVERAL: Result<&str, &str> = Err("`host` header is repeated");
        const NO_PATH: Result<&str, &str> = Err("request URI has no path");
        for (uri, hosts, expected) in [
            // HTTP/1.1.
            ("/in", &["shop.example"][..], Ok("https://shop.example/in")),
            ("/in?a=b&c=%20", &["shop.example"], Ok("https://shop.example/in?a=b&c=%20")),
            ("/in?", &["shop.example"], Ok("https://shop.example/in?")),
            ("/", &["shop.example"], Ok("https://shop.example/")),
            ("//evil.example/in", &["shop.example"], Ok("https://shop.example//evil.example/in")),
            ("/in#there", &["shop.example"], Ok("https://shop.example/in")),
            ("*", &["shop.example"], NO_PATH),
            // HTTP/2, with and without TLS, and HTTP/1.1 to a proxy.
            ("https://shop.example/in?a", &[], Ok("https://shop.example/in?a")),
            ("http://shop.example/in?a", &[], Ok("https://shop.example/in?a")),
            ("http://shop.example/in", &["shop.example"], Ok("https://shop.example/in")),
            ("http://shop.example/in", &["SHOP.example"], Ok("https://shop.example/in")),
            ("https://shop.example", &[], Ok("https://shop.example/")),
            ("https://shop.example?a=b", &[], Ok("https://shop.example/?a=b")),
            ("https://shop.example/in#there", &[], Ok("https://shop.example/in")),
            ("https://shop.example/in", &["other.example"], Ok("https://shop.example/in")),
            ("https://shop.example/in", &["shop.example:443"], Ok("https://shop.example/in")),
            ("https://shop.example/in", &["shop.example", "shop.example"], SEVERAL),
            ("shop.example:443", &[], NO_PATH),
            // User information.
            ("https://user:pass@shop.example/in", &[], NO_HOST),
            ("/in", &["user@shop.example"], NO_HOST),
            ("/in", &["user:pass@shop.example"], NO_HOST),
            // Names and IPv4 addresses.
            ("/in", &["Shop.Example"], Ok("https://Shop.Example/in")),
            ("/in", &["shop_1.example."], Ok("https://shop_1.example./in")),
            ("/in", &["10.0.0.7"], Ok("https://10.0.0.7/in")),
            ("/in", &[], Err("`host` header is missing")),
            ("/in", &["shop.example", "shop.example"], SEVERAL),
            ("/in", &[""], NO_HOST),
            ("/in", &["shop.example/test"], NO_HOST),
            ("/in", &["shop.example?a=b"], NO_HOST),
            ("/in", &["shop.example#a"], NO_HOST),
            ("/in", &["shop.example other"], NO_HOST),
            ("/in", &["shop\\.example"], NO_HOST),
            // Ports.
            ("/in", &["shop.example:443"], Ok("https://shop.example:443/in")),
            ("/in", &["shop.example:8443"], Ok("https://shop.example:8443/in")),
            ("/in", &["10.0.0.7:80"], Ok("https://10.0.0.7:80/in")),
            ("/in", &["shop.example:"], NO_HOST),
            ("/in", &["shop.example:8443a"], NO_HOST),
            ("/in", &["shop.example:844311"], NO_HOST),
            ("/in", &[":8443"], NO_HOST),
            // IPv6 addresses.
            ("/in", &["[2001:db8::7]"], Ok("https://[2001:db8::7]/in")),
            ("/in", &["[::1]:8443"], Ok("https://[::1]:8443/in")),
            ("https://[::1]:8443/in", &[], Ok("https://[::1]:8443/in")),
            ("/in", &["::1"], NO_HOST),
            ("/in", &["[::1"], NO_HOST),
            ("/in", &["[]"], NO_HOST),
            ("/in", &["[shop.example]"], NO_HOST),
            ("/in", &["[::1]/test"], NO_HOST),
            ("/in", &["[::1]8443"], NO_HOST),
        ] {
            let called = called(&RequestContext::new(&head(uri, hosts)?));
            assert_eq!(called.as_deref().map_err(|error| &**error), expected, "{uri} {hosts:?}");
        }
        Ok(())
    }

    #[test]
    fn a_public_url_has_the_query_of_the_request() -> Result<(), BoxError> {
        const ANOTHER: Result<&str, &str> = Err("query differs from that of `public_url`");
        for (uri, url, expected) in [
            ("/inner", "https://shop.example/in", Ok("https://shop.example/in")),
            ("/inner?", "https://shop.example/in", Ok("https://shop.example/in?")),
            ("/inner?a=b", "https://shop.example/in", Ok("https://shop.example/in?a=b")),
            ("/inner?a=b", "https://shop.example/in?a=b", Ok("https://shop.example/in?a=b")),
            ("/inner?a=b&c", "https://shop.example/in?a=b", Ok("https://shop.example/in?a=b&c")),
            ("/inner", "http://user:pass@shop.example", Ok("http://user:pass@shop.example")),
            ("/inner", "https://shop.example/in?a=b", ANOTHER),
            ("/inner?", "https://shop.example/in?a=b", ANOTHER),
            ("/inner?a=c", "https://shop.example/in?a=b", ANOTHER),
            ("/inner?a=bc", "https://shop.example/in?a=b", ANOTHER),
            ("/inner?c&a=b", "https://shop.example/in?a=b", ANOTHER),
            ("/inner?a=2&b=1", "https://shop.example/in?b=1&a=2", Ok("https://shop.example/in?b=1&a=2")),
            ("/inner?a=2&b=1&a=1", "https://shop.example/in?b=1&a=1&a=2", ANOTHER),
            ("/inner?a=2&b=1&c", "https://shop.example/in?b=1&a=2", ANOTHER),
            ("/inner?a=2", "https://shop.example/in?a=2&a=2", ANOTHER),
            ("/inner?a=2", "https://shop.example/in?", ANOTHER),
            ("/inner?A=b", "https://shop.example/in?a=b", ANOTHER),
        ] {
            let head = head(uri, &["10.0.0.7:8080"])?;
            let called = called(&RequestContext::new(&head).public_url(url));
            assert_eq!(called.as_deref().map_err(|error| &**error), expected, "{uri} {url}");
        }
        Ok(())
    }

    #[test]
    fn forwarded_headers_set_only_scheme_and_host() -> Result<(), BoxError> {
        const NO_PROTO: Result<&str, &str> = Err("`x-forwarded-proto` is neither `http` nor `https`");
        const NO_HOST: Result<&str, &str> = Err("`x-forwarded-host` is not a host with an optional port");
        for (proto, host, expected) in [
            (None, None, Ok("https://10.0.0.7:8080/in?a=b")),
            (Some("http"), None, Ok("http://10.0.0.7:8080/in?a=b")),
            (None, Some("shop.example"), Ok("https://shop.example/in?a=b")),
            (Some("HTTPS"), Some("[::1]:81"), Ok("https://[::1]:81/in?a=b")),
            (Some("https://shop.example/x?"), None, NO_PROTO),
            (Some("wss"), Some("shop.example"), NO_PROTO),
            (Some(""), Some("shop.example"), NO_PROTO),
            (Some("https"), Some("shop.example/test"), NO_HOST),
            (Some("https"), Some("user@shop.example"), NO_HOST),
            (None, Some(""), NO_HOST),
        ] {
            let head = behind_proxy(proto, host)?;
            let called = called(&RequestContext::new(&head).through_proxies(&every_proxy()));
            assert_eq!(called.as_deref().map_err(|error| &**error), expected, "{proto:?} {host:?}");
        }
        Ok(())
    }

    #[test]
    fn a_called_path_needs_no_host() -> Result<(), BoxError> {
        let own = |uri, hosts| -> Result<_, BoxError> {
            Ok(called_path(&RequestContext::new(&head(uri, hosts)?))?)
        };
        assert_eq!(own("/in?a=b", &[])?, "/in?a=b");
        assert_eq!(own("/in", &["shop.example/test"])?, "/in");
        assert_eq!(own("https://shop.example?a", &[])?, "/?a");
        let given = |uri, url| -> Result<_, BoxError> {
            Ok(called_path(&RequestContext::new(&head(uri, &[])?).public_url(url))?)
        };
        assert_eq!(given("/inner?a=b", "https://shop.example/in")?, "/in?a=b");
        assert_eq!(given("/inner", "https://shop.example")?, "");
        let (head, proxies) = (behind_proxy(Some("http"), Some("shop.example"))?, every_proxy());
        assert_eq!(called_path(&RequestContext::new(&head).through_proxies(&proxies))?, "/in?a=b");
        Ok(())
    }

    #[test]
    fn endpoint_url_omits_what_the_provider_adds() -> Result<(), BoxError> {
        let asked = head("/inner?a=b&code=1", &["shop.example"])?;
        let given = RequestContext::new(&asked).public_url("https://shop.example/in?a=b");
        assert_eq!(endpoint_url(&given).as_deref(), Some("https://shop.example/in?a=b"));
        let (forwarded, proxies) = (behind_proxy(None, Some("shop.example"))?, every_proxy());
        let forwarded = RequestContext::new(&forwarded).through_proxies(&proxies);
        assert_eq!(endpoint_url(&forwarded).as_deref(), Some("https://shop.example/in"));
        assert_eq!(endpoint_url(&RequestContext::new(&asked)), None);
        Ok(())
    }
}
