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

/// A deduplication key: an id within a scope.
///
/// The scope separates the ids of different endpoints. A scope or an id longer than 128 bytes is replaced by
/// `sha256-` and the 64 hexadecimal digits of its SHA-256, so that keys stay small whatever id a body
/// contains.
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
    /// Computed once, because a store in memory looks up each key twice.
    digest: u128,
}

impl Key {
    /// Creates the key of `id` within `scope`.
    #[must_use]
    pub fn new(scope: &str, id: &str) -> Self {
        Self::within(|text| text.push_str(scope), id)
    }

    /// Creates the key of `id` within the scope that `write_scope` writes, without allocating a separate
    /// string for the scope.
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

    /// Returns the whole key, `{scope}:{id}`. Two different keys may have the same text if a scope contains a
    /// colon; a custom store must store [`scope`](Self::scope) and [`id`](Self::id) separately.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0.text
    }

    /// Returns the scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.0.text.get(..self.0.scope_length).unwrap_or_default()
    }

    /// Returns the id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.text.get(self.0.scope_length + 1..).unwrap_or_default()
    }

    /// Appends `{scope}:{id}` to `text`, with `:`, `%`, spaces and control characters percent-encoded. Different
    /// keys have different names.
    #[cfg(any(feature = "postgres", feature = "redis"))]
    pub(super) fn write_name(&self, text: &mut String) {
        for (index, part) in [self.scope(), self.id()].into_iter().enumerate() {
            if index > 0 {
                text.push(':');
            }
            for char in part.chars() {
                match char {
                    ':' | '%' | ' ' | '\0'..='\x1f' | '\x7f' => {
                        text.push('%');
                        HEXLOWER.encode_append(&[char as u8], text);
                    }
                    _ => text.push(char),
                }
            }
        }
    }

    /// Returns 128 bits that identify the key in this process.
    pub(super) fn digest(&self) -> u128 {
        self.0.digest
    }
}

/// Computes the digest with hashers that are seeded randomly per process, so that an attacker cannot
/// construct colliding ids. Faster than SHA-256.
fn digest_in_memory(text: &str, scope_length: usize) -> u128 {
    static HASHERS: LazyLock<[RandomState; 2]> = LazyLock::new(|| [RandomState::new(), RandomState::new()]);
    // Includes the length of the scope, so that ("a:b", "c") differs from ("a", "b:c").
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

/// The owner token of a claim: a unique 128-bit number, created before claiming.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Token(u128);

impl Token {
    /// Creates a new token. It is unique in this process, and collides with a token of another process with a
    /// probability of about 2⁻⁶⁴. It is not a secret.
    #[must_use]
    pub fn mint() -> Self {
        // The first half is random and created once per process. `RandomState` is seeded by the operating
        // system.
        static PROCESS: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("token"));
        static NEXT: LazyLock<AtomicU64> =
            LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one("next")));
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(u128::from(*PROCESS) << 64 | u128::from(next))
    }

    /// Returns the token's 16 bytes, for storage.
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
    fn digests_of_different_keys_differ_in_both_halves() {
        let [one, other] = ["1", "2"].map(|id| Key::new("test", id).digest());
        assert_ne!(one as u64, other as u64);
        assert_ne!(one >> 64, other >> 64);
    }
}
