//! Signing for tests.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use data_encoding::BASE64;
use http::request::Parts;

use super::{
    MessageSignatureVerifier, base,
    fields::{CONTENT_DIGEST, Input, Parameter, SIGNATURE, SIGNATURE_INPUT, Value},
};
use crate::verify::{
    Encoding, Profile, RequestContext, digest,
    signing::{CannotSign, Signer, Write, made_up},
};

impl Signer for MessageSignatureVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        /// The lifetime of a signature, if `expires` is required.
        const LIFE: i64 = 300;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since: Duration| since.as_secs());
        let created = since.and_then(|since| i64::try_from(since).ok());
        let created = created.ok_or_else(|| CannotSign::new("time is before 1970"))?;
        if self.signs_body {
            head.write_header(&CONTENT_DIGEST, format!("sha-256=:{}:", BASE64.encode(&digest(body))))?;
        }
        let nonce = made_up();
        let mut parameters = vec![(Parameter::Created, Value::Integer(created))];
        if self.requires_expires {
            parameters.push((Parameter::Expires, Value::Integer(created + LIFE)));
        }
        let texts = [
            (Parameter::Nonce, self.requires_nonce.then_some(&*nonce)),
            (Parameter::KeyId, self.keys.first()?.1),
            (Parameter::Tag, self.tag.as_deref()),
        ];
        let texts =
            texts.into_iter().filter_map(|(name, text)| Some((name, Value::Text(Cow::Borrowed(text?)))));
        parameters.extend(texts);
        let label = self.label.as_deref().unwrap_or("sig1");
        let input = Input::new(label, self.required.clone(), parameters);
        let base = base::write(&input, &RequestContext::received(head, at))?;
        let signature = self.keys.sign(&base, Encoding::Base64)?;
        let mut written = format!("{label}=");
        input.write(&mut written);
        head.write_header(&SIGNATURE_INPUT, written)?;
        head.write_header(&SIGNATURE, format!("{label}=:{signature}:"))
    }
}
