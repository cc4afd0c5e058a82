//! A request in parts, and the slots in it that a mutation changes.

use std::{fmt, ops::Range};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};

/// A request whose parts can be edited separately.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Message {
    pub(crate) method: Vec<u8>,
    /// Scheme and authority if the target is in absolute form, as under HTTP/2.
    pub(crate) origin: Option<(String, Vec<u8>)>,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Option<Vec<u8>>,
    pub(crate) headers: Vec<(HeaderName, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn of(request: &Request<Bytes>) -> Self {
        let uri = request.uri();
        let origin = uri.scheme_str().zip(uri.authority());
        let headers = request.headers().iter();
        Self {
            method: request.method().as_str().into(),
            origin: origin.map(|(scheme, authority)| (scheme.to_owned(), authority.as_str().into())),
            path: uri.path().into(),
            query: uri.query().map(Into::into),
            headers: headers.map(|(name, value)| (name.clone(), value.as_bytes().to_vec())).collect(),
            body: request.body().to_vec(),
        }
    }

    /// Builds the request; `None` if HTTP has no such request.
    pub(crate) fn request(&self) -> Option<Request<Bytes>> {
        let mut target = Vec::new();
        if let Some((scheme, authority)) = &self.origin {
            target.extend([scheme.as_bytes(), b"://", authority].concat());
        }
        target.extend(&self.path);
        if let Some(query) = &self.query {
            target.push(b'?');
            target.extend(query);
        }
        let uri = Uri::try_from(target).ok()?;
        // The parser may split the target in other places, or drop a fragment.
        if uri.path().as_bytes() != self.path || uri.query().map(str::as_bytes) != self.query.as_deref() {
            return None;
        }
        let mut request = Request::builder().method(&*self.method).uri(uri);
        for (name, value) in &self.headers {
            // Servers trim values.
            request = request.header(name, HeaderValue::from_bytes(value.trim_ascii()).ok()?);
        }
        request.body(Bytes::copy_from_slice(&self.body)).ok()
    }

    /// Returns the same request with its host in a header, as under HTTP/1.
    pub(crate) fn in_origin_form(&self) -> Self {
        let mut message = self.clone();
        if let Some((_, authority)) = message.origin.take() {
            message.headers.retain(|(name, _)| *name != header::HOST);
            message.headers.push((header::HOST, authority));
        }
        message
    }

    pub(crate) fn get(&self, part: Part) -> &[u8] {
        match part {
            Part::Method => &self.method,
            Part::Authority => self.origin.as_ref().map_or(b"", |(_, authority)| authority),
            Part::Path => &self.path,
            Part::Query => self.query.as_deref().unwrap_or_default(),
            Part::Header(index) => self.headers.get(index).map_or(b"", |(_, value)| value),
            Part::Body => &self.body,
        }
    }

    pub(crate) fn with_part(&self, part: Part, text: Vec<u8>) -> Self {
        let mut message = self.clone();
        message.set(part, text);
        message
    }

    fn set(&mut self, part: Part, text: Vec<u8>) {
        match part {
            Part::Method => self.method = text,
            Part::Authority => {
                if let Some((_, authority)) = &mut self.origin {
                    *authority = text;
                }
            }
            Part::Path => self.path = text,
            Part::Query => self.query = (self.query.is_some() || !text.is_empty()).then_some(text),
            Part::Header(index) => {
                if let Some((_, value)) = self.headers.get_mut(index) {
                    *value = text;
                }
            }
            Part::Body => self.body = text,
        }
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> + use<> {
        let authority = self.origin.as_ref().map(|_| Part::Authority);
        let headers = (0..self.headers.len()).map(Part::Header);
        [Part::Method, Part::Path, Part::Query, Part::Body].into_iter().chain(authority).chain(headers)
    }

    pub(crate) fn is_host(&self, part: Part) -> bool {
        match part {
            Part::Authority => true,
            Part::Header(index) => self.headers.get(index).is_some_and(|(name, _)| *name == header::HOST),
            _ => false,
        }
    }

    /// Returns the text of a slot. The text of a JSON string excludes its quotes.
    pub(crate) fn text(&self, slot: &Slot) -> &[u8] {
        let text = self.get(slot.part).get(slot.range()).unwrap_or_default();
        match text {
            [b'"', inner @ .., b'"'] if slot.kind == Kind::MemberValue => inner,
            text => text,
        }
    }

    /// Replaces the texts of several slots.
    pub(crate) fn with(&self, mut changes: Vec<(Slot, Vec<u8>)>) -> Self {
        // From the end, so that earlier ranges stay valid.
        changes.sort_by_key(|(slot, _)| std::cmp::Reverse(slot.start));
        let mut message = self.clone();
        for (slot, text) in changes {
            let mut whole = message.get(slot.part).to_vec();
            let quoted = slot.kind == Kind::MemberValue
                && (whole.get(slot.start) == Some(&b'"') || serde_json::from_slice::<f64>(&text).is_err());
            let text = if quoted { [b"\"", &*text, b"\""].concat() } else { text };
            if slot.end <= whole.len() {
                whole.splice(slot.range(), text);
                message.set(slot.part, whole);
            }
        }
        message
    }

    /// Returns all slots, including those within others.
    pub(crate) fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        for part in self.parts() {
            let text = self.get(part);
            let kind = match part {
                Part::Method => Kind::Method,
                Part::Path => Kind::Path,
                Part::Query => Kind::Query,
                part if self.is_host(part) => Kind::Host,
                Part::Authority | Part::Header(_) => Kind::Header,
                Part::Body => Kind::Body,
            };
            slots.push(Slot { part, start: 0, end: text.len(), kind, separator: b',' });
            match kind {
                Kind::Header => items(part, text, &mut slots),
                Kind::Query => pairs(part, text, b'&', QUERY, &mut slots),
                Kind::Body => within_body(text, &mut slots),
                _ => {}
            }
        }
        slots
    }
}

