use std::{borrow::Cow, error::Error, fmt, time::Duration};

use http::HeaderValue;
#[cfg(feature = "unicode")]
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

#[cfg(feature = "unicode")]
use super::KeyTransform;
use super::{
    Algorithm, KeyEncoding, Scheme, TemplateText,
    keys::Keys,
    pairs::Punctuation,
    plan::{Plan, Proof, SchemeVerifier, SignaturePlan},
    template::Template,
};
#[cfg(feature = "asymmetric")]
use crate::verify::{PublicKeys, PublicKind};
#[cfg(all(feature = "test-util", feature = "asymmetric"))]
use crate::verify::{key_pair, signing::CannotSign};
use crate::{
    IntoSecrets, InvalidSecret, Secret, Secrets,
    verify::{
        Encoding, InvalidLocation, Keyring, Location, Locations, MacKind, Profile, Tolerance, header_name,
    },
};

/// The templates by version. A scheme without versions has one, with an empty name.
type Templates = Vec<(Box<str>, Template)>;

impl Scheme {
    /// Validates the scheme and creates a verifier for deliveries of `provider` that are signed with any of
    /// `secrets`.
    ///
    /// `provider` is the [`Profile::provider`]: the beginning of the deduplication keys, and the label
    /// `provider` of every [metric](crate::observe#metrics). Use a small set of names, one per provider, such
    /// as `acme`. If each tenant has its own verifier, use one name for all of them, and set the tenant's
    /// name as the [`Endpoint::scope`](crate::verify::Endpoint::scope).
    ///
    /// # Errors
    ///
    /// Returns an error if the scheme is inconsistent or refers to a missing part, or if a secret is not in
    /// the scheme's encoding. If a verifier is returned, the scheme is valid.
    pub fn verifier(
        &self,
        provider: impl Into<String>,
        secrets: impl IntoSecrets,
    ) -> Result<SchemeVerifier, InvalidScheme> {
        if let Some(invalid) = &self.invalid {
            return Err(invalid.clone().into());
        }
        let secrets = secrets.into_secrets();
        let signature = self.signature_plan(&secrets)?;
        let templates = self.templates()?;
        let profile = self.profile_with(provider.into().into(), &templates)?;
        let proof = match self.alg {
            Algorithm::Token | Algorithm::Basic => self.shown_secret(&secrets)?,
            _ => self.signature(&secrets, templates)?,
        };
        if proof.takes_from_list().next().is_some() && !signature.places.iter().all(Location::is_header) {
            return Err(InvalidScheme::new("fields and items require a signature in a header"));
        }
        let require = self.require.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value)
                .map_err(|_| InvalidScheme::new(format!("`{value}` is not a header value")))?;
            Ok((header_name(name)?, value))
        });
        let require = require.collect::<Result<_, InvalidScheme>>()?;
        let needs_body_first = signature.places.iter().any(Location::is_in_body) || proof.needs_body_first();
        Ok(SchemeVerifier { plan: Plan { require, signature, proof, needs_body_first }, profile })
    }

    fn signature_plan(&self, secrets: &Secrets) -> Result<SignaturePlan, InvalidScheme> {
        let sig = &self.sig;
        let keys = if sig.prefer.is_empty() { &sig.keys } else { &sig.prefer };
        if sig.key_id.is_some() && (sig.kv.is_some() || self.key.select_by.is_some()) {
            return Err(InvalidScheme::new(
                "`key_id` of `sig` cannot be combined with `kv` or with `select_by` of `key`",
            ));
        }
        if sig.kv.is_some() == keys.is_empty() {
            return Err(InvalidScheme::new("`kv` and `keys` must be set together"));
        }
        if !sig.prefer.is_empty() && !sig.prefer.iter().all(|key| sig.keys.contains(key)) {
            return Err(InvalidScheme::new("`prefer` names a key that is not in `keys`"));
        }
        let places = sig.from.as_slice().to_vec();
        if places.is_empty() {
            return Err(InvalidScheme::new("`from` is empty"));
        }
        if places.iter().any(Location::is_in_signature) {
            return Err(InvalidScheme::new("signature location is a field or item of the signature itself"));
        }
        let pair = sig.key_id.as_deref().or(sig.kv.as_deref());
        let punctuation = Punctuation { items: separator(sig.items.as_deref())?, pair: separator(pair)? };
        if punctuation.pair.is_some() && !places.iter().all(Location::is_header) {
            return Err(InvalidScheme::new("pairs require a signature in a header"));
        }
        let groups = separator(sig.groups.as_deref())?;
        if groups.is_some() && (sig.kv.is_none() || groups == punctuation.items) {
            return Err(InvalidScheme::new(
                "`groups` requires `kv` and a separator that differs from `items`",
            ));
        }
        let has_key_ids = sig.key_id.is_some();
        Ok(SignaturePlan {
            places,
            groups,
            punctuation,
            keys: match has_key_ids {
                true => secrets.iter().filter_map(|secret| secret.key_id().map(Into::into)).collect(),
                false => keys.iter().map(|key| key.as_str().into()).collect(),
            },
            has_key_ids,
            // A secret without a key id may be the one that any key id names.
            any_key: has_key_ids && secrets.iter().any(|secret| secret.key_id().is_none()),
            prefer: !sig.prefer.is_empty(),
            prefix: sig.prefix.as_bytes().into(),
            prefix_optional: sig.prefix_optional,
        })
    }

    fn signature(&self, secrets: &Secrets, templates: Templates) -> Result<Proof, InvalidScheme> {
        let encoding = self.sig.enc.ok_or_else(|| InvalidScheme::new("`enc` of `sig` is missing"))?;
        let parts_a_signature = |items: &String| match encoding {
            Encoding::Hex => false,
            Encoding::Base64 => matches!(items.as_str(), "+" | "/"),
            Encoding::Base64Url => matches!(items.as_str(), "-" | "_"),
        };
        if self.sig.items.as_ref().is_some_and(parts_a_signature) {
            return Err(InvalidScheme::new("list separator occurs in the signature's encoding"));
        }
        let key_id = self.key.select_by.clone();
        let keys = self.keys(secrets)?;
        if let Keys::Mac(keys) = &keys
            && !self.alg.is_keyed()
            && keys.overlap()
        {
            return Err(InvalidScheme::new(
                "secret begins or ends with another secret, so their hashes could be confused",
            ));
        }
        let timestamp = self.ts.as_ref().map(|ts| (ts.from.clone(), ts.unit));
        Ok(Proof::Signature { keys, encoding, timestamp, templates, key_id })
    }

    /// Parses the templates by version. Returns an empty list for schemes that send the secret itself.
    fn templates(&self) -> Result<Templates, InvalidScheme> {
        if matches!(self.alg, Algorithm::Token | Algorithm::Basic) {
            return Ok(Templates::new());
        }
        let timestamp = self.ts.as_ref().map(|ts| &ts.from);
        let parse = |text: &str| Template::parse(text, timestamp);
        let mut templates = match &self.template {
            TemplateText::One(text) if self.sig.prefer.is_empty() => vec![("".into(), parse(text)?)],
            // All versions have the same template.
            TemplateText::One(text) => {
                let template = parse(text)?;
                self.sig.prefer.iter().map(|version| (version.as_str().into(), template.clone())).collect()
            }
            TemplateText::ByVersion(_) if self.sig.prefer.is_empty() => {
                return Err(InvalidScheme::new("templates by version require `prefer`"));
            }
            TemplateText::ByVersion(texts) => {
                let template =
                    |(version, text): (&String, &String)| Ok((version.as_str().into(), parse(text)?));
                let parsed = texts.iter().map(template).collect::<Result<Vec<_>, InvalidScheme>>()?;
                let mut templates = parsed.clone();
                for ((_, template), text) in templates.iter_mut().zip(texts.values()) {
                    let others = parsed.iter().zip(texts.values()).filter(|(_, other)| *other != text);
                    others.for_each(|((_, other), _)| template.keep_apart_from(other));
                }
                templates
            }
        };
        if let TemplateText::ByVersion(texts) = &self.template
            && !self.sig.prefer.iter().all(|version| texts.contains_key(version))
        {
            return Err(InvalidScheme::new("`prefer` names a version without a template"));
        }
        for (_, template) in &mut templates {
            if template.uses_timestamp() && timestamp.is_none() {
                return Err(InvalidScheme::new("template contains `{ts}`, but the scheme has no `ts`"));
            }
            // An attacker who replays a delivery could set a new timestamp.
            if let Some(place) = timestamp
                && !template.uses_timestamp()
                && !template.covers(place)
            {
                return Err(InvalidScheme::new(
                    "template does not contain `{ts}`, so the timestamp is not signed",
                ));
            }
            // An attacker could compute a plain hash of text that does not contain the secret.
            if !template.uses_secret() && !self.alg.is_keyed() {
                return Err(InvalidScheme::new("template of a plain hash does not contain `{secret}`"));
            }
            if template.uses_secret() && self.alg.has_public_key() {
                return Err(InvalidScheme::new(
                    "template contains `{secret}`, but the secret is a public key",
                ));
            }
            if let Some(place) = self.sig.from.as_slice().iter().find(|place| template.pairs_contain(place)) {
                return Err(InvalidScheme::new(format!(
                    "`sorted_pairs` in the template must omit `{place}`, which contains the signature"
                )));
            }
            if !self.alg.is_keyed() {
                template.resist_extension();
            }
        }
        Ok(templates)
    }

    fn keys(&self, secrets: &Secrets) -> Result<Keys, InvalidScheme> {
        if self.key.transform.is_some() && !cfg!(feature = "unicode") {
            return Err(InvalidScheme::new("key transform `nfkd` requires the feature `unicode`"));
        }
        if let Some(kind) = self.alg.mac_kind() {
            let keys = Keyring::decoded(kind, secrets, |text| self.key.decode(text))?;
            return Ok(Keys::Mac(match self.key.encoding {
                KeyEncoding::Utf8OrWhsec => keys.or_decoded(secrets, |text| {
                    Encoding::Base64.decode_key(text.strip_prefix("whsec_")?).ok()
                }),
                _ => keys,
            }));
        }
        #[cfg(feature = "asymmetric")]
        if let Some(kind) = self.alg.public_kind() {
            return Ok(Keys::Public(PublicKeys::decoded(kind, secrets, |key| self.key.decode_public(key))?));
        }
        Err(InvalidScheme::new("algorithm requires the feature `asymmetric`"))
    }

    fn shown_secret(&self, secrets: &Secrets) -> Result<Proof, InvalidScheme> {
        // Report settings that have no effect: a caller who sets a timestamp relies on its check.
        if self.sig.items.is_some()
            || self.sig.kv.is_some()
            || self.sig.key_id.is_some()
            || self.ts.is_some()
            || self.template != TemplateText::default()
        {
            return Err(InvalidScheme::new("`token` and `basic` do not support a list, `ts` or `template`"));
        }
        let has_no_colon = |secret: &crate::Secret| !secret.expose().contains(&b':');
        if self.alg == Algorithm::Basic
            && let Some(index) = secrets.iter().position(has_no_colon)
        {
            return Err(InvalidSecret::new("credentials are not `user:password`").at(index).into());
        }
        let keys = Keyring::of_text(MacKind::HmacSha256, secrets);
        let token = |secret: &Secret| match self.alg {
            Algorithm::Basic => Zeroizing::new(data_encoding::BASE64.encode(secret.expose()).into_bytes()),
            _ => Zeroizing::new(secret.expose().into()),
        };
        let verified = (0..secrets.len()).map(|index| keys.verified(index)).collect();
        Ok(Proof::Token { tokens: secrets.iter().map(token).collect(), verified })
    }

    /// Returns the profile of this scheme's verifiers, which does not depend on their keys.
    pub(crate) fn profile(&self, provider: &'static str) -> Result<Profile, InvalidScheme> {
        self.profile_with(provider.into(), &self.templates()?)
    }

    /// Returns the algorithm and the encoding of the key. `None` means that the text itself is the key.
    pub(crate) fn key(&self) -> (Algorithm, Option<Encoding>) {
        let encoding = match self.key.encoding {
            KeyEncoding::Utf8 | KeyEncoding::Utf8OrWhsec => None,
            KeyEncoding::Hex => Some(Encoding::Hex),
            KeyEncoding::Base64 => Some(Encoding::Base64),
            KeyEncoding::Base64Url => Some(Encoding::Base64Url),
        };
        (self.alg, encoding)
    }

    fn profile_with(
        &self,
        provider: Cow<'static, str>,
        templates: &Templates,
    ) -> Result<Profile, InvalidScheme> {
        let mut places = self.id.as_slice().iter().chain(self.event_type.as_slice());
        if let Some(place) = places.find(|place| place.is_in_signature()) {
            return Err(InvalidScheme::new(format!(
                "`{place}` cannot be the location of an id or an event type"
            )));
        }
        let all = |covers: &dyn Fn(&Template) -> bool| {
            !templates.is_empty() && templates.iter().all(|(_, template)| covers(template))
        };
        let body_signed = all(&Template::covers_body);
        // An attacker could add a value at a location that is not signed.
        let covers = |places: &Locations| match places.as_slice() {
            [] => body_signed,
            places => all(&|template| places.iter().all(|place| template.covers(place))),
        };
        let profile = Profile::new(provider)
            .with_id(self.id.clone())
            .with_id_signed(self.id_signed.unwrap_or_else(|| covers(&self.id)))
            .with_event_type(self.event_type.clone())
            .with_event_type_signed(covers(&self.event_type))
            .with_body_signed(body_signed);
        Ok(match &self.ts {
            None => profile,
            Some(ts) => {
                let future = Duration::from_secs(ts.future);
                let past = ts.past.map(Duration::from_secs);
                profile.with_tolerance(Tolerance::both(future).with_past(past))
            }
        })
    }
}

