//! The mutations of a request.

use std::{collections::BTreeSet, fmt};

use http::HeaderName;

use crate::{
    message::{Kind, Message, Part, Slot},
    random::Random,
    subject::Subject,
};

/// A change to a request.
#[derive(Clone, Debug)]
pub(crate) enum Mutation {
    /// No change: only the clock moves.
    Nothing,
    /// Moves the host to a header, as under HTTP/1.
    OriginForm,
    /// Exchanges `http` and `https`.
    OtherScheme,
    /// Adds a `?` with nothing after it.
    EmptyQuery,
    /// Adds a header that proxies and servers set.
    Header {
        name: HeaderName,
        value: &'static str,
    },
    /// Changes the text of a slot.
    Change {
        name: &'static str,
        slot: Slot,
        change: Change,
    },
    /// Adds a header of the same name, before or after the existing header.
    Again {
        name: &'static str,
        header: usize,
        before: bool,
        change: Change,
    },
    Dropped {
        header: usize,
    },
    Swapped {
        one: Slot,
        other: Slot,
    },
    /// Moves bytes from an end of one slot to the facing end of another, as if the provider signed `{from}{to}` or
    /// `{to}{from}`. With `separator`, as if it signed `{from}:{to}` or `{to}:{from}`.
    Moved {
        from: Slot,
        to: Slot,
        forward: bool,
        length: usize,
        separator: bool,
    },
    /// Moves bytes over three slots, as if the provider signed `{first}:{middle}:{last}`. The whole text of the
    /// middle slot moves to the next slot.
    Shifted {
        slots: [Slot; 3],
        forward: bool,
        at: usize,
    },
}

type Change = fn(&[u8], u8) -> Vec<u8>;

impl Mutation {
    /// Returns the mutant; `None` if it is the same request.
    pub(crate) fn apply(&self, message: &Message) -> Option<Message> {
        let mutant = match self {
            Self::Nothing => return Some(message.clone()),
            Self::OriginForm => message.in_origin_form(),
            Self::OtherScheme => {
                let mut mutant = message.clone();
                let (scheme, _) = mutant.origin.as_mut()?;
                *scheme = if scheme == "http" { "https" } else { "http" }.to_owned();
                mutant
            }
            Self::EmptyQuery => {
                let query = message.query.clone().or_else(|| Some(Vec::new()));
                Message { query, ..message.clone() }
            }
            Self::Header { name, value } => {
                let mut mutant = message.clone();
                mutant.headers.push((name.clone(), (*value).into()));
                mutant
            }
            Self::Change { slot, change, .. } => {
                let text = change(message.text(slot), slot.separator);
                message.with(vec![(*slot, text)])
            }
            Self::Again { header, before, change, .. } => {
                let mut mutant = message.clone();
                let (name, value) = message.headers.get(*header)?;
                let at = header + usize::from(!before);
                mutant.headers.insert(at, (name.clone(), change(value, b',')));
                mutant
            }
            Self::Dropped { header } => {
                let mut mutant = message.clone();
                (*header < mutant.headers.len()).then(|| mutant.headers.remove(*header))?;
                mutant
            }
            Self::Swapped { one, other } => {
                let [first, second] = [one, other].map(|slot| message.text(slot).to_vec());
                message.with(vec![(*one, second), (*other, first)])
            }
            Self::Moved { from, to, forward, length, separator } => {
                let (source, target) = (message.text(from), message.text(to));
                let length = (*length).min(source.len());
                let skipped = usize::from(*separator);
                let (left, target) = if *forward {
                    let (left, moved) = source.split_at(source.len() - length);
                    let (mark, moved) = moved.split_at_checked(skipped)?;
                    (left, [moved, mark, target].concat())
                } else {
                    let (moved, left) = source.split_at(length);
                    let (moved, mark) = moved.split_at_checked(moved.len().checked_sub(skipped)?)?;
                    (left, [target, mark, moved].concat())
                };
                message.with(vec![(*from, left.to_vec()), (*to, target)])
            }
            Self::Shifted { slots, forward, at } => {
                let [first, middle, last] = slots;
                let [before, within, after] = slots.map(|slot| message.text(&slot));
                let source = if *forward { before } else { after };
                let (one, rest) = source.split_at_checked(*at)?;
                let (mark, other) = rest.split_at_checked(1)?;
                let texts = match forward {
                    true => [one.to_vec(), other.to_vec(), [within, mark, after].concat()],
                    false => [[before, mark, within].concat(), one.to_vec(), other.to_vec()],
                };
                let slots = [*first, *middle, *last];
                message.with(slots.into_iter().zip(texts).collect())
            }
        };
        (mutant != *message).then_some(mutant)
    }
}

