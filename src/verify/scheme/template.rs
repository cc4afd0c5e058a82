use std::{borrow::Cow, time::SystemTime};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{InvalidScheme, TimeUnit, bounds::Bracket, place::Sources};
use crate::verify::{
    Location, VerifyError,
    request::{signed_headers, sorted_parameters, url_pieces},
};

/// The bytes that are signed, parsed: what comes before the body, how the body is in it, and what
/// comes after.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) before: Vec<Part>,
    pub(super) body: BodyPart,
    pub(super) after: Vec<Part>,
    pub(super) bracket: Option<Bracket>,
    /// Texts that a body must be JSON to contain: parts of another text under the same key could be its beginning.
    pub(super) json_marks: Vec<Box<[u8]>>,
    /// Whether the timestamp ends where its digits end: a literal is between it and its neighbours.
    pub(super) has_separate_timestamp: bool,
    /// Whether the text is hashed with the secret before its end.
    is_extendable: bool,
}

/// A piece of the signed bytes that is known from the head, the configuration, or the scheme.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(Box<[u8]>),
    Timestamp,
    Secret,
    Method,
    /// A text of any length, and the bytes that it must not contain.
    Text(Text, Vec<u8>),
}

#[derive(Clone, Debug)]
pub(super) enum Text {
    Url,
    PathAndQuery,
    Value(Location),
    /// The values of the headers that a field names, as Hook0 does it.
    HeadersNamedBy(Box<str>),
}

impl Part {
    pub(super) fn exclude(&mut self, bytes: &[u8]) {
        if let Self::Text(_, without) = self {
            without.extend(bytes);
        }
    }
}

/// How the body is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyPart {
    /// Not at all.
    No,
    Itself,
    Sha256Hex,
    /// The form's parameters, sorted by name: names and values strung together.
    SortedForm,
}

