use memchr::memchr;

/// The text that holds a signature, as a list, optionally of pairs: `t=1700000000,v1=5257…`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairs<'t> {
    text: &'t [u8],
    punctuation: Punctuation,
}

/// The separators of a list's items, and of a pair's key and value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Punctuation {
    pub(super) items: Option<u8>,
    pub(super) pair: Option<u8>,
}

impl<'t> Pairs<'t> {
    pub(super) fn new(text: &'t [u8], punctuation: Punctuation) -> Self {
        Self { text, punctuation }
    }

    /// Returns the non-empty items, trimmed.
    #[inline]
    pub(super) fn items(self) -> Items<'t> {
        Items { rest: Some(self.text), separator: self.punctuation.items }
    }

    pub(super) fn item(self, index: usize) -> Option<&'t [u8]> {
        self.items().nth(index)
    }

    /// Returns the items that are pairs, as key and value.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'t [u8], &'t [u8])> {
        self.items().filter_map(move |item| self.punctuation.split_pair(item))
    }

    /// Returns the value of the first pair with this key.
    pub(super) fn value(self, key: &[u8]) -> Option<&'t [u8]> {
        self.pairs().find_map(|(found, value)| (found == key).then_some(value))
    }
}

impl Punctuation {
    pub(super) fn split_pair(self, item: &[u8]) -> Option<(&[u8], &[u8])> {
        let at = memchr(self.pair?, item)?;
        Some((item.get(..at)?, item.get(at + 1..)?))
    }
}

/// The non-empty items of a list, trimmed, or the whole text if there is no separator. `split` would scan the
/// whole text even if no separator is configured.
pub(super) struct Items<'t> {
    rest: Option<&'t [u8]>,
    separator: Option<u8>,
}

impl<'t> Iterator for Items<'t> {
    type Item = &'t [u8];

    #[inline]
    fn next(&mut self) -> Option<&'t [u8]> {
        loop {
            let rest = self.rest?;
            let at = self.separator.and_then(|separator| memchr(separator, rest));
            let (item, rest) = match at.and_then(|at| rest.split_at_checked(at)) {
                Some((item, [_, rest @ ..])) => (item, Some(rest)),
                _ => (rest, None),
            };
            self.rest = rest;
            let item = item.trim_ascii();
            if !item.is_empty() {
                return Some(item);
            }
        }
    }
}