/// The name in the reviewed list.
impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing"),
            Self::OriginForm => f.write_str("target in origin form"),
            Self::OtherScheme => f.write_str("other scheme"),
            Self::EmptyQuery => f.write_str("empty query added"),
            Self::Header { name, .. } => write!(f, "{name} added"),
            Self::Change { name, slot, .. } => write!(f, "{} {name}", slot.kind.name()),
            Self::Again { name, .. } => write!(f, "header repeated {name}"),
            Self::Dropped { .. } => f.write_str("header dropped"),
            Self::Swapped { one, .. } => write!(f, "{}s swapped", one.kind.name()),
            Self::Moved { from, to, .. } => {
                write!(f, "bytes moved from {} to {}", from.kind.part().name(), to.kind.part().name())
            }
            Self::Shifted { slots: [_, middle, _], .. } => {
                write!(f, "bytes moved over {}", middle.kind.part().name())
            }
        }
    }
}

type Sort = fn(&Message, &[Slot], &mut Vec<Mutation>);

/// The mutations of the request and its slots. Those in `BETWEEN` move bytes between two or three slots.
const SINGLE: [Sort; 4] = [whole, changes, headers, swaps];
const BETWEEN: [Sort; 2] = [moves, shifts];

/// Returns the mutations of a subject's request, without those whose verdict follows from other mutations.
pub(crate) fn all(subject: &Subject) -> Vec<Mutation> {
    let message = &subject.seed.message;
    let slots: Vec<_> = message.slots().into_iter().filter(|slot| subject.is_changed(slot)).collect();
    let mut mutations = vec![Mutation::Nothing];
    SINGLE.iter().for_each(|sort| sort(message, &slots, &mut mutations));
    BETWEEN.iter().for_each(|sort| sort(message, &subject.movable, &mut mutations));
    mutations
}

/// Returns a random mutation; each sort is equally likely.
pub(crate) fn any(message: &Message, random: &mut Random) -> Option<Mutation> {
    let slots = message.slots();
    let mut mutations = Vec::new();
    match random.below(SINGLE.len() + BETWEEN.len()) {
        sort if sort < SINGLE.len() => SINGLE[sort](message, &slots, &mut mutations),
        sort => {
            let text: Vec<_> = slots.iter().filter(|slot| slot.kind.is_text()).collect();
            let few: Vec<_> = (0..3).map(|_| *text[random.below(text.len())]).collect();
            BETWEEN[sort - SINGLE.len()](message, &few, &mut mutations);
        }
    }
    let mutation = mutations.get(random.below(mutations.len()))?.clone();
    Some(match mutation {
        Mutation::Moved { from, to, forward, separator: false, .. } => {
            let length = 1 + random.below(message.text(&from).len());
            Mutation::Moved { from, to, forward, length, separator: false }
        }
        other => other,
    })
}

fn whole(_: &Message, _: &[Slot], mutations: &mut Vec<Mutation>) {
    let header = |name, value| Mutation::Header { name: HeaderName::from_static(name), value };
    mutations.extend([
        Mutation::OriginForm,
        Mutation::OtherScheme,
        Mutation::EmptyQuery,
        header("host", "other.example"),
        header("x-forwarded-host", "other.example"),
        header("x-forwarded-proto", "http"),
        header("forwarded", "host=other.example;proto=http"),
        header("x-original-url", "/other"),
        header("x-http-method-override", "DELETE"),
    ]);
}

fn moves(message: &Message, slots: &[Slot], mutations: &mut Vec<Mutation>) {
    for (index, from) in slots.iter().enumerate() {
        let text = message.text(from);
        let lengths = BTreeSet::from([1, text.len() / 2, text.len()]);
        let lengths = || lengths.iter().filter(|&&length| 0 < length && length <= text.len());
        for (other, to) in slots.iter().enumerate() {
            if to.overlaps(from) || (slots.len() > MANY && !are_near(slots, index, other)) {
                continue;
            }
            for forward in [true, false] {
                let moved =
                    |length, separator| Mutation::Moved { from: *from, to: *to, forward, length, separator };
                mutations.extend(lengths().map(|&length| moved(length, false)));
                let length = |at: usize| if forward { text.len() - at } else { at + 1 };
                mutations.extend(marks(text, forward).map(|at| moved(length(at), true)));
            }
        }
    }
}

/// The number of slots above which only nearby slots exchange bytes.
const MANY: usize = 9;

