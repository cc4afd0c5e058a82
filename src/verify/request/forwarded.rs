//! The scheme and host that a proxy was called by, believed only of the proxies that were named.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderName, header::HeaderMap, request::Parts};

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
    /// Returns the scheme and the host that the proxy was called by, or `None` if the request does not come
    /// from one of these proxies.
    pub(super) fn forwarded<'a>(&self, head: &'a Parts) -> Option<Forwarded<'a>> {
        // A socket for both kinds of addresses names an IPv4 peer as IPv6 does.
        let peer = (self.peer)(head)?.to_canonical();
        self.addresses
            .contains(&peer)
            .then(|| Forwarded { proto: last(&head.headers, &PROTO), host: last(&head.headers, &HOST) })
    }
}

/// The scheme and the host that a proxy was called by, where it names them.
pub(super) struct Forwarded<'a> {
    pub(super) proto: Option<&'a [u8]>,
    pub(super) host: Option<&'a [u8]>,
}

/// The last item of a header's list: what the nearest proxy added. The others may be the sender's.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let value = headers.get_all(name).iter().next_back()?;
    value.as_bytes().rsplit(|&byte| byte == b',').next().map(<[u8]>::trim_ascii)
}
