//! A JSON tree (RFC 8259), and JSON pointers into it (RFC 6901).

pub(crate) enum Json {
    Null,
    Bool(bool),
    /// The number's text in the input.
    Number(String),
    Text(String),
    List(Vec<Json>),
    /// The members in the input's order, with repeated keys.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses all of `text`. Returns `None` if it is not JSON, has more than 100 levels, or contains a number
    /// outside of `f64`'s range or a lone surrogate.
    pub(crate) fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut reader = Reader { rest: text };
        let json = reader.value(0)?;
        reader.space();
        reader.rest.is_empty().then_some(json)
    }

    /// Returns the value at `pointer`. If a key is repeated, its first value counts.
    pub(crate) fn at(&self, pointer: &str) -> Option<&Self> {
        let mut value = self;
        for step in pointer.strip_prefix('/')?.split('/') {
            value = match value {
                Self::Object(members) => {
                    let key = step.replace("~1", "/").replace("~0", "~");
                    &members.iter().find(|(found, _)| *found == key)?.1
                }
                Self::List(items) => items.get(step.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }
}

struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, text: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        Some(next)
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.space();
        if depth > 100 {
            return None;
        }
        Some(match self.rest.as_bytes().first()? {
            b'n' => self.take("null").map(|()| Json::Null)?,
            b't' => self.take("true").map(|()| Json::Bool(true))?,
            b'f' => self.take("false").map(|()| Json::Bool(false))?,
            b'"' => Json::Text(self.text()?),
            b'[' => {
                let mut items = Vec::new();
                self.members("[", "]", |reader| {
                    items.push(reader.value(depth + 1)?);
                    Some(())
                })?;
                Json::List(items)
            }
            b'{' => {
                let mut members = Vec::new();
                self.members("{", "}", |reader| {
                    reader.space();
                    let key = reader.text()?;
                    reader.space();
                    reader.take(":")?;
                    members.push((key, reader.value(depth + 1)?));
                    Some(())
                })?;
                Json::Object(members)
            }
            _ => Json::Number(self.number()?),
        })
    }

    fn members(
        &mut self,
        open: &str,
        close: &str,
        mut member: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.take(open)?;
        self.space();
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            member(self)?;
            self.space();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(",")?;
        }
    }

    fn number(&mut self) -> Option<String> {
        let start = self.rest;
        let _ = self.take("-");
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        let number = &start[..start.len() - self.rest.len()];
        number.parse::<f64>().ok().filter(|number| number.is_finite())?;
        Some(number.to_owned())
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|sign: char| sign.is_ascii_digit());
        let any = rest.len() < self.rest.len();
        self.rest = rest;
        any.then_some(())
    }

    fn text(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut text = String::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(match self.next()? {
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => self.unicode()?,
                    same @ ('"' | '\\' | '/') => same,
                    _ => return None,
                }),
                control if control < ' ' => return None,
                sign => text.push(sign),
            }
        }
    }

    fn unicode(&mut self) -> Option<char> {
        let mut units = vec![self.unit()?];
        if (0xd800..0xdc00).contains(&units[0]) {
            self.take("\\u")?;
            units.push(self.unit()?);
        }
        let decoded = char::decode_utf16(units).collect::<Result<Vec<_>, _>>().ok()?;
        (decoded.len() == 1).then(|| decoded[0])
    }

    fn unit(&mut self) -> Option<u16> {
        (0..4).try_fold(0, |unit, _| Some(unit * 16 + self.next()?.to_digit(16)? as u16))
    }
}