/// The request as on the wire.
impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method.escape_ascii())?;
        if let Some((scheme, authority)) = &self.origin {
            write!(f, "{scheme}://{}", authority.escape_ascii())?;
        }
        write!(f, "{}", self.path.escape_ascii())?;
        if let Some(query) = &self.query {
            write!(f, "?{}", query.escape_ascii())?;
        }
        for (name, value) in &self.headers {
            write!(f, "\n{name}: {}", value.escape_ascii())?;
        }
        write!(f, "\n\n{}", self.body.escape_ascii())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Method,
    Authority,
    Path,
    Query,
    Header(usize),
    Body,
}

/// A range within a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    pub(crate) part: Part,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: Kind,
    /// The separator of the surrounding list.
    pub(crate) separator: u8,
}

impl Slot {
    fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns `true` for the same or nested slots. Neighboring slots never touch, because a separator is between them.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.part == other.part && self.start <= other.end && other.start <= self.end
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Method,
    Host,
    Path,
    Query,
    Header,
    /// An item of a list in a header.
    Item,
    /// The value of an item that is a pair.
    ItemValue,
    Parameter,
    ParameterName,
    ParameterValue,
    Field,
    FieldName,
    FieldValue,
    /// A member of a JSON object.
    Member,
    MemberKey,
    /// A string, a number or another scalar in JSON.
    MemberValue,
    Body,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Method => "method",
            Self::Host => "host",
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Item | Self::ItemValue => "header item",
            Self::Parameter | Self::ParameterName | Self::ParameterValue => "parameter",
            Self::Field | Self::FieldName | Self::FieldValue => "field",
            Self::Member | Self::MemberKey | Self::MemberValue => "member",
            Self::Body => "body",
        }
    }

    /// Returns the kind of the part that contains the slot.
    pub(crate) fn part(self) -> Self {
        match self {
            Self::Item | Self::ItemValue => Self::Header,
            Self::Parameter | Self::ParameterName | Self::ParameterValue => Self::Query,
            Self::Field | Self::FieldName | Self::FieldValue => Self::Body,
            Self::Member | Self::MemberKey | Self::MemberValue => Self::Body,
            part => part,
        }
    }

    /// Returns `true` if bytes are moved from and to slots of this kind.
    pub(crate) fn is_text(self) -> bool {
        !matches!(self, Self::Item | Self::Parameter | Self::Field | Self::Member | Self::MemberKey)
    }

    /// Returns `true` for slots within a query or a body.
    pub(crate) fn is_inner(self) -> bool {
        self.part() != self && self.part() != Self::Header
    }
}