/// Returns `true` if bytes are moved between these two of many slots. A slot within a query or a body exchanges bytes
/// with the nearest slots within the query or body. Only the first two and the last two of these slots also exchange
/// bytes with the slots outside.
fn are_near(slots: &[Slot], one: usize, other: usize) -> bool {
    let inner: Vec<_> = (0..slots.len()).filter(|&index| slots[index].kind.is_inner()).collect();
    let is_edge = |index| inner.iter().take(2).chain(inner.iter().rev().take(2)).any(|&edge| edge == index);
    match [one, other].map(|index| slots[index].kind.is_inner()) {
        [true, true] => one.abs_diff(other) <= 3,
        [true, false] => is_edge(one),
        [false, true] => is_edge(other),
        [false, false] => true,
    }
}

fn shifts(message: &Message, slots: &[Slot], mutations: &mut Vec<Mutation>) {
    for (index, source) in slots.iter().enumerate() {
        let text = message.text(source);
        for (other, middle) in slots.iter().enumerate().filter(|_| marks(text, true).next().is_some()) {
            for (third, end) in slots.iter().enumerate() {
                let overlap = source.overlaps(middle) || source.overlaps(end) || middle.overlaps(end);
                let far =
                    slots.len() > MANY && (!are_near(slots, index, other) || !are_near(slots, other, third));
                if overlap || far {
                    continue;
                }
                for (forward, slots) in [(true, [*source, *middle, *end]), (false, [*end, *middle, *source])]
                {
                    mutations.extend(marks(text, forward).map(|at| Mutation::Shifted { slots, forward, at }));
                }
            }
        }
    }
}

/// Finds the last or the first of each possible separator in a text.
fn marks(text: &[u8], last: bool) -> impl Iterator<Item = usize> {
    b".:,|;\n".iter().filter_map(move |mark| match last {
        true => text.iter().rposition(|byte| byte == mark),
        false => text.iter().position(|byte| byte == mark),
    })
}

fn swaps(_: &Message, slots: &[Slot], mutations: &mut Vec<Mutation>) {
    for kind in [Kind::Item, Kind::Parameter, Kind::Field, Kind::Member, Kind::MemberValue] {
        let alike: Vec<_> = slots.iter().filter(|slot| slot.kind == kind).collect();
        let pairs = alike.windows(2).filter(|pair| !pair[0].overlaps(pair[1]));
        mutations.extend(pairs.map(|pair| Mutation::Swapped { one: *pair[0], other: *pair[1] }));
    }
}

fn headers(_: &Message, slots: &[Slot], mutations: &mut Vec<Mutation>) {
    const REPEATED: [(&str, Change); 4] = [
        ("alike", |value, _| value.to_vec()),
        ("otherwise", altered),
        ("empty", |_, _| Vec::new()),
        ("a year later", a_year_later),
    ];
    let index = |slot: &Slot| match (slot.kind, slot.part) {
        (Kind::Header | Kind::Host, Part::Header(index)) => Some(index),
        _ => None,
    };
    for header in slots.iter().filter_map(index) {
        mutations.push(Mutation::Dropped { header });
        mutations.extend(REPEATED.into_iter().flat_map(|(name, change)| {
            [true, false].map(|before| Mutation::Again { name, header, before, change })
        }));
    }
}

