//! Keys, and the MACs and signatures verified with them.

#[cfg(feature = "asymmetric")]
mod certificate;
#[cfg(feature = "asymmetric")]
mod chain;
#[cfg(feature = "asymmetric")]
mod fetch;
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
mod key_pair;
mod mac;
#[cfg(feature = "asymmetric")]
mod pem;
#[cfg(feature = "asymmetric")]
mod public;

#[cfg(feature = "asymmetric")]
pub use self::fetch::Fetch;
#[cfg(feature = "jwt")]
pub(crate) use self::fetch::{Found, Keys, fetched};
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
pub(crate) use self::key_pair::key_pair;
pub(crate) use self::mac::{Candidates, Keyring, MacKind, Macs, digest, fingerprint};
#[cfg(feature = "asymmetric")]
pub(crate) use self::{
    certificate::Certificate,
    chain::PinnedChain,
    fetch::{KeyCache, in_force},
    pem::pem,
    public::{PublicKey, PublicKeys, PublicKind, Signatures, SignedMessage},
};
