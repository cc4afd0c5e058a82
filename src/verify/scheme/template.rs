use std::{borrow::Cow, time::SystemTime};

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::HeaderName;
use sha2::{Digest, Sha256};

use super::{InvalidScheme, TimeUnit, bounds::Bracket, place::Sources};
use crate::verify::{
    Location, VerifyError, header_name,
    request::{
        all_sorted_parameters, signed_headers, single_header, sorted_parameters, unescaped_url, url_pieces,
    },
};

/// A parsed template of the signed bytes: the parts before the body, the form of the body, and the parts
/// after it.
#[derive(Clone, Debug)]
pub(super) struct Template {
    pub(super) before: Vec<Part>,
    pub(super) body: BodyPart,
    pub(super) after: Vec<Part>,
    /// The names of form fields that are not signed, with [`BodyPart::SortedPairs`].
    left_out: Vec<Box<str>>,
    pub(super) bracket: Option<Bracket>,
    /// Literal texts that only a JSON body may contain. If a body that is not JSON contained such a text, the
    /// signed text could also be read as that of another template with the same key.
    pub(super) json_marks: Vec<Box<[u8]>>,
    /// `true` if literal text separates the timestamp from its neighbors, so that it may have any number of
    /// digits.
    pub(super) has_separate_timestamp: bool,
    /// `true` if the secret is hashed before the end of the text, which allows length extension.
    is_extendable: bool,
}

/// A part of the signed bytes before or after the body.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Literal(Box<[u8]>),
    Timestamp,
    Secret,
    Method,
    /// Text of any length, and the bytes that it must not contain.
    Text(Text, Vec<u8>),
}

#[derive(Clone, Debug)]
pub(super) enum Text {
    Url,
    /// The URL with some escapes decoded; an error if it has none of them.
    UnescapedUrl,
    PathAndQuery,
    Value(Location),
    /// A header whose value is a path.
    PathIn(HeaderName),
    /// The values of the headers listed in a field, as Hook0 signs them.
    HeadersNamedBy(Box<str>),
}

impl Text {
    pub(super) fn is_of_url(&self) -> bool {
        matches!(self, Self::Url | Self::UnescapedUrl | Self::PathAndQuery)
    }
}

impl Part {
    pub(super) fn exclude(&mut self, bytes: &[u8]) {
        if let Self::Text(_, without) = self {
            without.extend(bytes);
        }
    }
}

/// The form in which the body is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyPart {
    /// The body is not signed.
    No,
    Itself,
    Sha256Hex,
    /// In unpadded base64url, as in a detached JSON Web Signature.
    Base64Url,
    /// The form's parameters, sorted by name, with names and values concatenated.
    SortedForm,
    /// The form's parameters, sorted by name, as `name=value` joined with `&`.
    SortedPairs,
}

impl BodyPart {
    /// Returns whether the parameters of a form are signed, and not its bytes.
    fn is_form(self) -> bool {
        matches!(self, Self::SortedForm | Self::SortedPairs)
    }
}

