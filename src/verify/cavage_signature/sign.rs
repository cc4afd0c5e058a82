//! Signing for tests.

use std::{borrow::Cow, time::SystemTime};

use bytes::Bytes;
use data_encoding::BASE64;
use http::{header, request::Parts};

use super::signing_string::Component;
use super::{CavageSignatureVerifier, algorithm::HS2019, parameters::Parameters, signing_string};
use crate::verify::{
    Encoding, Profile, RequestContext, TimeUnit, digest,
    message_signature::DIGEST,
    signing::{CannotSign, Signer, Write},
};

impl Signer for CavageSignatureVerifier {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, head: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        /// The lifetime of a signature, if `(expires)` is required.
        const LIFE: u64 = 300;
        let has = |component: &Component| self.required.contains(component);
        if has(&Component::DATE) {
            head.write_header(&header::DATE, TimeUnit::HttpDate.write(at)?)?;
        }
        if has(&Component::Header(header::HOST)) && head.uri.authority().is_none() {
            head.default_header(&header::HOST, || "localhost".to_owned())?;
        }
        for name in &self.digests {
            let digest = BASE64.encode(&digest(body));
            let value =
                if *name == DIGEST { format!("SHA-256={digest}") } else { format!("sha-256=:{digest}:") };
            head.write_header(name, value)?;
        }
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).map(|since| since.as_secs());
        let seconds = seconds.map_err(|_| CannotSign::new("time is before 1970"))?;
        let (algorithm, key_id) = self.keys.first()?;
        let created = has(&Component::Created).then(|| seconds.to_string());
        let expires = has(&Component::Expires).then(|| (seconds + LIFE).to_string());
        let algorithm = if created.is_some() || expires.is_some() { HS2019 } else { algorithm.as_str() };
        let key_id = key_id.unwrap_or("test");
        let mut parameters = Parameters {
            key_id: Cow::Borrowed(key_id),
            algorithm: Some(Cow::Borrowed(algorithm)),
            created: created.map(Cow::Owned),
            expires: expires.map(Cow::Owned),
            components: self.required.clone(),
            signature: Cow::Borrowed(""),
        };
        let text = signing_string::write(&parameters, &RequestContext::received(head, at))?;
        parameters.signature = Cow::Owned(self.keys.sign(&text, Encoding::Base64)?);
        let list = parameters.write();
        match self.header == header::AUTHORIZATION {
            true => head.write_header(&self.header, format!("Signature {list}")),
            false => head.write_header(&self.header, list),
        }
    }
}

impl Parameters<'_> {
    fn write(&self) -> String {
        let names: Vec<_> = self.components.iter().map(ToString::to_string).collect();
        let names = names.join(" ");
        let quoted = |name: &str, value: &str| {
            format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
        };
        let mut list = vec![quoted("keyId", &self.key_id)];
        list.extend(self.algorithm.as_deref().map(|name| quoted("algorithm", name)));
        list.extend(self.created.as_deref().map(|time| format!("created={time}")));
        list.extend(self.expires.as_deref().map(|time| format!("expires={time}")));
        list.push(quoted("headers", &names));
        list.push(quoted("signature", &self.signature));
        list.join(",")
    }
}
