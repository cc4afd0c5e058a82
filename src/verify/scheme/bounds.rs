//! The bounds of a template's parts. The signed text does not contain the lengths of its parts, so the bounds
//! must follow from the text itself. Otherwise an attacker who captures a request could move bytes between
//! two parts.

use super::{
    InvalidScheme,
    template::{BodyPart, Part, Template, Text},
};
use crate::verify::Location;

/// The JSON bracket that marks a bound of the body, if no literal text does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bracket {
    /// The body begins with `{` or `[`, which the text before it does not contain.
    Opening,
    /// The body ends with `}` or `]`, which the text after it does not contain.
    Closing,
}

impl Bracket {
    fn bytes(self) -> [u8; 2] {
        match self {
            Self::Opening => *b"{[",
            Self::Closing => *b"}]",
        }
    }

    /// Returns whether the body is empty, or has the bracket in its place.
    pub(super) fn is_in_place(self, body: &[u8]) -> bool {
        let end = match self {
            Self::Opening => body.first(),
            Self::Closing => body.last(),
        };
        end.is_none_or(|byte| self.bytes().contains(byte))
    }
}

impl Template {
    /// Determines how the bounds of the parts are recognized, and stores in each part the bytes that it must
    /// therefore not contain.
    ///
    /// # Errors
    ///
    /// Returns an error if the signed text could be split in two ways.
    pub(super) fn set_bounds(&mut self, text: &str) -> Result<(), InvalidScheme> {
        self.named_headers_are_listed(text)?;
        let exact = self.bounds(Shape::Fixed).ok_or_else(|| {
            InvalidScheme::new(format!(
                "template `{text}` is ambiguous: literal text between its parts is missing"
            ))
        })?;
        // Accept a timestamp of any number of digits, unless that would put another condition on the body.
        let separate = self.bounds(Shape::Digits).filter(|(_, bracket)| *bracket == exact.1);
        self.has_separate_timestamp = separate.is_some();
        let (marks, bracket) = separate.unwrap_or(exact);
        self.bracket = bracket;
        let body = self.before.len();
        let parts =
            self.before.iter_mut().zip(&marks).chain(self.after.iter_mut().zip(marks.iter().skip(body + 1)));
        for (part, mark) in parts {
            part.exclude(mark.as_slice());
        }
        if !self.json_marks.is_empty() {
            self.before.iter_mut().for_each(|part| part.exclude(b"{["));
        }
        match bracket {
            Some(Bracket::Opening) => self.before.iter_mut().for_each(|part| part.exclude(b"{[")),
            Some(Bracket::Closing) => self.after.iter_mut().for_each(|part| part.exclude(b"}]")),
            None => {}
        }
        Ok(())
    }

    /// Returns the byte that each part must not contain, and the bracket that the body must have, if any.
    fn bounds(&self, timestamp: Shape) -> Option<(Vec<Option<u8>>, Option<Bracket>)> {
        let of = |part: &Part| if matches!(part, Part::Timestamp) { timestamp } else { Shape::of(part) };
        let mut shapes: Vec<Shape> = self.before.iter().map(of).collect();
        if self.strings_url_and_form()
            && let Some(shape) = shapes.last_mut()
        {
            // Accept the ambiguous end of the URL: the sorted parameters after it are concatenated without
            // separators, so their bounds are ambiguous anyway.
            *shape = Shape::Fixed;
        }
        let body = shapes.len();
        shapes.extend(Shape::of_body(self.body));
        shapes.extend(self.after.iter().map(of));

        marks(&shapes).map(|marks| (marks, None)).or_else(|| {
            let is_whole = self.body == BodyPart::Itself;
            let cuts = [(body, Bracket::Opening), (body + 1, Bracket::Closing)];
            cuts.into_iter().filter(|_| is_whole).find_map(|(cut, bracket)| {
                let (left, right) = shapes.split_at_checked(cut)?;
                Some(([marks(left)?, marks(right)?].concat(), Some(bracket)))
            })
        })
    }

    /// Checks that the names of signed headers are signed too: values without names are ambiguous.
    fn named_headers_are_listed(&self, text: &str) -> Result<(), InvalidScheme> {
        for field in self.lists_of_headers() {
            if !self.covers(&Location::Field(field.to_owned().into())) {
                return Err(InvalidScheme::new(format!(
                    "template `{text}` does not contain `{{field:{field}}}`, so the names of its headers are not signed"
                )));
            }
        }
        Ok(())
    }
}

