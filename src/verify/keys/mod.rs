//! Keys and what is verified with them: MACs, and signatures of public keys, some of which are fetched.

#[cfg(feature = "asymmetric")]
mod certificate;
#[cfg(feature = "asymmetric")]
mod fetch;
mod mac;
#[cfg(feature = "asymmetric")]
mod pem;
#[cfg(feature = "asymmetric")]
mod public;

#[cfg(feature = "asymmetric")]
pub use self::fetch::Fetch;
pub(crate) use self::mac::{Candidates, Keyring, MacKind, Macs, digest, fingerprint};
#[cfg(feature = "asymmetric")]
pub(crate) use self::{
    certificate::Certificate,
    fetch::{KeyCache, in_force},
    pem::pem,
    public::{PublicKey, PublicKeys, PublicKind, Signatures, SignedMessage},
};