impl Template {
    /// Reads a template. The value at `timestamp` is the timestamp, whether or not it is called that.
    pub(super) fn parse(text: &str, timestamp: Option<&Location>) -> Result<Self, InvalidScheme> {
        let mut template = Self {
            before: Vec::new(),
            body: BodyPart::No,
            after: Vec::new(),
            bracket: None,
            json_marks: Vec::new(),
            has_separate_timestamp: false,
            is_extendable: false,
        };
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            template.push_literal(literal);
            let (name, tail) = tail.split_once('}').ok_or_else(|| {
                InvalidScheme::new(format!("in the template `{text}` a brace is not closed"))
            })?;
            template.push_named(name, text, timestamp)?;
            rest = tail;
        }
        if rest.contains('}') {
            return Err(InvalidScheme::new(format!("in the template `{text}` a brace is not opened")));
        }
        template.push_literal(rest);
        template.set_bounds(text)?;
        Ok(template)
    }

    fn push_literal(&mut self, literal: &str) {
        if !literal.is_empty() {
            self.push(Part::Literal(literal.as_bytes().into()));
        }
    }

    fn push(&mut self, part: Part) {
        match self.body {
            BodyPart::No => self.before.push(part),
            _ => self.after.push(part),
        }
    }

    fn push_named(
        &mut self,
        name: &str,
        template: &str,
        timestamp: Option<&Location>,
    ) -> Result<(), InvalidScheme> {
        let body = match name {
            "body" => BodyPart::Itself,
            "json:body" => {
                self.json_marks.push(Box::default());
                BodyPart::Itself
            }
            "sha256hex:body" => BodyPart::Sha256Hex,
            "sorted_form" => BodyPart::SortedForm,
            _ => {
                let of_text = |text| Part::Text(text, Vec::new());
                let part = match name.split_once(':') {
                    None if name == "ts" => Part::Timestamp,
                    None if name == "secret" => Part::Secret,
                    None if name == "method" => Part::Method,
                    None if name == "url" => of_text(Text::Url),
                    None if name == "path_query" => of_text(Text::PathAndQuery),
                    Some(("headers_named_by", field)) => of_text(Text::HeadersNamedBy(field.into())),
                    Some(("header" | "field" | "item" | "query" | "body" | "form", _)) => {
                        let place = Location::try_from(name)?;
                        if timestamp == Some(&place) { Part::Timestamp } else { of_text(Text::Value(place)) }
                    }
                    _ => {
                        return Err(InvalidScheme::new(format!(
                            "the template `{template}` has an unknown `{{{name}}}`"
                        )));
                    }
                };
                self.push(part);
                return Ok(());
            }
        };
        if self.body != BodyPart::No {
            return Err(InvalidScheme::new(format!("the template `{template}` has the body in it twice")));
        }
        self.body = body;
        Ok(())
    }

    /// Prepares the template for a plain hash, which has the secret in its text.
    ///
    /// From the hash of a text alone anybody can compute that of the text, its padding, and more text behind it. The
    /// padding ends with the text's length in 64 bits, the first of which is zero. So without a NUL byte, and with
    /// no part that may contain one, there is no such text.
    pub(super) fn resist_extension(&mut self) {
        let last = match self.body {
            BodyPart::No => self.before.last(),
            _ => self.after.last(),
        };
        if matches!(last, Some(Part::Secret)) {
            return;
        }
        self.is_extendable = true;
        self.before.iter_mut().chain(&mut self.after).for_each(|part| part.exclude(&[0]));
    }

    /// Keeps a body from having the end of `other`'s texts before it, which is signed by the same key: what is not JSON
    /// must not contain the literal text there.
    pub(super) fn keep_apart_from(&mut self, other: &Self) {
        if self.body == BodyPart::Itself {
            let mark = match other.before.last() {
                Some(Part::Literal(text)) => text.clone(),
                _ => Box::default(),
            };
            self.json_marks.push(mark);
        }
        self.before.iter_mut().for_each(|part| part.exclude(b"{["));
    }

    /// Reads a timestamp of the template, in one length unless its end is known in any.
    pub(super) fn read_timestamp(&self, unit: TimeUnit, text: &[u8]) -> Result<SystemTime, VerifyError> {
        if self.has_separate_timestamp { unit.read_any_length(text) } else { unit.read(text) }
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        self.before.iter().chain(&self.after)
    }

    fn texts(&self) -> impl Iterator<Item = &Text> {
        self.parts().filter_map(|part| match part {
            Part::Text(text, _) => Some(text),
            _ => None,
        })
    }

    /// Whether nothing can be hashed before the body is there.
    pub(super) fn needs_body_first(&self) -> bool {
        self.body == BodyPart::SortedForm || self.values().any(Location::is_in_body)
    }

    /// Whether what is at `place` is signed so that a listener cannot change it.
    pub(super) fn covers(&self, place: &Location) -> bool {
        let has_query =
            |text: &Text| matches!(text, Text::Url | Text::PathAndQuery) && !self.strings_url_and_form();
        match place {
            place if place.is_in_body() && self.covers_body() => true,
            Location::Query(_) if self.texts().any(has_query) => true,
            place => self.values().any(|signed| signed == place),
        }
    }

    /// Whether the URL and the sorted form are one string, so that bytes can move between the query and the form.
    pub(super) fn strings_url_and_form(&self) -> bool {
        self.body == BodyPart::SortedForm
            && self.after.is_empty()
            && matches!(self.before.last(), Some(Part::Text(Text::Url | Text::PathAndQuery, _)))
    }

    /// Whether a listener cannot find another body of the same signature. Sorted parameters can be split in
    /// other places.
    pub(super) fn covers_body(&self) -> bool {
        matches!(self.body, BodyPart::Itself | BodyPart::Sha256Hex)
    }

    /// Whether the MAC is the same for every copy of a delivery, and so serves as the body's digest. For
    /// sorted parameters it must: the same ones can be written in any number of ways.
    pub(super) fn makes_a_digest(&self) -> bool {
        let is_constant = |part: &Part| match part {
            Part::Literal(_) | Part::Secret => true,
            Part::Text(Text::Url | Text::PathAndQuery, _) => self.body == BodyPart::SortedForm,
            _ => false,
        };
        self.body != BodyPart::No && self.parts().all(is_constant)
    }

    pub(super) fn uses_timestamp(&self) -> bool {
        self.parts().any(|part| matches!(part, Part::Timestamp))
    }

    pub(super) fn uses_secret(&self) -> bool {
        self.parts().any(|part| matches!(part, Part::Secret))
    }

    /// Where it takes values from.
    pub(super) fn values(&self) -> impl Iterator<Item = &Location> {
        self.texts().filter_map(|text| match text {
            Text::Value(place) => Some(place),
            _ => None,
        })
    }

    /// The fields in which the names of signed headers are.
    pub(super) fn lists_of_headers(&self) -> impl Iterator<Item = &str> {
        self.texts().filter_map(|text| match text {
            Text::HeadersNamedBy(field) => Some(&**field),
            _ => None,
        })
    }

    /// Feeds what comes before the body.
    pub(super) fn begin(&self, sink: &mut dyn Sink, context: &Context<'_>) -> Result<BodyFeed, VerifyError> {
        feed(&self.before, sink, context)?;
        Ok(match self.body {
            BodyPart::No | BodyPart::SortedForm => BodyFeed::Skipped,
            BodyPart::Itself => BodyFeed::Itself,
            BodyPart::Sha256Hex => BodyFeed::Sha256(Box::new(Sha256::new())),
        })
    }

    /// Feeds what the body's digest is, if there is one, and what comes after the body.
    pub(super) fn finish(
        &self,
        body: BodyFeed,
        sink: &mut dyn Sink,
        context: &Context<'_>,
    ) -> Result<(), VerifyError> {
        match (self.body, body) {
            (_, BodyFeed::Sha256(hash)) => sink.update(HEXLOWER.encode(&hash.finalize()).as_bytes()),
            (BodyPart::SortedForm, _) => {
                let without: &[u8] = if self.is_extendable { &[0] } else { &[] };
                feed_sorted(context.sources.body.unwrap_or_default(), &mut checked(sink, without))?;
            }
            _ => {}
        }
        feed(&self.after, sink, context)
    }

    /// Judges a body whose signature is right.
    ///
    /// # Errors
    ///
    /// If the signature may be of another body as well.
    pub(super) fn judge_body(&self, body: &[u8]) -> Result<(), VerifyError> {
        let is_marked = || self.json_marks.iter().any(|mark| contains(body, mark));
        if self.bracket.is_some_and(|bracket| !bracket.is_in_place(body))
            || (!Bracket::Opening.is_in_place(body) && is_marked())
        {
            return Err(VerifyError::malformed(
                "the body is not a JSON object or array, so another part of the request could be taken for its end",
            ));
        }
        if self.is_extendable && self.body == BodyPart::Itself && body.contains(&0) {
            return Err(VerifyError::malformed(
                "the body contains a NUL byte, as one that was extended does",
            ));
        }
        Ok(())
    }
}