fn changes(_: &Message, slots: &[Slot], mutations: &mut Vec<Mutation>) {
    for slot in slots {
        let changes: &[&[(&'static str, Change)]] = match slot.kind {
            Kind::Method => &[METHODS],
            Kind::Host => &[HOSTS, TEXTS],
            Kind::Path => &[PATHS, TEXTS, ENCODED],
            Kind::Query => &[QUERIES, TEXTS, LISTS],
            Kind::Header | Kind::ItemValue => &[TEXTS, LISTS, VALUES],
            Kind::Item => &[LISTS, TEXTS],
            Kind::Parameter | Kind::Field | Kind::Member => &[LISTS],
            Kind::ParameterName | Kind::ParameterValue | Kind::FieldName | Kind::FieldValue => {
                &[TEXTS, ENCODED]
            }
            Kind::MemberKey => &[KEYS],
            Kind::MemberValue => &[TEXTS, SCALARS],
            Kind::Body => &[TEXTS, BODIES],
        };
        let change =
            |&(name, change): &(&'static str, Change)| Mutation::Change { name, slot: *slot, change };
        mutations.extend(changes.iter().copied().flatten().map(change));
    }
}

/// The changes of any text.
const TEXTS: &[(&str, Change)] = &[
    ("altered", altered),
    ("a year later", a_year_later),
    ("emptied", |_, _| Vec::new()),
    ("lengthened", |text, _| [text, b"x"].concat()),
    ("lengthened", |text, _| [text, b"0"].concat()),
    ("lengthened", |text, _| [b"x", text].concat()),
    ("lengthened", |text, _| [b"0", text].concat()),
    ("shortened", |text, _| text.split_last().map(|(_, text)| text.to_vec()).unwrap_or_default()),
    ("shortened", |text, _| text.split_first().map(|(_, text)| text.to_vec()).unwrap_or_default()),
    ("shortened", |text, _| text[..text.len() / 2].to_vec()),
    ("in upper case", |text, _| text.to_ascii_uppercase()),
    ("in lower case", |text, _| text.to_ascii_lowercase()),
    ("with white space", |text, _| [b" ", text].concat()),
    ("with white space", |text, _| [text, b" "].concat()),
    ("with white space", |text, _| [text, b"\t"].concat()),
];

/// The changes of an item of a list, or of a text that may become a list.
const LISTS: &[(&str, Change)] = &[
    ("repeated alike", |item, separator| [item, &[separator], item].concat()),
    ("repeated otherwise", |item, separator| [item, &[separator], &altered(item, separator)].concat()),
    ("repeated otherwise", |item, separator| [&*altered(item, separator), &[separator], item].concat()),
    ("repeated a year later", |item, separator| {
        [item, &[separator], &a_year_later(item, separator)].concat()
    }),
    ("repeated a year later", |item, separator| {
        [&*a_year_later(item, separator), &[separator], item].concat()
    }),
    ("with an empty item", |item, separator| [&[separator], item].concat()),
    ("with an empty item", |item, separator| [item, &[separator]].concat()),
    ("with white space in its list", |item, separator| [&[separator, b' '], item].concat()),
    ("with another item", |item, separator| [item, &[separator], OTHER].concat()),
    ("with another item", |item, separator| [OTHER, &[separator], item].concat()),
    ("dropped", |_, _| Vec::new()),
    ("renamed", |item, _| renamed(item)),
    ("in upper case", |item, _| item.to_ascii_uppercase()),
];

/// An additional item: a member in JSON, and a name with a colon elsewhere.
const OTHER: &[u8] = b"\"other\":\"1\"";

const METHODS: &[(&str, Change)] = &[
    ("another", |_, _| b"GET".into()),
    ("another", |_, _| b"POST".into()),
    ("another", |_, _| b"PUT".into()),
    ("in lower case", |method, _| method.to_ascii_lowercase()),
];

const HOSTS: &[(&str, Change)] = &[
    ("another", |_, _| b"other.example".into()),
    ("with a port", |host, _| [host, b":443"].concat()),
    ("with a port", |host, _| [host, b":80"].concat()),
    ("with a port", |host, _| [host, b":8443"].concat()),
    ("without a port", |host, _| host.split(|&byte| byte == b':').next().unwrap_or_default().into()),
    ("with a user", |host, _| [b"user@", host].concat()),
    ("with a path", |host, _| [host, b"/other"].concat()),
    ("with a query", |host, _| [host, b"?other"].concat()),
    ("with a dot", |host, _| [host, b"."].concat()),
];

const PATHS: &[(&str, Change)] = &[
    ("with a slash", |path, _| [path, b"/"].concat()),
    ("with a slash", |path, _| [b"/", path].concat()),
    ("with a dot", |path, _| [b"/.", path].concat()),
];

const QUERIES: &[(&str, Change)] = &[
    ("with another parameter", |query, _| [query, b"&other=1"].concat()),
    ("with another parameter", |query, _| [b"other=1&", query].concat()),
    ("with another parameter", |query, _| [b"other=1", query].concat()),
    ("with empty parameters", |query, _| [query, b"&"].concat()),
    ("with empty parameters", |query, _| [b"&", query].concat()),
];

/// The changes of percent-encoded text.
const ENCODED: &[(&str, Change)] = &[
    ("written otherwise", |text, _| escaped(text, 0)),
    ("written otherwise", |text, _| escaped(text, text.len().saturating_sub(1))),
    ("written otherwise", |text, _| replaced(text, b"+", b"%20")),
    ("written otherwise", |text, _| replaced(text, b"%20", b"+")),
    ("written otherwise", |text, _| percent_decoded(text)),
    ("with a separator in it", |text, _| replaced(text, b"%26", b"&")),
    ("with a separator in it", |text, _| replaced(text, b"%3D", b"=")),
    ("with a separator in it", |text, _| [&text[..text.len() / 2], b"&", &text[text.len() / 2..]].concat()),
    ("with a separator in it", |text, _| [&text[..text.len() / 2], b"=", &text[text.len() / 2..]].concat()),
];

/// The changes of numbers, times and signatures in headers.
const VALUES: &[(&str, Change)] = &[
    ("written otherwise", |value, _| [b"+", value].concat()),
    ("written otherwise", |value, _| [value, b"="].concat()),
    ("written otherwise", |value, _| [value, b".0"].concat()),
    ("written otherwise", |value, _| replaced(value, b"Z", b"+00:00")),
    ("written otherwise", |value, _| replaced(value, b"=", b"")),
    ("written otherwise", |value, _| replaced(value, b"T", b" ")),
    ("written otherwise", |value, _| replaced(value, b",", b", ")),
];

const KEYS: &[(&str, Change)] = &[
    ("renamed", |key, _| replaced(key, b"\"", b"\"x").trim_ascii_end().to_vec()),
    ("written otherwise", |key, _| {
        key.get(1).map_or_else(Vec::new, |first| {
            [format!("\"\\u{first:04x}").as_bytes(), &key[2.min(key.len())..]].concat()
        })
    }),
    ("in upper case", |key, _| key.to_ascii_uppercase()),
];

/// The changes of scalars in JSON, whose quotes are kept.
const SCALARS: &[(&str, Change)] = &[
    ("written otherwise", |text, _| {
        text.first().map_or_else(Vec::new, |first| {
            [format!("\\u{first:04x}").as_bytes(), text.get(1..).unwrap_or_default()].concat()
        })
    }),
    ("with a separator in it", |text, _| [text, b":"].concat()),
    ("with a separator in it", |text, _| [b":", text].concat()),
    ("with a separator in it", |text, _| [text, b"\\n"].concat()),
];

const BODIES: &[(&str, Change)] = &[
    ("lengthened", |body, _| [b"\xef\xbb\xbf", body].concat()),
    ("lengthened", |body, _| [body, b"\0"].concat()),
    ("lengthened", |body, _| [body, b"{}"].concat()),
    ("with another field", |body, _| [body, b"&other=1"].concat()),
    ("with another field", |body, _| [b"other=1&", body].concat()),
    ("with empty fields", |body, _| [body, b"&"].concat()),
    ("with empty fields", |body, _| [b"&", body].concat()),
    ("with white space", |body, _| replaced(body, b":", b": ")),
    ("with white space", |body, _| [b"\r\n", body].concat()),
    ("with another item", |body, _| [b"[", body, b",{}]"].concat()),
    ("in a list", |body, _| [b"[", body, b"]"].concat()),
];

/// Replaces the last letter or digit with its successor.
fn altered(text: &[u8], _: u8) -> Vec<u8> {
    let mut text = text.to_vec();
    if let Some(last) = text.iter_mut().rfind(|byte| byte.is_ascii_alphanumeric()) {
        *last = match *last {
            b'9' => b'0',
            b'z' => b'a',
            b'Z' => b'A',
            other => other + 1,
        };
    }
    text
}

/// Adds a year to each number that may be a time in seconds or milliseconds, or a year.
fn a_year_later(text: &[u8], _: u8) -> Vec<u8> {
    let mut later = Vec::new();
    for run in text.chunk_by(|one, other| one.is_ascii_digit() == other.is_ascii_digit()) {
        let number = std::str::from_utf8(run).ok().and_then(|run| run.parse::<u64>().ok());
        match number {
            Some(number) if run.len() == 10 => later.extend((number + 31_536_000).to_string().bytes()),
            Some(number) if run.len() == 13 => later.extend((number + 31_536_000_000).to_string().bytes()),
            Some(number) if run.len() == 4 => later.extend((number + 1).to_string().bytes()),
            _ => later.extend(run),
        }
    }
    later
}

fn renamed(item: &[u8]) -> Vec<u8> {
    match item {
        [b'"', rest @ ..] => [b"\"x", rest].concat(),
        item => [b"x", item].concat(),
    }
}

fn escaped(text: &[u8], at: usize) -> Vec<u8> {
    match text.get(at) {
        Some(byte) if byte.is_ascii_alphanumeric() => {
            [&text[..at], format!("%{byte:02X}").as_bytes(), &text[at + 1..]].concat()
        }
        _ => text.to_vec(),
    }
}

fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let digits = rest.get(1..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            // Keep the escapes of characters that would become separators.
            Some(byte) if first == b'%' && !b"&=+%".contains(&byte) => {
                decoded.push(byte);
                rest = &rest[3..];
            }
            _ => {
                decoded.push(first);
                rest = after;
            }
        }
    }
    decoded
}

fn replaced(text: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::new();
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(old) {
            replaced.extend(new);
            rest = after;
        } else {
            replaced.push(first);
            rest = after;
        }
    }
    replaced
}
