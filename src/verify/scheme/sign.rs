//! Signing of requests, so that a scheme's verifier accepts them.

use std::{
    borrow::Cow,
    collections::{BTreeMap, btree_map::Entry},
    time::SystemTime,
};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderName, request::Parts};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    TimeUnit,
    keys::Keys,
    pairs::Pairs,
    place::Sources,
    plan::{Plan, Proof, SignaturePlan},
    template::{Context, Sink, Template},
    unit::write_http_date,
};
#[cfg(feature = "asymmetric")]
use crate::secret::SignWith;
use crate::verify::{
    Encoding, Location, Macs, RequestContext,
    signing::{CannotSign, Write, form_with, hide, json_with, made_up},
};

impl Plan {
    pub(super) fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        for (name, value) in &self.require {
            head.headers.entry(name).or_insert_with(|| value.clone());
        }
        match &self.proof {
            Proof::Token { tokens, .. } => {
                let token = tokens.first().map(|token| token.as_slice()).unwrap_or_default();
                self.signature.write(&[&*self.signature.prefix, token].concat(), head, body)?;
                self.signature.headers().for_each(|name| hide(head, name));
            }
            Proof::Signature { .. } => {
                let text = self.signed(head, body, at)?;
                self.signature.write(&text, head, body)?;
            }
        }
        Ok(())
    }

    /// Returns the text with the signature, and adds the other signed values to the request.
    fn signed(&self, head: &mut Parts, body: &Bytes, at: SystemTime) -> Result<Vec<u8>, CannotSign> {
        let Proof::Signature { keys, encoding, timestamp, templates, key_id, .. } = &self.proof else {
            return Err(CannotSign::new("scheme has no signature"));
        };
        // The strongest version.
        let version = self.signature.keys.first().map_or("", |key| &**key);
        let template = templates.iter().find(|(name, _)| name.is_empty() || **name == *version);
        let (_, template) = template.ok_or_else(|| CannotSign::new("scheme has no template"))?;

        let mut fields = HeaderFields::default();
        if let Some((place, unit)) = timestamp {
            let write =
                || if template.has_separate_timestamp { unit.write_any_length(at) } else { unit.write(at) };
            fields.supply(place, head, body, write)?;
        }
        if let Some(place) = key_id {
            let first = keys.first_key_id();
            let named = || first.map(str::to_owned).ok_or_else(|| CannotSign::new("secret has no key id"));
            fields.supply(place, head, body, named)?;
        }
        self.supply_values(template, &mut fields, head, body, at)?;

        // A placeholder for the signature, so that all other values are in their final positions.
        let text = fields.text(b"-", &self.signature)?;
        let pairs = Some(Pairs::new(&text, self.signature.punctuation));
        let sources = Sources { request: RequestContext::received(head, at), body: Some(body), pairs };
        let find = |place: &Location| sources.get(place);
        let key_id = key_id.as_ref().map(find).transpose()?;
        let timestamp = timestamp.as_ref().map(|(place, _)| find(place)).transpose()?;
        let context = Context { sources, timestamp };
        let mut content = keys.signer(key_id.as_deref())?;
        let mut feed = template.begin(&mut content, &context)?;
        feed.update(&mut content, body);
        template.finish(feed, &mut content, &context)?;
        template.judge_body(body)?;
        fields.text(content.signature(*encoding)?.as_bytes(), &self.signature)
    }

    /// Adds the signed values that are missing.
    fn supply_values(
        &self,
        template: &Template,
        fields: &mut HeaderFields,
        head: &mut Parts,
        body: &Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        for field in template.lists_of_headers() {
            let list = self.signature.sent_field(head, field).or_else(|| self.headers_to_sign(head));
            let list = list.ok_or_else(|| CannotSign::new("request has no `x-` header to sign"));
            fields.supply(&Location::Field(field.to_owned().into()), head, body, || list)?;
        }
        for name in template.path_headers() {
            let path = head.uri.path().to_owned();
            head.default_header(name, || path)?;
        }
        for place in template.values() {
            // A detached JWS: its header, an empty payload, and the signature.
            let is_jws = place == &Location::Item(0) && self.signature.punctuation.items == Some(b'.');
            if is_jws && !template.values().any(|other| other != place) {
                fields.supply(place, head, body, || Ok(BASE64URL_NOPAD.encode(br#"{"typ":"JWT"}"#)))?;
                fields.supply(&Location::Item(1), head, body, || Ok(String::new()))?;
                continue;
            }
            let value = || match place {
                Location::Header(name) if name.as_str().ends_with("timestamp") => TimeUnit::Seconds.write(at),
                Location::Header(_) | Location::Field(_) => Ok(made_up()),
                other => Err(CannotSign::new(other.absent())),
            };
            fields.supply(place, head, body, value)?;
        }
        Ok(())
    }

    /// Returns the names of the request's `x-` headers, for providers with configurable signed headers.
    fn headers_to_sign(&self, head: &Parts) -> Option<String> {
        let is_signature = |name: &HeaderName| self.signature.headers().any(|own| own == name);
        let chosen = |name: &&HeaderName| name.as_str().starts_with("x-") && !is_signature(name);
        let mut names: Vec<_> = head.headers.keys().filter(chosen).map(HeaderName::as_str).collect();
        names.sort_unstable();
        (!names.is_empty()).then(|| names.join(" "))
    }
}

impl Keys {
    fn signer(&self, key_id: Option<&[u8]>) -> Result<SignedContent<'_>, CannotSign> {
        match self {
            Self::Mac(keys) => keys.signer(key_id).map(SignedContent::Mac),
            #[cfg(feature = "asymmetric")]
            Self::Public(keys) => Ok(SignedContent::Whole(keys.signer(key_id)?, Vec::new())),
        }
    }

    fn first_key_id(&self) -> Option<&str> {
        match self {
            Self::Mac(keys) => keys.first_key_id(),
            #[cfg(feature = "asymmetric")]
            Self::Public(keys) => keys.first_key_id(),
        }
    }
}

/// The content to sign.
enum SignedContent<'k> {
    Mac(Macs<'k>),
    /// The private key and the content so far.
    #[cfg(feature = "asymmetric")]
    Whole(SignWith, Vec<u8>),
}

impl SignedContent<'_> {
    fn signature(self, encoding: Encoding) -> Result<String, CannotSign> {
        match self {
            Self::Mac(macs) => Ok(macs.signature(encoding)),
            #[cfg(feature = "asymmetric")]
            Self::Whole(sign, content) => {
                let signature = sign(&content).ok_or_else(|| CannotSign::new("private key does not sign"))?;
                Ok(encoding.encode(&signature))
            }
        }
    }
}