impl Algorithm {
    /// Returns whether the secret is a public key.
    pub(crate) fn has_public_key(self) -> bool {
        matches!(
            self,
            Self::Ed25519 | Self::EcdsaP256Sha256 | Self::RsaSha1 | Self::RsaSha256 | Self::RsaSha512
        )
    }

    fn mac_kind(self) -> Option<MacKind> {
        match self {
            Self::HmacMd5 => Some(MacKind::HmacMd5),
            Self::HmacSha1 => Some(MacKind::HmacSha1),
            Self::HmacSha256 => Some(MacKind::HmacSha256),
            Self::HmacSha384 => Some(MacKind::HmacSha384),
            Self::HmacSha512 => Some(MacKind::HmacSha512),
            Self::Sha1 => Some(MacKind::Sha1),
            Self::Sha256 => Some(MacKind::Sha256),
            Self::Sha512 => Some(MacKind::Sha512),
            _ => None,
        }
    }

    /// Generates a key pair: the public key as a secret, with the private key for signing in tests.
    #[cfg(all(feature = "test-util", feature = "asymmetric"))]
    pub(crate) fn key_pair(self) -> Result<Secret, CannotSign> {
        let kind = self.public_kind().ok_or_else(|| CannotSign::new("algorithm has no key pair"))?;
        let (der, sign) = key_pair(kind)?;
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            data_encoding::BASE64.encode(&der)
        );
        let public: Secret = pem.try_into().map_err(|_| CannotSign::new("public key is not text"))?;
        Ok(public.with_private_key(sign))
    }

    #[cfg(feature = "asymmetric")]
    fn public_kind(self) -> Option<PublicKind> {
        match self {
            Self::Ed25519 => Some(PublicKind::Ed25519),
            Self::EcdsaP256Sha256 => Some(PublicKind::EcdsaP256Sha256),
            Self::RsaSha1 => Some(PublicKind::RsaSha1),
            Self::RsaSha256 => Some(PublicKind::RsaSha256),
            Self::RsaSha512 => Some(PublicKind::RsaSha512),
            _ => None,
        }
    }

    /// Returns whether the secret is the key of the algorithm, and not part of the hashed text.
    fn is_keyed(self) -> bool {
        self.mac_kind().is_none_or(MacKind::is_keyed)
    }
}

