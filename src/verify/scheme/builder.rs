use super::{
    Algorithm, Encoding, KeyEncoding, KeyFormat, KeyTransform, OneOrMany, Scheme, SignatureFormat,
    TemplateText, TimeUnit, TimestampFormat,
};

/// Building one in code. What is wrong with it is said by [`verifier`](Scheme::verifier).
impl Scheme {
    /// Signed with `algorithm`; the signature is in the header `header`.
    pub fn new(algorithm: Algorithm, header: &str, encoding: Encoding) -> Self {
        Self::of(algorithm, header, Some(encoding))
    }

    /// HMAC-SHA256, which most are: [`new`](Self::new) with [`Algorithm::HmacSha256`].
    pub fn hmac_sha256(header: &str, encoding: Encoding) -> Self {
        Self::new(Algorithm::HmacSha256, header, encoding)
    }

    /// The secret itself in the header `header`. **It does not protect the body.** There is no list with it, no
    /// timestamp and no template.
    pub fn token(header: &str) -> Self {
        Self::of(Algorithm::Token, header, None)
    }

    /// HTTP Basic credentials; the secret is `user:password`. **They do not protect the body.**
    pub fn basic() -> Self {
        Self::of(Algorithm::Basic, "authorization", None).prefix("Basic ")
    }

    fn of(alg: Algorithm, header: &str, enc: Option<Encoding>) -> Self {
        Self {
            alg,
            key: KeyFormat::default(),
            require: Default::default(),
            sig: SignatureFormat {
                from: OneOrMany::One(header.to_owned()),
                enc,
                prefix: String::new(),
                prefix_optional: false,
                items: None,
                kv: None,
                keys: Vec::new(),
                prefer: Vec::new(),
            },
            ts: None,
            template: TemplateText::default(),
            id: None,
            id_signed: None,
            event_type: None,
        }
    }

    /// The secret is the key in this encoding, not the key's text.
    pub fn key_encoding(mut self, encoding: Encoding) -> Self {
        self.key.encoding = match encoding {
            Encoding::Hex => KeyEncoding::Hex,
            Encoding::Base64 => KeyEncoding::Base64,
            Encoding::Base64Url => KeyEncoding::Base64Url,
        };
        self
    }

    /// What the secret may begin with that is not part of the key. Several are taken off in turn.
    pub fn key_prefix(mut self, prefix: &str) -> Self {
        self.key.strip.push(prefix.to_owned());
        self
    }

    /// The secret's text is brought into Unicode's normalization form KD first.
    pub fn key_nfkd(mut self) -> Self {
        self.key.transform = Some(KeyTransform::Nfkd);
        self
    }

    /// The place where a request names the key it was signed with
    /// ([`Secret::with_key_id`](crate::Secret::with_key_id)).
    pub fn key_id(mut self, place: &str) -> Self {
        self.key.select_by = Some(place.to_owned());
        self
    }

    /// The signature is in any of these places, instead of one header.
    pub fn signature_in<'p>(mut self, places: impl IntoIterator<Item = &'p str>) -> Self {
        self.sig.from = OneOrMany::Many(places.into_iter().map(str::to_owned).collect());
        self
    }

    /// What the signature must begin with, such as `sha256=`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.sig.prefix = prefix.to_owned();
        self
    }

    /// What the signature may begin with.
    pub fn optional_prefix(mut self, prefix: &str) -> Self {
        self.sig.prefix_optional = true;
        self.prefix(prefix)
    }

    /// The signature's text is a list, its items parted by `separator`, one ASCII character that is in no
    /// signature: no letter or digit, nor another of its encoding's.
    pub fn list(mut self, separator: &str) -> Self {
        self.sig.items = Some(separator.to_owned());
        self
    }

    /// The items are pairs, key and value parted by `separator`; those with any of `keys` are
    /// signatures.
    pub fn pairs<'k>(mut self, separator: &str, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.sig.kv = Some(separator.to_owned());
        self.sig.keys = keys.into_iter().map(str::to_owned).collect();
        self
    }

    /// Of these keys only the first that is there counts, so that no weaker version of a signature
    /// is accepted beside it.
    ///
    /// An attacker can still remove the stronger version from a captured delivery that has both. What only the
    /// stronger one covers is therefore not protected: name the keys that you need with [`pairs`](Self::pairs)
    /// alone if the provider always sends them.
    pub fn prefer<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.sig.prefer = keys.into_iter().map(str::to_owned).collect();
        self
    }

    /// Sets the place of the timestamp, and its notation. Tolerance: 300 s either way.
    pub fn timestamp(mut self, place: &str, unit: TimeUnit) -> Self {
        self.ts = Some(TimestampFormat { from: place.to_owned(), unit, past: Some(300), future: 300 });
        self
    }

    /// Sets the tolerance of the timestamp in seconds: its greatest age, where `None` disables the check, and
    /// its greatest lead. The future always has a limit.
    ///
    /// Call it after [`timestamp`](Self::timestamp): without one before it this does nothing, and one that
    /// follows has 300 s again.
    pub fn tolerance(mut self, past: Option<u64>, future: u64) -> Self {
        if let Some(ts) = &mut self.ts {
            (ts.past, ts.future) = (past, future);
        }
        self
    }

    /// Sets the [template](Scheme#templates) of the bytes that are signed. Default: `{body}`.
    pub fn signs(mut self, template: &str) -> Self {
        self.template = TemplateText::One(template.to_owned());
        self
    }

    /// Sets the bytes that are signed for each version of the signature; with [`prefer`](Self::prefer).
    ///
    /// One key signs all of them, and an attacker can rename a captured signature from one version to another. So no
    /// text of one version may also be a text of another. A delivery is rejected if its body is not a JSON object or
    /// array and contains the literal text that another version has before its body (any body, if there is none), or
    /// if a text before the body contains a `{` or a `[`.
    pub fn signs_by_version<'t>(mut self, templates: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let owned = |(version, template): (&str, &str)| (version.to_owned(), template.to_owned());
        self.template = TemplateText::ByVersion(templates.into_iter().map(owned).collect());
        self
    }

    /// A header that must have just this value.
    pub fn require(mut self, header: &str, value: &str) -> Self {
        self.require.insert(header.to_owned(), value.to_owned());
        self
    }

    /// The place of the delivery's id.
    pub fn id(mut self, place: &str) -> Self {
        self.id = Some(place.to_owned());
        self
    }

    /// Says that the signature does or does not cover the id, where the template does not show it.
    pub fn id_signed(mut self, signed: bool) -> Self {
        self.id_signed = Some(signed);
        self
    }

    /// The place of the event's type.
    pub fn event_type(mut self, place: &str) -> Self {
        self.event_type = Some(place.to_owned());
        self
    }
}
