//! What a proxy says of the URL that was called, believed of those proxies alone that were named.

use std::{net::IpAddr, sync::Arc};

use http::{
    HeaderName,
    header::{self, HeaderMap},
    request::Parts,
};

static HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The proxies in front of the service, and how to tell that a request came from one.
#[derive(Clone)]
pub(crate) struct Proxies {
    pub(crate) addresses: Arc<[IpAddr]>,
    pub(crate) peer: Peer,
}

type Peer = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;

impl Proxies {
    /// The URL that was called, as the proxy says; `None` if the request is not from a named one,
    /// or it says nothing.
    pub(crate) fn called_url(&self, head: &Parts) -> Option<String> {
        // A socket for both kinds of addresses names an IPv4 peer as IPv6 does.
        let peer = (self.peer)(head)?.to_canonical();
        if !self.addresses.contains(&peer) {
            return None;
        }
        let host = last(&head.headers, &HOST).or_else(|| last(&head.headers, &header::HOST))?;
        let proto = last(&head.headers, &PROTO).unwrap_or("https");
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        Some(format!("{proto}://{host}{path}"))
    }
}

/// The last item of a header's list: what the nearest proxy added. The others may be the sender's.
fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    value.rsplit(',').next().map(str::trim).filter(|item| !item.is_empty())
}
