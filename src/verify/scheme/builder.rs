use super::{
    Algorithm, Encoding, KeyEncoding, KeyFormat, KeyTransform, Scheme, SignatureFormat, TemplateText,
    TimeUnit, TimestampFormat, signature_place,
};
use crate::verify::{InvalidLocation, Location, Locations};

/// Building one in code. These methods cannot fail: [`verifier`](Scheme::verifier) returns the first error.
///
/// A place is a [`Location`] or its text, such as `"header:x-acme-id"`.
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
        let (from, invalid) = match signature_place(header) {
            Ok(place) => (place.into(), None),
            Err(invalid) => (Locations::default(), Some(invalid)),
        };
        Self {
            alg,
            key: KeyFormat::default(),
            require: Default::default(),
            sig: SignatureFormat {
                from,
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
            id: Locations::default(),
            id_signed: None,
            event_type: Locations::default(),
            invalid,
        }
    }

    /// Returns the value, or keeps the error if it is the first.
    fn checked<T, E: Into<InvalidLocation>>(&mut self, place: Result<T, E>) -> Option<T> {
        match place {
            Ok(place) => Some(place),
            Err(error) => {
                self.invalid.get_or_insert(error.into());
                None
            }
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

    /// Brings the secret's text into Unicode's normalization form KD before it is decoded. Needs the feature
    /// `unicode`; without it [`verifier`](Self::verifier) returns an error.
    pub fn key_nfkd(mut self) -> Self {
        self.key.transform = Some(KeyTransform::Nfkd);
        self
    }

    /// The place where a request names the key it was signed with
    /// ([`Secret::with_key_id`](crate::Secret::with_key_id)).
    pub fn key_id(mut self, place: impl TryInto<Location, Error: Into<InvalidLocation>>) -> Self {
        self.key.select_by = self.checked(place.try_into());
        self
    }

    /// Sets the places of signatures, instead of one header. Any of them may be absent.
    ///
    /// ```
    /// use tower_webhook::verify::Scheme;
    ///
    /// let scheme = Scheme::token("x-token").signature_in(["header:x-token", "query:token"]);
    /// # scheme.verifier("acme", "secret".parse::<tower_webhook::Secret>()?)?;
    /// # Ok::<(), tower_webhook::BoxError>(())
    /// ```
    pub fn signature_in(mut self, places: impl TryInto<Locations, Error: Into<InvalidLocation>>) -> Self {
        self.sig.from = self.checked(places.try_into()).unwrap_or_default();
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
    pub fn timestamp(
        mut self,
        place: impl TryInto<Location, Error: Into<InvalidLocation>>,
        unit: TimeUnit,
    ) -> Self {
        let place = self.checked(place.try_into());
        self.ts = place.map(|from| TimestampFormat { from, unit, past: Some(300), future: 300 });
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

    /// Sets the place of the delivery id, or several of which the first with a value counts.
    ///
    /// If the signature does not cover all of them, the id is not [signed](crate::verify::Profile::id_signed): an
    /// attacker could add one.
    ///
    /// ```
    /// use tower_webhook::verify::{Encoding, Location, Scheme, Verifier};
    ///
    /// let scheme = Scheme::hmac_sha256("x-acme-signature", Encoding::Hex)
    ///     .id(["header:x-acme-id", "header:acme-id"])
    ///     .event_type(Location::json("/type"));
    /// let verifier = scheme.verifier("acme", "secret".parse::<tower_webhook::Secret>()?)?;
    /// assert_eq!(verifier.profile().id().len(), 2);
    /// # Ok::<(), tower_webhook::BoxError>(())
    /// ```
    pub fn id(mut self, places: impl TryInto<Locations, Error: Into<InvalidLocation>>) -> Self {
        self.id = self.checked(places.try_into()).unwrap_or_default();
        self
    }

    /// Says that the signature does or does not cover the id, where the template does not show it.
    pub fn id_signed(mut self, signed: bool) -> Self {
        self.id_signed = Some(signed);
        self
    }

    /// Sets the place of the event type, or several of which the first with a value counts.
    pub fn event_type(mut self, places: impl TryInto<Locations, Error: Into<InvalidLocation>>) -> Self {
        self.event_type = self.checked(places.try_into()).unwrap_or_default();
        self
    }
}
