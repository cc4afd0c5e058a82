//! The access check of the page's data. It keeps out other pages in the user's browser, and clients behind a proxy.

use std::net::{IpAddr, SocketAddr};

use axum::http::{StatusCode, Version, header, request::Parts, uri::Authority};

/// The host names under which the page is available.
///
/// Other names are rejected, because an attacker can make a domain name resolve to this machine (DNS rebinding). A
/// page that the browser loaded from that name before could then read the inspector's data. IP addresses cannot be
/// rebound.
pub(super) struct Hosts {
    listening: SocketAddr,
    /// The host of the option `--listen`, which may be a name.
    listen_host: String,
}

/// The headers that proxies and tunnels add.
const PROXY_HEADERS: [&str; 13] = [
    "cf-connecting-ip",
    "forwarded",
    "ngrok-trace-id",
    "true-client-ip",
    "via",
    "x-envoy-external-address",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-original-host",
    "x-real-ip",
];

impl Hosts {
    pub(super) fn new(listening: SocketAddr, listen_host: &str) -> Self {
        let name = listen_host.rsplit_once(':').map_or(listen_host, |(host, _)| host);
        Self { listening, listen_host: name.to_lowercase() }
    }

    /// Rejects requests that have another host, come through a proxy, or come from another origin.
    pub(super) fn check(&self, head: &Parts) -> Result<(), (StatusCode, String)> {
        let Parts { uri, headers, version, .. } = head;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = uri.authority().map(Authority::as_str).or(text(header::HOST)).unwrap_or_default();
        if !self.is_own_host(host) {
            let address = self.listening;
            return Err((
                StatusCode::FORBIDDEN,
                format!("This page is only available at http://{address} or at localhost.\n"),
            ));
        }
        // A tunnel for the provider is open to the public, and may rewrite the host header to localhost. nginx uses
        // HTTP/1.0 and adds no header unless it is configured to; no browser uses HTTP/1.0.
        let is_proxied =
            *version < Version::HTTP_11 || PROXY_HEADERS.iter().any(|name| headers.contains_key(*name));
        if is_proxied {
            return Err((StatusCode::FORBIDDEN, "This page is not available through a proxy.\n".to_owned()));
        }
        // Browsers send the origin of a request. Other clients, such as `curl`, need not.
        let is_same =
            |origin: &str| origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host));
        let is_cross_origin = (headers.contains_key(header::ORIGIN)
            && !text(header::ORIGIN).is_some_and(is_same))
            || headers
                .get("sec-fetch-site")
                .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
        match is_cross_origin {
            true => Err((StatusCode::FORBIDDEN, "Requests from other origins are not allowed.\n".to_owned())),
            false => Ok(()),
        }
    }

    fn is_own_host(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<Authority>() else { return false };
        let name = host.host().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        let ours = self.listening.ip();
        match name.parse::<IpAddr>() {
            // The inspector listens on every address of the machine.
            Ok(_) if ours.is_unspecified() => true,
            Ok(ip) => ip == ours,
            Err(_) => name == "localhost" || name == self.listen_host,
        }
    }
}