/// The pairs and items in the signature's header.
#[derive(Default)]
struct HeaderFields {
    pairs: Vec<(Cow<'static, str>, String)>,
    items: BTreeMap<usize, String>,
}

impl HeaderFields {
    /// Sets `value` at `place` if there is no value at `place` yet. Does not change the body.
    fn supply(
        &mut self,
        place: &Location,
        head: &mut Parts,
        body: &Bytes,
        value: impl FnOnce() -> Result<String, CannotSign>,
    ) -> Result<(), CannotSign> {
        match place {
            Location::Field(key) if self.pairs.iter().all(|(known, _)| known != key) => {
                self.pairs.push((key.clone(), value()?));
            }
            Location::Field(_) => {}
            Location::Item(index) => {
                if let Entry::Vacant(item) = self.items.entry(*index) {
                    item.insert(value()?);
                }
            }
            place => {
                let found = Sources { request: RequestContext::new(head), body: Some(body), pairs: None }
                    .find(place)?
                    .is_some();
                match place {
                    _ if found => {}
                    Location::Header(name) => head.write_header(name, value()?)?,
                    Location::Query(name) => head.write_query(name, &value()?)?,
                    absent => return Err(CannotSign::new(absent.absent())),
                }
            }
        }
        Ok(())
    }

    /// Returns the whole text, with the signature as the last pair, or as the item at the first free
    /// position.
    fn text(&self, signature: &[u8], plan: &SignaturePlan) -> Result<Vec<u8>, CannotSign> {
        let signature = [&plan.prefix, signature].concat();
        let items: Vec<Vec<u8>> = match plan.punctuation.pair {
            Some(mark) => {
                let pair = |key: &str, value: &[u8]| [key.as_bytes(), &[mark], value].concat();
                // A secret without a key id matches any key id.
                let key = plan.keys.first().map(|key| &**key).or(plan.any_key.then_some("1"));
                let own = key.map(|key| pair(key, &signature));
                self.pairs.iter().map(|(key, value)| pair(key, value.as_bytes())).chain(own).collect()
            }
            None => {
                let mut items: Vec<Vec<u8>> = Vec::new();
                let mut signature = Some(signature);
                let last = self.items.keys().next_back().map_or(0, |last| last + 1);
                for index in 0..=last {
                    match self.items.get(&index) {
                        Some(item) => items.push(item.as_bytes().to_vec()),
                        None => items.extend(signature.take()),
                    }
                }
                items
            }
        };
        match plan.punctuation.items {
            None if items.len() > 1 => {
                Err(CannotSign::new("scheme has fields next to the signature, but no list separator"))
            }
            mark => Ok(items.join(mark.as_slice())),
        }
    }
}

impl SignaturePlan {
    /// Returns the headers that may hold the signature.
    fn headers(&self) -> impl Iterator<Item = &HeaderName> {
        self.places.iter().filter_map(|place| match place {
            Location::Header(name) => Some(name),
            _ => None,
        })
    }

