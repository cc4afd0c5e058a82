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

use crate::verify::digest;

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
pub struct Key {
    text: Arc<str>,
    scope_length: usize,
}

impl Key {
    /// The key of `id` within `scope`.
    #[must_use]
    pub fn new(scope: &str, id: &str) -> Self {
        let (scope, id) = (bounded(scope), bounded(id));
        let mut text = String::with_capacity(scope.len() + 1 + id.len());
        text.push_str(&scope);
        text.push(':');
        text.push_str(&id);
        Self { text: text.into(), scope_length: scope.len() }
    }

    /// The whole: `{scope}:{id}`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The scope.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.text.get(..self.scope_length).unwrap_or_default()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text.get(self.scope_length + 1..).unwrap_or_default()
    }
}

fn bounded(part: &str) -> Cow<'_, str> {
    const LONGEST: usize = 128;
    if part.len() <= LONGEST {
        return part.into();
    }
    format!("sha256-{}", HEXLOWER.encode(&digest(part.as_bytes()))).into()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", &*self.text)
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