/// The known properties of a part's bytes, for any request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// A part whose length, or whose first and last bytes, show where it ends.
    Fixed,
    /// A fixed part with this first and last byte.
    Literal(u8, u8),
    /// Capitals and hyphens.
    Method,
    Digits,
    Url,
    /// Text that is rejected if it contains a byte that would end it.
    Text,
    /// Unpadded base64url.
    Base64Url,
    /// Any bytes.
    Any,
}

impl Shape {
    fn of(part: &Part) -> Self {
        match part {
            Part::Literal(text) => match (text.first(), text.last()) {
                (Some(first), Some(last)) => Self::Literal(*first, *last),
                _ => Self::Fixed,
            },
            Part::Timestamp | Part::Secret => Self::Fixed,
            Part::Method => Self::Method,
            Part::Text(Text::Url | Text::UnescapedUrl | Text::PathAndQuery | Text::PathIn(_), _) => Self::Url,
            Part::Text(Text::Value(_), _) => Self::Text,
            // The last value may contain any byte.
            Part::Text(Text::HeadersNamedBy(_), _) => Self::Any,
        }
    }

    fn of_body(body: BodyPart) -> Option<Self> {
        match body {
            BodyPart::No => None,
            BodyPart::Itself | BodyPart::SortedForm | BodyPart::SortedPairs => Some(Self::Any),
            BodyPart::Sha256Hex => Some(Self::Fixed),
            BodyPart::Base64Url => Some(Self::Base64Url),
        }
    }

    /// Returns whether `byte` shows where the part before it ends, and the byte that the part must therefore
    /// not contain.
    fn ends_at(self, byte: u8) -> Option<Option<u8>> {
        const OF_URLS: &[u8] = b"-._~:/?#[]@!$&'()*+,;=%";
        let is_method = byte.is_ascii_uppercase() || byte == b'-';
        let is_url = byte.is_ascii_alphanumeric() || OF_URLS.contains(&byte);
        match self {
            Self::Fixed | Self::Literal(..) => Some(None),
            Self::Method => (!is_method).then_some(None),
            Self::Digits => (!byte.is_ascii_digit()).then_some(None),
            Self::Url => (!is_url).then_some(Some(byte)),
            Self::Text => Some(Some(byte)),
            Self::Base64Url => (!byte.is_ascii_alphanumeric() && !b"-_".contains(&byte)).then_some(None),
            Self::Any => None,
        }
    }

    /// Returns whether the end of the part can be found from its start, and the byte that the part must
    /// therefore not contain.
    fn ends_before(self, next: Self) -> Option<Option<u8>> {
        match (self, next) {
            (Self::Fixed | Self::Literal(..), _) => Some(None),
            // URLs begin with `http`, and paths with a slash.
            (Self::Method, Self::Url) => Some(None),
            (_, Self::Literal(first, _)) => self.ends_at(first),
            _ => None,
        }
    }

    /// Returns whether the start of the part can be found from its end, and the byte that the part must
    /// therefore not contain.
    fn begins_after(self, previous: Self) -> Option<Option<u8>> {
        match (self, previous) {
            (Self::Fixed | Self::Literal(..), _) => Some(None),
            (_, Self::Literal(_, last)) => self.ends_at(last),
            _ => None,
        }
    }
}

/// Returns the byte that each part must not contain, so that a text with these parts can be split in only one
/// way. Parts are split off from the left while their ends can be found, and from the right while their
/// starts can be. Returns `None` if more than one part is left in the middle.
fn marks(shapes: &[Shape]) -> Option<Vec<Option<u8>>> {
    let from_left = shapes.windows(2).map_while(|pair| match pair {
        [this, next] => this.ends_before(*next),
        _ => None,
    });
    let mut marks: Vec<_> = from_left.collect();
    let from_right = shapes.windows(2).skip(marks.len()).rev().map_while(|pair| match pair {
        [previous, this] => this.begins_after(*previous),
        _ => None,
    });
    let mut from_right: Vec<_> = from_right.collect();
    from_right.push(None);
    from_right.reverse();
    marks.extend(from_right);
    marks.truncate(shapes.len());
    (marks.len() == shapes.len()).then_some(marks)
}
