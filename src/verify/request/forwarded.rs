//! The scheme and host in a proxy's headers, which count only if the request comes from a trusted proxy.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderName, header::HeaderMap, request::Parts};

static HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The trusted proxies, and the function that returns a request's peer address.
#[derive(Clone)]
pub(crate) struct Proxies {
    pub(crate) addresses: Arc<[IpAddr]>,
    pub(crate) peer: Peer,
}

type Peer = Arc<dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync>;

impl Proxies {
    /// Returns the scheme and the host that the proxy was called with, or `None` if the request does not come
    /// from one of these proxies.
    pub(super) fn forwarded<'a>(&self, head: &'a Parts) -> Option<Forwarded<'a>> {
        // A dual-stack socket reports an IPv4 peer as an IPv6 address.
        let peer = (self.peer)(head)?.to_canonical();
        self.addresses
            .contains(&peer)
            .then(|| Forwarded { proto: last(&head.headers, &PROTO), host: last(&head.headers, &HOST) })
    }
}

/// The scheme and the host in a proxy's headers, if present.
pub(super) struct Forwarded<'a> {
    pub(super) proto: Option<&'a [u8]>,
    pub(super) host: Option<&'a [u8]>,
}

/// Returns the last item of a header's list, which the nearest proxy added. The client may have sent the
/// others.
fn last<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let value = headers.get_all(name).iter().next_back()?;
    value.as_bytes().rsplit(|&byte| byte == b',').next().map(<[u8]>::trim_ascii)
}
