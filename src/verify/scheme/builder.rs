use super::{
    Algorithm, Encoding, KeyEncoding, KeyFormat, KeyTransform, Scheme, SignatureFormat, TemplateText,
    TimeUnit, TimestampFormat, signature_place,
};
use crate::verify::{InvalidLocation, Location, Locations};

/// Builder methods. They cannot fail; [`verifier`](Scheme::verifier) returns the first error.
///
/// A location is a [`Location`] or its text, such as `"header:x-acme-id"`.
impl Scheme {
    /// Creates a scheme with the signature in the header `header`, computed with `algorithm`.
    pub fn new(algorithm: Algorithm, header: &str, encoding: Encoding) -> Self {
        Self::of(algorithm, header, Some(encoding))
    }

    /// Creates a scheme with HMAC-SHA256, the most common algorithm. See [`new`](Self::new).
    pub fn hmac_sha256(header: &str, encoding: Encoding) -> Self {
        Self::new(Algorithm::HmacSha256, header, encoding)
    }

    /// Creates a scheme in which the header `header` holds the secret itself. **Such a scheme does not
    /// protect the body.** It has no list, no timestamp and no template.
    pub fn token(header: &str) -> Self {
        Self::of(Algorithm::Token, header, None)
    }

    /// Creates a scheme with HTTP Basic credentials; the secret is `user:password`. **They do not protect the
    /// body.**
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
                groups: None,
                items: None,
                kv: None,
                keys: Vec::new(),
                prefer: Vec::new(),
                key_id: None,
            },
            ts: None,
            template: TemplateText::default(),
            id: Locations::default(),
            id_signed: None,
            event_type: Locations::default(),
            invalid,
        }
    }

    /// Returns the value, or stores the error if it is the first.
    fn checked<T, E: Into<InvalidLocation>>(&mut self, place: Result<T, E>) -> Option<T> {
        match place {
            Ok(place) => Some(place),
            Err(error) => {
                self.invalid.get_or_insert(error.into());
                None
            }
        }
    }

    /// Sets the encoding of the key in the secret's text. Default: the text itself is the key.
    pub fn key_encoding(mut self, encoding: Encoding) -> Self {
        self.key.encoding = match encoding {
            Encoding::Hex => KeyEncoding::Hex,
            Encoding::Base64 => KeyEncoding::Base64,
            Encoding::Base64Url => KeyEncoding::Base64Url,
        };
        self
    }

    /// Accepts two keys for each secret: its text and, if the text is `whsec_` followed by base64, the
    /// decoded bytes. Use it for a provider that switched between the two without changing the prefix.
    pub fn key_text_or_whsec(mut self) -> Self {
        self.key.encoding = KeyEncoding::Utf8OrWhsec;
        self
    }

    /// Adds a prefix of the secret's text that is not part of the key. It is removed if present; several
    /// prefixes are removed in the order of the calls.
    pub fn key_prefix(mut self, prefix: &str) -> Self {
        self.key.strip.push(prefix.to_owned());
        self
    }

    /// Normalizes the secret's text to Unicode's form KD before it is decoded. Without the feature `unicode`,
    /// [`verifier`](Self::verifier) then returns an error.
    pub fn key_nfkd(mut self) -> Self {
        self.key.transform = Some(KeyTransform::Nfkd);
        self
    }

    /// Sets the location of the key id in a request ([`Secret::with_key_id`](crate::Secret::with_key_id)).
    ///
    /// If each signature has a key id of its own, use
    /// [`key_id_in_signature`](Self::key_id_in_signature) instead.
    pub fn key_id(mut self, place: impl TryInto<Location, Error: Into<InvalidLocation>>) -> Self {
        self.key.select_by = self.checked(place.try_into());
        self
    }

    /// Sets the locations of signatures, replacing the header. A request needs a signature at only one of
    /// them.
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

    /// Sets the required prefix of the signature, such as `sha256=`.
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.sig.prefix = prefix.to_owned();
        self
    }

    /// Sets an optional prefix of the signature.
    pub fn optional_prefix(mut self, prefix: &str) -> Self {
        self.sig.prefix_optional = true;
        self.prefix(prefix)
    }

    /// Sets the separator of a list of signatures and fields. It must be one ASCII character that is not a
    /// letter, a digit, or part of the signature's encoding.
    pub fn list(mut self, separator: &str) -> Self {
        self.sig.items = Some(separator.to_owned());
        self
    }

    /// Sets the separator of key and value in the list's items, and the `keys` whose values are signatures.
    pub fn pairs<'k>(mut self, separator: &str, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.sig.kv = Some(separator.to_owned());
        self.sig.keys = keys.into_iter().map(str::to_owned).collect();
        self
    }

    /// Sets the separator of several groups of [pairs](Self::pairs) in one header, such as the space in
    /// `t=1700000000,v1=5257… t=1700000000,v1=8f0c…`, which some providers send during a secret rotation. All
    /// groups must have the same timestamp and the same other signed fields.
    pub fn groups(mut self, separator: &str) -> Self {
        self.sig.groups = Some(separator.to_owned());
        self
    }

    /// Sets the separator of the key id and the signature in each item of the list, such as the first `/` in
    /// `1/SHA256/5257…,2/SHA256/8f0c…`. A [prefix](Self::prefix) follows the separator.
    ///
    /// An item is ignored if its key id is not the key id of a secret
    /// ([`Secret::with_key_id`](crate::Secret::with_key_id)). If a secret has no key id, all items count.
    ///
    /// ```
    /// use tower_webhook::{Secret, verify::{Encoding, Scheme}};
    ///
    /// let scheme = Scheme::hmac_sha256("x-acme-signature", Encoding::Hex)
    ///     .list(",")
    ///     .key_id_in_signature("/")
    ///     .prefix("SHA256/");
    /// let secret: Secret = "a secret that acme shows".parse()?;
    /// # scheme.verifier("acme", secret.clone())?;
    /// let verifier = scheme.verifier("acme", secret.with_key_id("1"))?;
    /// # Ok::<(), tower_webhook::BoxError>(())
    /// ```
    pub fn key_id_in_signature(mut self, separator: &str) -> Self {
        self.sig.key_id = Some(separator.to_owned());
        self
    }

    /// Sets the keys in order of preference. Only the signatures of the first key that is present are
    /// verified, so that a weaker signature is not accepted next to a stronger one.
    ///
    /// An attacker can still remove the stronger signature from a captured delivery that has both. Content
    /// that only the stronger signature covers is therefore not protected. If the provider always sends the
    /// stronger signature, list only its keys with [`pairs`](Self::pairs).
    pub fn prefer<'k>(mut self, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.sig.prefer = keys.into_iter().map(str::to_owned).collect();
        self
    }

    /// Sets the location and the notation of the timestamp. Tolerance: 300 s into the past and into the
    /// future.
    pub fn timestamp(
        mut self,
        place: impl TryInto<Location, Error: Into<InvalidLocation>>,
        unit: TimeUnit,
    ) -> Self {
        let place = self.checked(place.try_into());
        self.ts = place.map(|from| TimestampFormat { from, unit, past: Some(300), future: 300 });
        self
    }

    /// Sets the tolerance of the timestamp in seconds: the maximum age, where `None` disables the check, and
    /// the maximum time ahead, which is always checked.
    ///
    /// Call this method after [`timestamp`](Self::timestamp). It has no effect without a timestamp, and a
    /// later call of `timestamp` resets the tolerance to 300 s.
    pub fn tolerance(mut self, past: Option<u64>, future: u64) -> Self {
        if let Some(ts) = &mut self.ts {
            (ts.past, ts.future) = (past, future);
        }
        self
    }

    /// Sets the [template](Scheme#templates) of the signed bytes. Default: `{body}`.
    pub fn signs(mut self, template: &str) -> Self {
        self.template = TemplateText::One(template.to_owned());
        self
    }

    /// Sets one template for each version of the signature. Requires [`prefer`](Self::prefer).
    ///
    /// All versions share one key, so an attacker can relabel a captured signature as another version.
    /// Deliveries whose signed text could also be valid for another version are therefore rejected:
    ///
    /// * The values before the body must not contain `{` or `[`.
    /// * If another version's template has literal text directly before `{body}`, a body that contains this
    ///   text must be a JSON object or array. If another version's template has no literal text there, every
    ///   body must be empty or a JSON object or array.
    pub fn signs_by_version<'t>(mut self, templates: impl IntoIterator<Item = (&'t str, &'t str)>) -> Self {
        let owned = |(version, template): (&str, &str)| (version.to_owned(), template.to_owned());
        self.template = TemplateText::ByVersion(templates.into_iter().map(owned).collect());
        self
    }

    /// Adds a header that must have exactly this value.
    pub fn require(mut self, header: &str, value: &str) -> Self {
        self.require.insert(header.to_owned(), value.to_owned());
        self
    }

    /// Sets one or more locations of the delivery id; the first with a value counts.
    ///
    /// If the signature does not cover all of these locations, the id counts as [not
    /// signed](crate::verify::Profile::id_signed), because an attacker could add a value at a location that
    /// is not covered.
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

    /// Sets whether the signature covers the id. Default: derived from the template.
    pub fn id_signed(mut self, signed: bool) -> Self {
        self.id_signed = Some(signed);
        self
    }

    /// Sets one or more locations of the event type; the first with a value counts.
    pub fn event_type(mut self, places: impl TryInto<Locations, Error: Into<InvalidLocation>>) -> Self {
        self.event_type = self.checked(places.try_into()).unwrap_or_default();
        self
    }
}
