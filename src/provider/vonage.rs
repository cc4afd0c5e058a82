use std::{borrow::Cow, fmt};

#[cfg(feature = "jwt")]
use http::header;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};

#[cfg(feature = "jwt")]
use super::shapes::jwt;
use super::{
    by_hand::{ByHandVerifier, CheckResult, Methods, Scalar, check, verifier},
    providers,
};
#[cfg(feature = "jwt")]
use crate::verify::{
    Encoding::Hex,
    jwt::{BodyClaim, Presence::AtWill, Rules},
};
use crate::{
    InvalidSecret, Secrets,
    verify::{
        Candidates, Encoding, Keyring, MacKind, Macs, Profile, RequestContext, TimeUnit, Tolerance, Verified,
        VerifyError, parameter, sorted_parameters,
    },
};

providers! {
    /// HMAC-SHA256 of the sorted parameters in the parameter `sig`, hex.
    ///
    /// Vonage (signed parameters, SMS), for accounts configured for SHA-256 HMAC.
    ///
    /// * Secret: the text of the account's signature secret.
    /// * Signed content: the parameters but `sig`, in the order of their names, each as `&name=value` with `_`
    ///   for every `&` and `=` of the value; the signature, in hex, is the parameter `sig`. The parameters are
    ///   those of the query (the body must then be empty), of a form, or of a flat JSON object.
    /// * Delivery id: `messageId`, signed; of delivery receipts, of which there are several for a message, with
    ///   the `status` behind it. `_` stands for every `&` and `=` in it, as in the signature.
    /// * Timestamp: `timestamp`, signed. Any age and 300 s into the future. Vonage documents no limit; set one
    ///   with [`tolerance`](crate::WebhookLayer::tolerance).
    /// * Not covered: **each `_`, `&` and `=` of a value**, which are signed alike, so that an attacker who
    ///   captures a request can replace one with another; whether the parameters are a query, a form or JSON,
    ///   and whether a value of JSON is a text or a number; the path, the method and the headers.
    /// * The algorithm is a setting of the account, and requests do not name it. There is a constructor for each
    ///   ([`vonage_params_sha512`], [`vonage_params_sha1`], [`vonage_params_md5`], [`vonage_params_md5hash`]),
    ///   so that a client cannot choose a weaker one.
    vonage_params: "vonage-params", "Vonage (signed parameters)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha256, &secrets, profile),
        profile: parameters_profile;

    /// Vonage (signed parameters), for accounts configured for SHA-512 HMAC. See [`vonage_params`].
    ///
    /// * Secret: the text as it stands.
    vonage_params_sha512: "vonage-params-sha512",
        "Vonage (signed parameters, SHA-512)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha512, &secrets, profile),
        profile: parameters_profile;

    /// Vonage (signed parameters), for accounts configured for SHA-1 HMAC. See [`vonage_params`].
    ///
    /// * Secret: the text as it stands.
    vonage_params_sha1: "vonage-params-sha1",
        "Vonage (signed parameters, SHA-1)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha1, &secrets, profile),
        profile: parameters_profile;

    /// Vonage (signed parameters), for accounts configured for MD5 HMAC. See [`vonage_params`]. Choose a
    /// stronger algorithm if possible.
    ///
    /// * Secret: the text as it stands.
    vonage_params_md5: "vonage-params-md5",
        "Vonage (signed parameters, MD5 HMAC)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacMd5, &secrets, profile),
        profile: parameters_profile;

    /// Vonage (signed parameters), for accounts configured for "MD5 hash", Vonage's default. See
    /// [`vonage_params`]. The signature is a plain MD5 of the parameters followed by the secret. **It is the
    /// weakest algorithm**: two requests with the same MD5 have the same signature under every secret. Configure
    /// an HMAC if possible.
    ///
    /// * Secret: the text as it stands.
    vonage_params_md5hash: "vonage-params-md5hash",
        "Vonage (signed parameters, MD5 hash)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::Md5, &secrets, profile),
        profile: parameters_profile;

    /// JSON Web Token (HS256) in `Authorization`.
    ///
    /// Vonage (signed with a token: Voice, Messages, Verify).
    ///
    /// * Secret: the account's signature secret, UTF-8.
    /// * Signed content: the token in `Authorization`, HMAC-SHA256, after `Bearer`.
    /// * Delivery id: the token's `jti`, signed. It names the request, not the event. A request that repeats it
    ///   counts as a replay, and is answered 200 without the NCCO that a call needs: see [the
    ///   guide](crate::guide::answers#where-the-provider-acts-on-the-answer).
    /// * Timestamp: the token's `iat`; any age, and up to 300 s into the future, since Vonage names no limit
    ///   ([`tolerance`](crate::WebhookLayer::tolerance) sets one). An `exp` is enforced.
    /// * **The body is covered only if the token contains its SHA-256, `payload_hash`**, which must then match.
    ///   Vonage also sends tokens without it. An attacker who captures one of those can send it with any body.
    #[cfg(feature = "jwt")]
    vonage_jwt: "vonage-jwt", "Vonage (JWT)",
        "https://developer.vonage.com/en/getting-started/concepts/webhooks",
        @by_hand |secrets, profile| {
            let rules = Rules {
                payload: BodyClaim::Sha256("payload_hash", Hex, AtWill),
                #[cfg(feature = "test-util")]
                bearer: true,
                ..jwt::rules(header::AUTHORIZATION.as_str())
            };
            jwt::verifier(rules, profile, secrets)
        },
        profile: |profile| jwt::profile(profile).with_body_signed(false);
}