impl super::KeyFormat {
    #[cfg(feature = "asymmetric")]
    fn decode_public(&self, key: &Secret) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
        match key.expose_str() {
            Some(text) => self.decode(text),
            None if self.encoding == KeyEncoding::Utf8 => Err(InvalidSecret::new("public key is not PEM")),
            None => Ok(Zeroizing::new(key.expose().into())),
        }
    }

    fn decode(&self, text: &str) -> Result<Zeroizing<Vec<u8>>, InvalidSecret> {
        let text = self.strip.iter().fold(text, |text, prefix| text.strip_prefix(&**prefix).unwrap_or(text));
        #[cfg(feature = "unicode")]
        let normalized =
            self.transform.map(|KeyTransform::Nfkd| Zeroizing::new(text.nfkd().collect::<String>()));
        #[cfg(feature = "unicode")]
        let text = normalized.as_ref().map_or(text, |normalized| normalized.as_str());
        match self.encoding {
            KeyEncoding::Utf8 | KeyEncoding::Utf8OrWhsec => Ok(Zeroizing::new(text.into())),
            KeyEncoding::Hex => Encoding::Hex.decode_key(text),
            KeyEncoding::Base64 if self.strip.iter().any(|prefix| prefix == "whsec_") => {
                Encoding::Base64.decode_key(text).map_err(|_| {
                    InvalidSecret::new(
                        "text is not base64 (Standard Webhooks secrets are `whsec_` and base64)",
                    )
                })
            }
            KeyEncoding::Base64 => Encoding::Base64.decode_key(text),
            KeyEncoding::Base64Url => Encoding::Base64Url.decode_key(text),
        }
    }
}