impl Template {
    /// Parses a template. A placeholder that names the location `timestamp` has the meaning of `{ts}`.
    pub(super) fn parse(text: &str, timestamp: Option<&Location>) -> Result<Self, InvalidScheme> {
        let mut template = Self {
            before: Vec::new(),
            body: BodyPart::No,
            after: Vec::new(),
            left_out: Vec::new(),
            bracket: None,
            json_marks: Vec::new(),
            has_separate_timestamp: false,
            is_extendable: false,
        };
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            template.push_literal(literal);
            let (name, tail) = tail
                .split_once('}')
                .ok_or_else(|| InvalidScheme::new(format!("template `{text}` has an unclosed brace")))?;
            template.push_named(name, text, timestamp)?;
            rest = tail;
        }
        if rest.contains('}') {
            return Err(InvalidScheme::new(format!("template `{text}` has an unopened brace")));
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
        let left_out = names_to_leave_out(name);
        let body = match name {
            "body" => BodyPart::Itself,
            "json:body" => {
                self.json_marks.push(Box::default());
                BodyPart::Itself
            }
            "sha256hex:body" => BodyPart::Sha256Hex,
            "base64url:body" => BodyPart::Base64Url,
            "sorted_form" => BodyPart::SortedForm,
            "sorted_pairs" => BodyPart::SortedPairs,
            _ if left_out.is_some() => {
                self.left_out = left_out.unwrap_or_default();
                BodyPart::SortedPairs
            }
            _ => {
                let of_text = |text| Part::Text(text, Vec::new());
                let part = match name.split_once(':') {
                    None if name == "ts" => Part::Timestamp,
                    None if name == "secret" => Part::Secret,
                    None if name == "method" => Part::Method,
                    None if name == "url" => of_text(Text::Url),
                    None if name == "unescaped_url" => of_text(Text::UnescapedUrl),
                    None if name == "path_query" => of_text(Text::PathAndQuery),
                    Some(("path_header", name)) => of_text(Text::PathIn(header_name(name)?)),
                    Some(("headers_named_by", field)) => of_text(Text::HeadersNamedBy(field.into())),
                    Some(("header" | "field" | "item" | "query" | "body" | "form", _)) => {
                        let place = Location::try_from(name)?;
                        if timestamp == Some(&place) { Part::Timestamp } else { of_text(Text::Value(place)) }
                    }
                    _ => {
                        return Err(InvalidScheme::new(format!(
                            "template `{template}` contains the unknown placeholder `{{{name}}}`"
                        )));
                    }
                };
                self.push(part);
                return Ok(());
            }
        };
        if self.body != BodyPart::No {
            return Err(InvalidScheme::new(format!("template `{template}` contains the body twice")));
        }
        self.body = body;
        Ok(())
    }

    /// Prepares the template for a plain hash of text that contains the secret.
    ///
    /// Given only the hash of a text, an attacker can compute the hash of that text followed by its padding
    /// and by more text (length extension). The padding ends with the text's length as a number of 64 bits
    /// or more, whose highest byte is zero. Rejecting NUL bytes in every part and in the body therefore prevents the attack.
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

    /// Prevents a text signed for `other`, which shares the key, from being valid for this template: only a
    /// JSON body may contain the literal text that `other` has directly before its body.
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

    /// Parses the timestamp, with a fixed number of digits unless its end can be recognized otherwise.
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

    /// Returns whether hashing needs the whole body.
    pub(super) fn needs_body_first(&self) -> bool {
        self.body.is_form() || self.values().any(Location::is_in_body)
    }

    /// Returns whether the value at `place` is signed, so that an attacker cannot change it.
    pub(super) fn covers(&self, place: &Location) -> bool {
        let has_query = |text: &Text| text.is_of_url() && !self.strings_url_and_form();
        match place {
            place if place.is_in_body() && self.covers_body() => true,
            place if self.pairs_contain(place) => true,
            Location::Query(_) if self.texts().any(has_query) => true,
            place => self.values().any(|signed| signed == place),
        }
    }

    /// Returns whether the URL and the sorted form are concatenated, so that bytes can move between the query
    /// and the form.
    pub(super) fn strings_url_and_form(&self) -> bool {
        self.body == BodyPart::SortedForm
            && self.after.is_empty()
            && matches!(self.before.last(), Some(Part::Text(text, _)) if text.is_of_url())
    }

    /// Returns whether `place` is a form field that is signed as a pair of its name and its value.
    pub(super) fn pairs_contain(&self, place: &Location) -> bool {
        let is_left_out = |name: &str| self.left_out.iter().any(|left_out| **left_out == *name);
        self.body == BodyPart::SortedPairs && matches!(place, Location::Form(name) if !is_left_out(name))
    }

    /// Returns whether the signature is valid for only one body. Sorted parameters can be split differently,
    /// or encoded differently.
    pub(super) fn covers_body(&self) -> bool {
        matches!(self.body, BodyPart::Itself | BodyPart::Sha256Hex | BodyPart::Base64Url)
    }

