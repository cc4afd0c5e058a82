use std::{
    borrow::Cow,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

/// What a delivery is remembered by: an id within a scope.
///
/// The scope keeps the ids of different endpoints apart. Either part is replaced by its SHA-256,
/// `sha256-` and 64 hexadecimal digits, when it is longer than 128 bytes, so that a key is small
/// whatever a body claims its id to be.
///
/// ```
/// use tower_webhook::store::Key;
///
/// let key = Key::new("github-orders", "72d3162e-cc78-11e3-81ab-4c9367dc0958");
/// assert_eq!(key.scope(), "github-orders");
/// assert_eq!(key.to_string(), "github-orders:72d3162e-cc78-11e3-81ab-4c9367dc0958");
/// assert_ne!(Key::new("a:b", "c"), Key::new("a", "b:c"));
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<KeyInner>);

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
struct KeyInner {
    text: String,
    scope_length: usize,
    /// Worked out once: a store in memory is asked for each key twice.
    digest: u128,
}

impl Key {
    /// The key of `id` within `scope`.
    #[must_use]
    pub fn new(scope: &str, id: &str) -> Self {
        Self::within(|text| text.push_str(scope), id)
    }

    /// The key of `id` within the scope that is written: no string is made for it alone.
    pub(crate) fn within(write_scope: impl FnOnce(&mut String), id: &str) -> Self {
        const USUAL_SCOPE: usize = 40;
        let id = bounded(id);
        let mut text = String::with_capacity(USUAL_SCOPE + 1 + id.len());
        write_scope(&mut text);
        if let Cow::Owned(short) = bounded(&text) {
            text = short;
        }
        let scope_length = text.len();
        text.push(':');
        text.push_str(&id);
        Self(Arc::new(KeyInner { digest: digest_in_memory(&text, scope_length), text, scope_length }))
    }

    /// The whole: `{scope}:{id}`. Two keys may read alike where a scope has a colon in it: a store of
    /// one's own keeps [`scope`](Self::scope) and [`id`](Self::id) apart.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.0.text.get(..self.0.scope_length).unwrap_or_default()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.text.get(self.0.scope_length + 1..).unwrap_or_default()
    }

    /// 128 bits that stand for the key in this process.
    pub(super) fn digest(&self) -> u128 {
        self.0.digest
    }
}

/// The hashes' own keys are this process's and random, so that nobody can make two ids meet.
/// (SHA-256 took 65 ns more.)
fn digest_in_memory(text: &str, scope_length: usize) -> u128 {
    static HASHERS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    // With the length of the scope, so that ("a:b", "c") is not ("a", "b:c").
    let [high, low] = HASHERS.each_ref().map(|hasher| hasher.hash_one((scope_length, text)));
    u128::from(high) << 64 | u128::from(low)
}

fn bounded(part: &str) -> Cow<'_, str> {
    const LONGEST: usize = 128;
    if part.len() <= LONGEST {
        return part.into();
    }
    format!("sha256-{}", HEXLOWER.encode(&Sha256::digest(part))).into()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.as_str())
    }
}

/// Who holds a claim: 128 bits that no other claimant has, made up before claiming.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u128);

impl Token {
    /// A new token, different from all others of this process, and from those of any other but for
    /// a chance of about 2⁻⁶⁴. It is no secret: it need only be unique.
    #[must_use]
    pub fn mint() -> Self {
        // The random half is per process and from the operating system, as `RandomState` is.
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("token"));
        static NEXT: LazyLock<AtomicU64> =
            LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one("next")));
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(u128::from(*PROCESS) << 64 | u128::from(next))
    }

    /// The token's 16 bytes, to be stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 16] {
        self.0.to_be_bytes()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({:032x})", self.0)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_keys_differ_in_either_half_of_what_stands_for_them() {
        let [one, other] = ["1", "2"].map(|id| Key::new("test", id).digest());
        assert_ne!(one as u64, other as u64);
        assert_ne!(one >> 64, other >> 64);
    }
}
