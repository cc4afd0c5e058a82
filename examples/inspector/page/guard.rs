//! Who may see what the page sees: this machine's browser, at this inspector's own page.

use std::net::{IpAddr, SocketAddr};

use axum::http::{HeaderMap, StatusCode, Uri, header, uri::Authority};

/// The names that the page may be called by.
///
/// A name of somebody else's may be made to lead to this machine (DNS rebinding), and then a page of
/// theirs has the same origin as this one. An address cannot.
pub(super) struct Hosts {
    listening: SocketAddr,
    /// As it was asked for, which may be a name.
    asked_for: String,
}

/// What proxies add to what they pass on.
const PASSED_ON: [&str; 4] = ["x-forwarded-for", "x-forwarded-host", "forwarded", "via"];

impl Hosts {
    pub(super) fn new(listening: SocketAddr, asked_for: &str) -> Self {
        let name = asked_for.rsplit_once(':').map_or(asked_for, |(host, _)| host);
        Self { listening, asked_for: name.to_lowercase() }
    }

    /// Refuses who comes from elsewhere.
    pub(super) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), (StatusCode, String)> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let host = uri.authority().map(Authority::as_str).or(text(header::HOST)).unwrap_or_default();
        if !self.is_ours(host) {
            let address = self.listening;
            return Err((
                StatusCode::FORBIDDEN,
                format!("This page shows its deliveries at http://{address} only, or at localhost.\n"),
            ));
        }
        // A tunnel for the provider's sake may call this by its own name, and is open to everybody.
        if PASSED_ON.iter().any(|name| headers.contains_key(*name)) {
            return Err((StatusCode::FORBIDDEN, "This page is not shown through a proxy.\n".to_owned()));
        }
        // Browsers say which page a request comes from; who is no browser need not.
        let is_same =
            |origin: &str| origin.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host));
        let from_elsewhere = (headers.contains_key(header::ORIGIN)
            && !text(header::ORIGIN).is_some_and(is_same))
            || headers
                .get("sec-fetch-site")
                .is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
        match from_elsewhere {
            true => {
                Err((StatusCode::FORBIDDEN, "Only this inspector's own page may ask for this.\n".to_owned()))
            }
            false => Ok(()),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let Ok(host) = host.parse::<Authority>() else { return false };
        let name = host.host().trim_start_matches('[').trim_end_matches(']').to_lowercase();
        let ours = self.listening.ip();
        match name.parse::<IpAddr>() {
            // Every address of the machine.
            Ok(_) if ours.is_unspecified() => true,
            Ok(ip) => ip == ours,
            Err(_) => name == "localhost" || name == self.asked_for,
        }
    }
}