    /// Returns whether the MAC is equal for all attempts of a delivery, and so serves as the body's digest. A
    /// digest of the body's bytes would not be enough for sorted parameters, because equal parameters can be
    /// encoded in many ways.
    pub(super) fn makes_a_digest(&self) -> bool {
        let is_constant = |part: &Part| match part {
            Part::Literal(_) | Part::Secret => true,
            Part::Text(text, _) if text.is_of_url() => self.body.is_form(),
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

    /// Returns the locations of the template's values.
    pub(super) fn values(&self) -> impl Iterator<Item = &Location> {
        self.texts().filter_map(|text| match text {
            Text::Value(place) => Some(place),
            _ => None,
        })
    }

    /// Returns the fields that list the names of signed headers.
    pub(super) fn lists_of_headers(&self) -> impl Iterator<Item = &str> {
        self.texts().filter_map(|text| match text {
            Text::HeadersNamedBy(field) => Some(&**field),
            _ => None,
        })
    }

    /// Returns the headers whose values are paths.
    #[cfg(feature = "test-util")]
    pub(super) fn path_headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.texts().filter_map(|text| match text {
            Text::PathIn(name) => Some(name),
            _ => None,
        })
    }

    /// Feeds the parts before the body.
    pub(super) fn begin(&self, sink: &mut dyn Sink, context: &Context<'_>) -> Result<BodyFeed, VerifyError> {
        feed(&self.before, sink, context)?;
        Ok(match self.body {
            BodyPart::No | BodyPart::SortedForm | BodyPart::SortedPairs => BodyFeed::Skipped,
            BodyPart::Itself => BodyFeed::Itself,
            BodyPart::Sha256Hex => BodyFeed::Sha256(Box::new(Sha256::new())),
            BodyPart::Base64Url => BodyFeed::Base64Url(Vec::new()),
        })
    }

    /// Feeds what is left of the body (its digest, its last bytes in base64url or its sorted parameters), and
    /// the parts after the body.
    pub(super) fn finish(
        &self,
        body: BodyFeed,
        sink: &mut dyn Sink,
        context: &Context<'_>,
    ) -> Result<(), VerifyError> {
        match (self.body, body) {
            (_, BodyFeed::Base64Url(rest)) => sink.update(BASE64URL_NOPAD.encode(&rest).as_bytes()),
            (_, BodyFeed::Sha256(hash)) => sink.update(HEXLOWER.encode(&hash.finalize()).as_bytes()),
            (form @ (BodyPart::SortedForm | BodyPart::SortedPairs), _) => {
                let without: &[u8] = if self.is_extendable { &[0] } else { &[] };
                let body = context.sources.body.unwrap_or_default();
                let mut put = checked(sink, without);
                match form {
                    BodyPart::SortedPairs => feed_pairs(body, &self.left_out, &mut put)?,
                    _ => feed_sorted(body, &mut put)?,
                }
            }
            _ => {}
        }
        feed(&self.after, sink, context)
    }

    /// Checks a body with a valid signature.
    ///
    /// # Errors
    ///
    /// Returns an error if the signature could also belong to another body.
    pub(super) fn judge_body(&self, body: &[u8]) -> Result<(), VerifyError> {
        let is_marked = || self.json_marks.iter().any(|mark| contains(body, mark));
        if self.bracket.is_some_and(|bracket| !bracket.is_in_place(body))
            || (!Bracket::Opening.is_in_place(body) && is_marked())
        {
            return Err(VerifyError::malformed(
                "body is not a JSON object or array, so the signed text is ambiguous",
            ));
        }
        if self.is_extendable && self.body == BodyPart::Itself && body.contains(&0) {
            return Err(VerifyError::malformed("body contains a NUL byte, which indicates length extension"));
        }
        Ok(())
    }
}

/// Returns the names in `sorted_pairs:name,name`; `None` for any other placeholder.
fn names_to_leave_out(placeholder: &str) -> Option<Vec<Box<str>>> {
    let names = placeholder.strip_prefix("sorted_pairs:")?.split(',').map(str::trim);
    names.map(|name| (!name.is_empty()).then(|| name.into())).collect()
}

/// The receiver of the signed bytes, in order.
pub(super) trait Sink {
    fn update(&mut self, bytes: &[u8]);