type Pair = [Kind; 3];
const QUERY: Pair = [Kind::Parameter, Kind::ParameterName, Kind::ParameterValue];
const FORM: Pair = [Kind::Field, Kind::FieldName, Kind::FieldValue];

/// Finds pairs, their names and their values.
fn pairs(part: Part, text: &[u8], separator: u8, [pair, name, value]: Pair, slots: &mut Vec<Slot>) {
    let mut start = 0;
    for piece in text.split(|&byte| byte == separator) {
        let end = start + piece.len();
        let slot = |start, end, kind| Slot { part, start, end, kind, separator };
        if !piece.is_empty() {
            slots.push(slot(start, end, pair));
            let equals = piece.iter().position(|&byte| byte == b'=').map(|at| start + at);
            if name != pair {
                slots.push(slot(start, equals.unwrap_or(end), name));
            }
            slots.extend(equals.map(|at| slot(at + 1, end, value)));
        }
        start = end + 1;
    }
}

/// Finds the items of a header that is a list.
fn items(part: Part, text: &[u8], slots: &mut Vec<Slot>) {
    let separator = [b',', b';', b'&', b' '].into_iter().find(|separator| text.contains(separator));
    if separator.is_some() || text.contains(&b'=') {
        pairs(part, text, separator.unwrap_or(b','), [Kind::Item, Kind::Item, Kind::ItemValue], slots);
    }
}

fn within_body(body: &[u8], slots: &mut Vec<Slot>) {
    // In a multipart form, the JSON follows other lines.
    let is_multipart = body.starts_with(b"--");
    let start = match body.iter().position(|byte| !byte.is_ascii_whitespace()) {
        Some(start) if matches!(body[start], b'{' | b'[') => Some(start),
        _ if is_multipart => body.iter().position(|&byte| byte == b'{'),
        _ => None,
    };
    match start {
        Some(start) => drop(Json { body, at: start, slots }.value()),
        None if is_multipart || body.starts_with(b"<") => {}
        None => pairs(Part::Body, body, b'&', FORM, slots),
    }
}

/// A parser that finds the members and scalars of JSON, and stops at a syntax error.
struct Json<'a> {
    body: &'a [u8],
    at: usize,
    slots: &'a mut Vec<Slot>,
}

impl Json<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.body.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn push(&mut self, start: usize, kind: Kind) {
        self.slots.push(Slot { part: Part::Body, start, end: self.at, kind, separator: b',' });
    }

    fn value(&mut self) -> Option<()> {
        let open = self.peek()?;
        let start = self.at;
        match open {
            b'{' | b'[' => {
                self.at += 1;
                while !matches!(self.peek()?, b'}' | b']') {
                    let start = self.at;
                    if open == b'{' {
                        self.string()?;
                        self.push(start, Kind::MemberKey);
                        self.peek().filter(|&byte| byte == b':')?;
                        self.at += 1;
                    }
                    self.value()?;
                    if open == b'{' {
                        self.push(start, Kind::Member);
                    }
                    if self.peek()? == b',' {
                        self.at += 1;
                    }
                }
                self.at += 1;
            }
            b'"' => {
                self.string()?;
                self.push(start, Kind::MemberValue);
            }
            _ => {
                let is_end = |byte: &u8| b",]} \r\n\t".contains(byte);
                let length = self.body[start..].iter().position(is_end).filter(|&length| length > 0)?;
                self.at += length;
                self.push(start, Kind::MemberValue);
            }
        }
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.peek().filter(|&byte| byte == b'"')?;
        self.at += 1;
        loop {
            match self.body.get(self.at)? {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }
}
