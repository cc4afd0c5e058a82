/// The text that a signature is in, as a list, perhaps of pairs: `t=1700000000,v1=5257…`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pairs<'t> {
    text: &'t [u8],
    punctuation: Punctuation,
}

/// What parts a list's items, and a pair's key from its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Punctuation {
    pub(super) items: Option<u8>,
    pub(super) pair: Option<u8>,
}

impl<'t> Pairs<'t> {
    pub(super) fn new(text: &'t [u8], punctuation: Punctuation) -> Self {
        Self { text, punctuation }
    }

    /// The items that are not empty, without the white space around them.
    pub(super) fn items(self) -> impl Iterator<Item = &'t [u8]> {
        let separator = self.punctuation.items;
        self.text
            .split(move |&byte| separator == Some(byte))
            .map(<[u8]>::trim_ascii)
            .filter(|item| !item.is_empty())
    }

    pub(super) fn item(self, index: usize) -> Option<&'t [u8]> {
        self.items().nth(index)
    }

    /// The items that are pairs, as key and value.
    pub(super) fn pairs(self) -> impl Iterator<Item = (&'t [u8], &'t [u8])> {
        let separator = self.punctuation.pair;
        self.items().filter_map(move |item| {
            let at = item.iter().position(|&byte| Some(byte) == separator)?;
            Some((item.get(..at)?, item.get(at + 1..)?))
        })
    }

    /// The value of the first pair with this key.
    pub(super) fn value(self, key: &[u8]) -> Option<&'t [u8]> {
        self.pairs().find_map(|(found, value)| (found == key).then_some(value))
    }
}