    /// Feeds the secret itself, if it is part of the text.
    fn update_with_secrets(&mut self);
}

/// The destination of the body's frames.
pub(super) enum BodyFeed {
    Skipped,
    Itself,
    Sha256(Box<Sha256>),
    /// The last bytes, fewer than three, which are not encoded yet.
    Base64Url(Vec<u8>),
}

impl BodyFeed {
    pub(super) fn update(&mut self, sink: &mut dyn Sink, bytes: &[u8]) {
        match self {
            Self::Skipped => {}
            Self::Itself => sink.update(bytes),
            Self::Sha256(hash) => hash.update(bytes),
            Self::Base64Url(rest) => {
                let (first, bytes) = bytes.split_at(bytes.len().min((3 - rest.len()) % 3));
                rest.extend_from_slice(first);
                if !rest.len().is_multiple_of(3) {
                    return;
                }
                sink.update(BASE64URL_NOPAD.encode(rest).as_bytes());
                let (whole, tail) = bytes.split_at(bytes.len() - bytes.len() % 3);
                for piece in whole.chunks(3 * 1024) {
                    sink.update(BASE64URL_NOPAD.encode(piece).as_bytes());
                }
                *rest = tail.to_vec();
            }
        }
    }
}

/// The values for a template's parts.
pub(super) struct Context<'a> {
    pub(super) sources: Sources<'a>,
    /// The timestamp as sent, because leading zeros are signed too.
    pub(super) timestamp: Option<Cow<'a, [u8]>>,
}

/// Returns whether the body contains the text. Every body contains an empty text.
fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

const NOT_BOUNDED: &str = "signed value is empty, or contains a byte that makes the signed text ambiguous";

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

/// Feeds the method. Its end is recognizable because it consists of capitals.
fn feed_method(method: &str, sink: &mut dyn Sink) -> Result<(), VerifyError> {
    if !method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(VerifyError::malformed("method is not in capitals"));
    }
    sink.update(method.as_bytes());
    Ok(())
}

/// Returns a function that feeds text, and rejects text with a byte of `without`. Such a byte would make the
/// bound between this part and the next ambiguous.
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
        Text::UnescapedUrl => put(unescaped_url(request)?.as_bytes()),
        Text::PathAndQuery => put(uri.path_and_query().map_or("/", |path| path.as_str()).as_bytes()),
        Text::PathIn(name) => {
            let path = single_header(&context.sources.request.head().headers, name)?.as_bytes();
            // Allow only the characters of URLs, because the bounds next to this part rely on them.
            let is_of_path =
                |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(byte);
            match path.starts_with(b"/") && path.iter().all(is_of_path) {
                true => put(path),
                false => Err(VerifyError::malformed(format!("`{name}` header is not a path"))),
            }
        }
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

/// Feeds names and values, concatenated and sorted by name.
fn feed_sorted(encoded: &[u8], put: &mut Put<'_>) -> Result<(), VerifyError> {
    for (name, value) in sorted_parameters(encoded)? {
        put(name.as_bytes())?;
        put(value.as_bytes())?;
    }
    Ok(())
}

/// Feeds parameters as `name=value`, sorted by name and joined with `&`, except for those in `left_out`.
///
/// The text must have a single meaning. It has one if each `&` that begins a pair is followed by a `=`, and no
/// other `&` is: an `&` within a value then ends with the value or with the next `&`, as in `H&M`.
fn feed_pairs(encoded: &[u8], left_out: &[Box<str>], put: &mut Put<'_>) -> Result<(), VerifyError> {
    let parameters = all_sorted_parameters(encoded)?;
    let is_repeated =
        |pair: &[(Cow<'_, str>, Cow<'_, str>)]| matches!(pair, [one, other] if one.0 == other.0);
    if parameters.windows(2).any(is_repeated) {
        return Err(VerifyError::malformed("form field is repeated"));
    }
    let signed = parameters.iter().filter(|(name, _)| left_out.iter().all(|left_out| **left_out != **name));
    for (index, (name, value)) in signed.enumerate() {
        let has_pair = value.split('&').skip(1).any(|text| text.contains('='));
        if has_pair || name.contains(['&', '=']) {
            return Err(VerifyError::malformed(NOT_BOUNDED));
        }
        if index > 0 {
            put(b"&")?;
        }
        put(name.as_bytes())?;
        put(b"=")?;
        put(value.as_bytes())?;
    }
    Ok(())
}

/// Feeds the values of the headers that a field of the signature's header lists. The field separates their
/// names with spaces.
///
/// Only the last value may contain dots, so the number of names determines which dots are separators.
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
