//! The scheme and host that a proxy was called by, believed only of the proxies that were named.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderName, header::HeaderMap, request::Parts};

use super::url::PublicUrl;

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
    /// Returns what the proxy says of the URL that it was called by; `None` if the request does not come
    /// from a named one.
    pub(crate) fn called(&self, head: &Parts) -> Option<PublicUrl> {
        // A socket for both kinds of addresses names an IPv4 peer as IPv6 does.
        let peer = (self.peer)(head)?.to_canonical();
        self.addresses.contains(&peer).then(|| PublicUrl::Forwarded {
            proto: last(&head.headers, &PROTO),
            host: last(&head.headers, &HOST),
        })
    }
}

/// The last item of a header's list: what the nearest proxy added. The others may be the sender's.
fn last(headers: &HeaderMap, name: &HeaderName) -> Option<Box<[u8]>> {
    let value = headers.get_all(name).iter().next_back()?;
    value.as_bytes().rsplit(|&byte| byte == b',').next().map(|item| item.trim_ascii().into())
}