fn parameters_profile(profile: Profile) -> Profile {
    profile.with_tolerance(Tolerance::any_age()).with_body_signed(false)
}

fn with(
    kind: MacKind,
    secrets: &Secrets,
    profile: Profile,
) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
    verifier(
        Keyring::of_text(kind, secrets),
        profile,
        Methods {
            begin,
            #[cfg(feature = "test-util")]
            sign: signing::sign,
        },
    )
}

fn begin<'a>(keys: &'a Keyring, request: &RequestContext<'a>) -> CheckResult<'a> {
    let head = request.head();
    let query = head.uri.query().unwrap_or_default().as_bytes();
    if parameter(query, "sig").is_some() {
        let verified = SignedParameters::of_form(query)?.verify(keys)?;
        return check((), verified.timestamp, |(), body| match body {
            [] => Ok(verified),
            _ => Err(VerifyError::wrong("query is signed, but the body is not")),
        });
    }
    // A query without a signature is part of the endpoint's URL.
    check((), None, |(), body| {
        let parameters =
            if is_json(body) { SignedParameters::of_json(body) } else { SignedParameters::of_form(body) };
        parameters?.verify(keys)
    })
}

fn is_json(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"{")
}

/// Parameters sorted by name, with unique names.
struct SignedParameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> SignedParameters<'a> {
    fn of_form(encoded: &'a [u8]) -> Result<Self, VerifyError> {
        Self(sorted_parameters(encoded)?).checked()
    }

    fn of_json(json: &'a [u8]) -> Result<Self, VerifyError> {
        let flat: Flat = serde_json::from_slice(json)
            .map_err(|_| VerifyError::malformed("body is not a flat JSON object of texts and numbers"))?;
        let mut parameters: Vec<_> =
            flat.0.into_iter().map(|(name, Scalar(value))| (name.into(), value.into())).collect();
        parameters.sort();
        Self(parameters).checked()
    }

    /// Rejects repeated names, because other code might read the other value, and names with `&` or `=`,
    /// which could be read as several parameters.
    fn checked(self) -> Result<Self, VerifyError> {
        let twice = self.0.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
        let marked = self.0.iter().any(|(name, _)| name.contains(['&', '=']));
        if twice || marked {
            return Err(VerifyError::malformed("parameter is repeated, or its name contains `&` or `=`"));
        }
        Ok(self)
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(found, value)| (found == name && !value.is_empty()).then_some(&**value))
    }

    fn verify(&self, keys: &Keyring) -> Result<Verified, VerifyError> {
        let signature = self.get("sig").ok_or(VerifyError::missing("parameter `sig` is missing"))?;
        let candidates =
            Candidates::read([signature.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
        let sent_at =
            self.get("timestamp").ok_or(VerifyError::missing("parameter `timestamp` is missing"))?;
        let sent_at = TimeUnit::Seconds.read(sent_at.as_bytes())?;
        let mut macs = keys.begin(None);
        self.feed(&mut macs, keys);
        let verified = macs.verify(&candidates)?.with_timestamp(sent_at);
        // In the signed form: otherwise a request would have one id for each encoding.
        Ok(match (self.get("messageId").map(signed), self.get("status").map(signed)) {
            (Some(id), Some(status)) => verified.with_id(format!("{id}:{status}")),
            (Some(id), None) => verified.with_id(id),
            (None, _) => verified,
        })
    }

    fn feed(&self, macs: &mut Macs<'_>, keys: &Keyring) {
        for (name, value) in self.0.iter().filter(|(name, _)| name != "sig") {
            macs.update(b"&");
            macs.update(name.as_bytes());
            macs.update(b"=");
            macs.update(signed(value).as_bytes());
        }
        if !keys.is_keyed() {
            macs.update_with_secrets();
        }
    }
}

/// Returns a value in its signed form.
fn signed(value: &str) -> String {
    value.replace(['&', '='], "_")
}

/// The fields of a flat object.
struct Flat(Vec<(String, Scalar)>);

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FlatVisitor)
    }
}

