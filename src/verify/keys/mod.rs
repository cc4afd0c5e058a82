//! Keys, and the MACs and signatures verified with them.

#[cfg(any(feature = "message-signatures", feature = "jwt"))]
mod algorithms;
#[cfg(feature = "asymmetric")]
mod certificate;
#[cfg(feature = "asymmetric")]
mod chain;
#[cfg(feature = "asymmetric")]
mod fetch;
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
mod key_pair;
#[cfg(feature = "asymmetric")]
mod list;
mod mac;
#[cfg(feature = "asymmetric")]
mod pem;
#[cfg(feature = "asymmetric")]
mod public;

#[cfg(any(feature = "message-signatures", feature = "jwt"))]
pub(crate) use self::algorithms::{AlgorithmKeys, KeyAlgorithm, PinnedKeys};
#[cfg(feature = "asymmetric")]
pub use self::fetch::Fetch;
#[cfg(feature = "jwt")]
pub(crate) use self::fetch::{Found, MAX_REFETCHES, fetched};
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
pub(crate) use self::key_pair::key_pair;
pub(crate) use self::mac::{Candidates, Keyring, MacKind, Macs, digest, fingerprint};
#[cfg(feature = "asymmetric")]
pub(crate) use self::{
    certificate::Certificate,
    chain::PinnedChain,
    fetch::{KeyCache, Keys, in_force},
    list::KeyList,
    pem::pem,
    public::{PublicKey, PublicKeys, PublicKind, Signatures, SignedMessage},
};