    /// Returns a field that the signature's header already has.
    fn sent_field(&self, head: &Parts, key: &str) -> Option<String> {
        let text = self.headers().find_map(|name| head.headers.get(name));
        let value = Pairs::new(text?.as_bytes(), self.punctuation).value(key.as_bytes())?;
        String::from_utf8(value.to_vec()).ok()
    }

    /// Writes the signature to the header in which the request already has a signature, or else to the first
    /// location. Removes signatures from all other headers.
    fn write(&self, text: &[u8], head: &mut Parts, body: &mut Bytes) -> Result<(), CannotSign> {
        let is_there =
            |place: &&Location| matches!(place, Location::Header(name) if head.headers.contains_key(name));
        let place = self.places.iter().find(is_there).or(self.places.first());
        for name in self.headers() {
            head.headers.remove(name);
        }
        let as_text = || std::str::from_utf8(text).map_err(|_| CannotSign::new("signature is not text"));
        match place {
            Some(Location::Header(name)) => head.write_header(name, text)?,
            Some(Location::Query(name)) => head.write_query(name, as_text()?)?,
            Some(Location::Form(name)) => *body = form_with(body, name, as_text()?)?,
            Some(Location::Json(pointer)) => *body = json_with(body, pointer, as_text()?)?,
            Some(Location::Field(_) | Location::Item(_)) | None => {
                return Err(CannotSign::new("signature has no location"));
            }
        }
        Ok(())
    }
}

impl Sink for SignedContent<'_> {
    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Mac(macs) => macs.update(bytes),
            #[cfg(feature = "asymmetric")]
            Self::Whole(_, content) => content.extend_from_slice(bytes),
        }
    }

    fn update_with_secrets(&mut self) {
        match self {
            Self::Mac(macs) => macs.update_with_secrets(),
            #[cfg(feature = "asymmetric")]
            Self::Whole(..) => {}
        }
    }
}

impl TimeUnit {
    /// Formats a timestamp that [`read`](Self::read) parses.
    pub(crate) fn write(self, at: SystemTime) -> Result<String, CannotSign> {
        // A time before 2001 has too few digits.
        let text = self.write_any_length(at).ok().filter(|text| self.read(text.as_bytes()).is_ok());
        text.ok_or_else(|| CannotSign::new("time cannot be expressed in the provider's format"))
    }

    /// Formats a timestamp that [`read_any_length`](Self::read_any_length) parses.
    pub(crate) fn write_any_length(self, at: SystemTime) -> Result<String, CannotSign> {
        let since = at.duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.ok().and_then(|since| i128::try_from(since.as_nanos()).ok());
        let time = nanos.and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok());
        let text = time.zip(nanos).and_then(|(time, nanos)| match self {
            Self::Seconds => Some((nanos / 1_000_000_000).to_string()),
            Self::Milliseconds => Some((nanos / 1_000_000).to_string()),
            Self::Microseconds => Some((nanos / 1_000).to_string()),
            Self::Rfc3339 => time.format(&Rfc3339).ok(),
            Self::HttpDate => Some(write_http_date(time)),
        });
        let text = text.filter(|text| self.read_any_length(text.as_bytes()).is_ok());
        text.ok_or_else(|| CannotSign::new("time cannot be expressed in the provider's format"))
    }
}