struct FlatVisitor;

impl<'de> Visitor<'de> for FlatVisitor {
    type Value = Flat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
        const MOST: usize = 1024;
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() == MOST {
                return Err(A::Error::custom("more than 1024 fields"));
            }
            fields.push(field);
        }
        Ok(Flat(fields))
    }
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, SignedParameters, VerifyError, is_json, parameter};
    use crate::verify::{
        TimeUnit,
        signing::{CannotSign, Write, form_with, json_with},
    };

    /// Adds a timestamp next to the signature, unless there is one.
    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let place = ParameterSource::of(head, body);
        if matches!(place, ParameterSource::Query) && !body.is_empty() {
            return Err(CannotSign::new("query is signed, but the body would not be"));
        }
        if place.parameters(head, body)?.get("timestamp").is_none() {
            place.write("timestamp", &TimeUnit::Seconds.write(at)?, head, body)?;
        }
        let mut macs = keys.signer(None)?;
        place.parameters(head, body)?.feed(&mut macs, keys);
        place.write("sig", &macs.signature(Encoding::Hex), head, body)
    }

    /// The location of the parameters.
    enum ParameterSource {
        Query,
        Json,
        Form,
    }

    impl ParameterSource {
        /// Returns the query if the body is empty or the query contains a signature.
        fn of(head: &Parts, body: &[u8]) -> Self {
            let query = head.uri.query().unwrap_or_default().as_bytes();
            match body.is_empty() || parameter(query, "sig").is_some() {
                true => Self::Query,
                false if is_json(body) => Self::Json,
                false => Self::Form,
            }
        }

        fn parameters<'a>(
            &self,
            head: &'a Parts,
            body: &'a [u8],
        ) -> Result<SignedParameters<'a>, VerifyError> {
            match self {
                Self::Query => SignedParameters::of_form(head.uri.query().unwrap_or_default().as_bytes()),
                Self::Json => SignedParameters::of_json(body),
                Self::Form => SignedParameters::of_form(body),
            }
        }

        fn write(
            &self,
            name: &str,
            value: &str,
            head: &mut Parts,
            body: &mut Bytes,
        ) -> Result<(), CannotSign> {
            match self {
                Self::Query => head.write_query(name, value)?,
                Self::Json => *body = json_with(body, &format!("/{name}"), value)?,
                Self::Form => *body = form_with(body, name, value)?,
            }
            Ok(())
        }
    }
}
