use std::borrow::Cow;

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::{
    InvalidScheme,
    place::{Place, Sources},
};
use crate::verify::{
    VerifyError,
    request::{signed_headers, sorted_parameters, url_pieces},
};

/// The bytes that are signed, parsed: what comes before the body, how the body is in it, and what
/// comes after.
#[derive(Clone, Debug)]
pub(super) struct Template {
    before: Vec<Part>,
    body: BodyPart,
    after: Vec<Part>,
}

/// A piece of the signed bytes that is known from the head, the configuration, or the scheme. A
/// value knows what ends it, which it must not have in it.
#[derive(Clone, Debug)]
enum Part {
    Literal(Box<[u8]>),
    Timestamp,
    Secret,
    Url,
    Method,
    PathAndQuery,
    Value(Place, Option<u8>),
    /// The values of the headers that a field names, as Hook0 does it.
    HeadersNamedBy(Box<str>),
    SortedQuery,
}

/// How the body is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BodyPart {
    /// Not at all.
    No,
    Itself,
    Sha256Hex,
    Sha256Raw,
    Crc32,
    /// The form's parameters, sorted by name: names and values strung together.
    SortedForm,
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidScheme> {
        let mut template = Self { before: Vec::new(), body: BodyPart::No, after: Vec::new() };
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            template.push_literal(literal);
            let (name, tail) = tail.split_once('}').ok_or_else(|| {
                InvalidScheme::new(format!("in the template `{text}` a brace is not closed"))
            })?;
            template.push_named(name, text)?;
            rest = tail;
        }
        if rest.contains('}') {
            return Err(InvalidScheme::new(format!("in the template `{text}` a brace is not opened")));
        }
        template.push_literal(rest);
        Ok(template)
    }

    fn push_literal(&mut self, literal: &str) {
        if let Some(mark) = literal.bytes().next() {
            let parts = if self.body == BodyPart::No { &mut self.before } else { &mut self.after };
            if let Some(Part::Value(_, delimiter)) = parts.last_mut() {
                *delimiter = Some(mark);
            }
            self.push(Part::Literal(literal.as_bytes().into()));
        }
    }

    fn push(&mut self, part: Part) {
        match self.body {
            BodyPart::No => self.before.push(part),
            _ => self.after.push(part),
        }
    }

    fn push_named(&mut self, name: &str, template: &str) -> Result<(), InvalidScheme> {
        let body = match name {
            "body" => BodyPart::Itself,
            "sha256hex:body" => BodyPart::Sha256Hex,
            "sha256raw:body" => BodyPart::Sha256Raw,
            "crc32:body" => BodyPart::Crc32,
            "sorted_form" => BodyPart::SortedForm,
            _ => {
                let part = match name.split_once(':') {
                    None if name == "ts" => Part::Timestamp,
                    None if name == "secret" => Part::Secret,
                    None if name == "url" => Part::Url,
                    None if name == "method" => Part::Method,
                    None if name == "path_query" => Part::PathAndQuery,
                    None if name == "sorted_query" => Part::SortedQuery,
                    Some(("headers_named_by", field)) => Part::HeadersNamedBy(field.into()),
                    Some(("header" | "field" | "item" | "query" | "body" | "form", _)) => {
                        Part::Value(Place::parse(name)?, None)
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
        // With nothing between them, a value ends where a body of JSON begins.
        if let (BodyPart::Itself, Some(Part::Value(_, delimiter))) = (body, self.before.last_mut()) {
            delimiter.get_or_insert(b'{');
        }
        self.body = body;
        Ok(())
    }

    /// Whether nothing can be hashed before the body is there.
    pub(super) fn needs_body_first(&self) -> bool {
        let in_body = |part: &Part| matches!(part, Part::Value(place, _) if place.is_in_body());
        self.body == BodyPart::SortedForm || self.has(in_body)
    }

    /// Whether what is at `place` is signed.
    pub(super) fn signs(&self, place: &Place) -> bool {
        match place {
            Place::Body(_) | Place::Form(_) if self.body != BodyPart::No => true,
            Place::Query(_) if self.has(|part| matches!(part, Part::SortedQuery)) => true,
            place => self.covers(place),
        }
    }

    /// Whether what is at `place` is signed so that a listener cannot change it.
    pub(super) fn covers(&self, place: &Place) -> bool {
        match place {
            Place::Body(_) | Place::Form(_) if self.covers_body() => true,
            Place::Query(_) if self.has(|part| matches!(part, Part::Url | Part::PathAndQuery)) => true,
            place => self.values().any(|signed| signed == place),
        }
    }

    /// Whether a listener cannot find another body of the same signature. Sorted parameters can be split in
    /// other places, and a CRC-32 is easily met.
    pub(super) fn covers_body(&self) -> bool {
        matches!(self.body, BodyPart::Itself | BodyPart::Sha256Hex | BodyPart::Sha256Raw)
    }

    fn has(&self, is_it: impl Fn(&Part) -> bool) -> bool {
        self.before.iter().chain(&self.after).any(is_it)
    }

    /// Whether the MAC is the same for every copy of a delivery, and so serves as the body's digest. For
    /// sorted parameters it must: the same ones can be written in any number of ways.
    pub(super) fn makes_a_digest(&self) -> bool {
        let is_constant = |part: &Part| match part {
            Part::Literal(_) | Part::Secret => true,
            Part::Url => self.body == BodyPart::SortedForm,
            _ => false,
        };
        self.body != BodyPart::No && self.before.iter().chain(&self.after).all(is_constant)
    }

    pub(super) fn uses_timestamp(&self) -> bool {
        self.has(|part| matches!(part, Part::Timestamp))
    }

    pub(super) fn uses_secret(&self) -> bool {
        self.has(|part| matches!(part, Part::Secret))
    }

    /// Whether a field of the signature names headers.
    pub(super) fn names_headers(&self) -> bool {
        self.has(|part| matches!(part, Part::HeadersNamedBy(_)))
    }

    /// Where it takes values from.
    pub(super) fn values(&self) -> impl Iterator<Item = &Place> {
        self.before.iter().chain(&self.after).filter_map(|part| match part {
            Part::Value(place, _) => Some(place),
            _ => None,
        })
    }

    /// The fields in which the names of signed headers are.
    #[cfg(feature = "test-util")]
    pub(super) fn lists_of_headers(&self) -> impl Iterator<Item = &str> {
        self.before.iter().chain(&self.after).filter_map(|part| match part {
            Part::HeadersNamedBy(field) => Some(&**field),
            _ => None,
        })
    }

    /// Feeds what comes before the body.
    pub(super) fn begin(&self, sink: &mut dyn Sink, context: &Context<'_>) -> Result<BodyFeed, VerifyError> {
        feed(&self.before, sink, context)?;
        Ok(match self.body {
            BodyPart::No | BodyPart::SortedForm => BodyFeed::Skipped,
            BodyPart::Itself => BodyFeed::Itself,
            BodyPart::Sha256Hex | BodyPart::Sha256Raw => BodyFeed::Sha256(Box::new(Sha256::new())),
            BodyPart::Crc32 => BodyFeed::Crc32(crc32fast::Hasher::new()),
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
            (BodyPart::Sha256Hex, BodyFeed::Sha256(hash)) => {
                sink.update(HEXLOWER.encode(&hash.finalize()).as_bytes())
            }
            (_, BodyFeed::Sha256(hash)) => sink.update(&hash.finalize()),
            (_, BodyFeed::Crc32(hash)) => sink.update(hash.finalize().to_string().as_bytes()),
            (BodyPart::SortedForm, _) => feed_sorted(context.sources.body.unwrap_or_default(), sink)?,
            _ => {}
        }
        feed(&self.after, sink, context)
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
    Crc32(crc32fast::Hasher),
}

impl BodyFeed {
    pub(super) fn update(&mut self, sink: &mut dyn Sink, bytes: &[u8]) {
        match self {
            Self::Skipped => {}
            Self::Itself => sink.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
            Self::Crc32(hash) => hash.update(bytes),
        }
    }
}

/// What the parts of a template are filled with.
pub(super) struct Context<'a> {
    pub(super) sources: Sources<'a>,
    /// As it was sent: `0123` is signed as that.
    pub(super) timestamp: Option<Cow<'a, [u8]>>,
}

fn feed(parts: &[Part], sink: &mut dyn Sink, context: &Context<'_>) -> Result<(), VerifyError> {
    let head = context.sources.head;
    for part in parts {
        match part {
            Part::Literal(text) => sink.update(text),
            Part::Timestamp => sink.update(context.timestamp.as_deref().unwrap_or_default()),
            Part::Secret => sink.update_with_secrets(),
            Part::Method => sink.update(head.method.as_str().as_bytes()),
            Part::PathAndQuery => {
                sink.update(head.uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes())
            }
            Part::Url => url_pieces(head)?.iter().for_each(|piece| sink.update(piece.as_bytes())),
            Part::Value(place, delimiter) => {
                let value = context.sources.get(place)?;
                // Its end could be read as the beginning of what follows, and the other way round.
                if value.is_empty() || delimiter.is_some_and(|delimiter| value.contains(&delimiter)) {
                    return Err(VerifyError::malformed(
                        "a signed value is empty, or has the mark in it that ends it",
                    ));
                }
                sink.update(&value);
            }
            Part::SortedQuery => feed_sorted(head.uri.query().unwrap_or_default().as_bytes(), sink)?,
            Part::HeadersNamedBy(field) => feed_named_headers(field, context, sink)?,
        }
    }
    Ok(())
}

/// Names and values strung together, in the order of the names.
fn feed_sorted(encoded: &[u8], sink: &mut dyn Sink) -> Result<(), VerifyError> {
    for (name, value) in sorted_parameters(encoded)? {
        sink.update(name.as_bytes());
        sink.update(value.as_bytes());
    }
    Ok(())
}

/// Headers that the sender chose, named in a field of the signature and parted there by spaces.
fn feed_named_headers(field: &str, context: &Context<'_>, sink: &mut dyn Sink) -> Result<(), VerifyError> {
    let names = context.sources.get(&Place::Field(field.into()))?;
    for (index, name) in signed_headers(&names, b' ')?.into_iter().enumerate() {
        if index > 0 {
            sink.update(b".");
        }
        sink.update(&context.sources.get(&Place::Header(name))?);
    }
    Ok(())
}