fn separator(text: Option<&str>) -> Result<Option<u8>, InvalidScheme> {
    match text.map(str::as_bytes) {
        None => Ok(None),
        // A one-byte text is ASCII. Letters and digits occur in every signature and in the fields next to it.
        Some([one]) if !one.is_ascii_alphanumeric() => Ok(Some(*one)),
        Some(_) => {
            Err(InvalidScheme::new("separator must be one ASCII character, and not a letter or digit"))
        }
    }
}

/// The error for a [`Scheme`] that is invalid, or for a secret that the scheme cannot use, for example
/// because its encoding is wrong.
#[derive(Clone, Debug)]
pub struct InvalidScheme(InvalidSchemeKind);

#[derive(Clone, Debug)]
enum InvalidSchemeKind {
    Scheme(Cow<'static, str>),
    Secret(InvalidSecret),
}

impl InvalidScheme {
    pub(crate) fn new(reason: impl Into<Cow<'static, str>>) -> Self {
        Self(InvalidSchemeKind::Scheme(reason.into()))
    }
}

impl InvalidScheme {
    /// Converts the error of a built-in scheme, which only the secret can cause.
    pub(crate) fn into_invalid_secret(self) -> InvalidSecret {
        match self.0 {
            InvalidSchemeKind::Secret(error) => error,
            InvalidSchemeKind::Scheme(reason) => InvalidSecret::new(reason),
        }
    }
}

impl From<InvalidLocation> for InvalidScheme {
    fn from(error: InvalidLocation) -> Self {
        Self::new(error.to_string())
    }
}

impl From<InvalidSecret> for InvalidScheme {
    fn from(error: InvalidSecret) -> Self {
        Self(InvalidSchemeKind::Secret(error))
    }
}

impl fmt::Display for InvalidScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            InvalidSchemeKind::Scheme(reason) => write!(f, "scheme cannot be used: {reason}"),
            InvalidSchemeKind::Secret(_) => f.write_str("scheme cannot be used with this secret"),
        }
    }
}

impl Error for InvalidScheme {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            InvalidSchemeKind::Scheme(_) => None,
            InvalidSchemeKind::Secret(error) => Some(error),
        }
    }
}