/// What the signed bytes are fed to, in order.
pub(super) trait Sink {
    fn update(&mut self, bytes: &[u8]);

    /// Feeds the secret itself, where it is part of the text.
    fn update_with_secrets(&mut self);
}

/// What the frames of the body are fed to.
pub(super) enum BodyFeed {
    Skipped,
    Itself,
    Sha256(Box<Sha256>),
}

impl BodyFeed {
    pub(super) fn update(&mut self, sink: &mut dyn Sink, bytes: &[u8]) {
        match self {
            Self::Skipped => {}
            Self::Itself => sink.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
        }
    }
}

/// What the parts of a template are filled with.
pub(super) struct Context<'a> {
    pub(super) sources: Sources<'a>,
    /// As it was sent: `0123` is signed as that.
    pub(super) timestamp: Option<Cow<'a, [u8]>>,
}

/// Every body contains an empty text.
fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

const NOT_BOUNDED: &str = "a signed value is empty, or contains a byte that would end it";

fn feed(parts: &[Part], sink: &mut dyn Sink, context: &Context<'_>) -> Result<(), VerifyError> {
    for part in parts {
        match part {
            Part::Literal(text) => sink.update(text),
            Part::Timestamp => sink.update(context.timestamp.as_deref().unwrap_or_default()),
            Part::Secret => sink.update_with_secrets(),
            Part::Method => feed_method(context.sources.request.head().method.as_str(), sink)?,
            Part::Text(text, without) => feed_text(text, &mut checked(sink, without), context)?,
        }
    }
    Ok(())
}

/// Its end is where something else than a capital follows.
fn feed_method(method: &str, sink: &mut dyn Sink) -> Result<(), VerifyError> {
    if !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(VerifyError::malformed("the method is not in capitals"));
    }
    sink.update(method.as_bytes());
    Ok(())
}

/// Feeds text that must not contain any of the bytes of `without`: its end could be read as the beginning of what
/// follows, and the other way round.
fn checked<'s>(
    sink: &'s mut dyn Sink,
    without: &'s [u8],
) -> impl FnMut(&[u8]) -> Result<(), VerifyError> + 's {
    |text| {
        if without.iter().any(|mark| text.contains(mark)) {
            return Err(VerifyError::malformed(NOT_BOUNDED));
        }
        sink.update(text);
        Ok(())
    }
}

type Put<'p> = dyn FnMut(&[u8]) -> Result<(), VerifyError> + 'p;

fn feed_text(text: &Text, put: &mut Put<'_>, context: &Context<'_>) -> Result<(), VerifyError> {
    let request = &context.sources.request;
    let uri = &request.head().uri;
    match text {
        Text::Url => url_pieces(request)?.iter().try_for_each(|piece| put(piece.as_bytes())),
        Text::PathAndQuery => put(uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes()),
        Text::HeadersNamedBy(field) => feed_named_headers(field, context, put),
        Text::Value(place) => {
            let value = context.sources.get(place)?;
            if value.is_empty() {
                return Err(VerifyError::malformed(NOT_BOUNDED));
            }
            put(&value)
        }
    }
}

/// Names and values strung together, in the order of the names.
fn feed_sorted(encoded: &[u8], put: &mut Put<'_>) -> Result<(), VerifyError> {
    for (name, value) in sorted_parameters(encoded)? {
        put(name.as_bytes())?;
        put(value.as_bytes())?;
    }
    Ok(())
}

/// Headers that the sender chose, named in a field of the signature and parted there by spaces.
///
/// The dots between their values are told from those within the last one by their number.
fn feed_named_headers(field: &str, context: &Context<'_>, put: &mut Put<'_>) -> Result<(), VerifyError> {
    let names = context.sources.get(&Location::Field(field.to_owned().into()))?;
    let names = signed_headers(&names, b' ')?;
    let last = names.len().saturating_sub(1);
    for (index, name) in names.into_iter().enumerate() {
        let value = context.sources.get(&Location::Header(name))?;
        put(&value)?;
        if index < last {
            if value.contains(&b'.') {
                return Err(VerifyError::malformed(NOT_BOUNDED));
            }
            put(b".")?;
        }
    }
    Ok(())
}
