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
    jwt::{BodyClaim, Presence::Optional, Rules},
};
use crate::{
    InvalidSecret, Secrets,
    verify::{
        Candidates, Encoding, Keyring, MacKind, Macs, Profile, RequestContext, TimeUnit, Tolerance, Verified,
        VerifyError, parameter, sorted_parameters,
    },
};

providers! {
    /// Creates a verifier for Vonage (signed parameters).
    ///
    /// The verifier accepts SMS webhooks of accounts that are configured for SHA-256 HMAC.
    ///
    /// * Signature: HMAC-SHA256 of the sorted parameters, as hex in the parameter `sig`.
    /// * Secret: the account's signature secret, as text.
    /// * Signed content: all parameters except `sig`, sorted by name and written as `&name=value`. In the
    ///   values, `&` and `=` are replaced with `_`. The parameters come from the query, from a form or from a
    ///   flat JSON object. If they come from the query, the body must be empty.
    /// * Delivery id: `messageId`, signed. A message has several delivery receipts, so their id is
    ///   `messageId:status`. In both values, `&` and `=` are replaced with `_`, as in the signed content.
    /// * Timestamp: the parameter `timestamp`, signed; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Vonage documents no
    ///   maximum age.
    /// * Not covered: **the difference between `_`, `&` and `=` in a value**: an attacker who captures a request
    ///   can replace one of these characters with another. The attacker can also change the format of the
    ///   parameters (query, form or JSON) and the JSON type of a value, as well as the path, the method and the
    ///   headers.
    /// * The algorithm is a setting of the Vonage account. Each algorithm has its own constructor
    ///   ([`vonage_params_sha512`], [`vonage_params_sha1`], [`vonage_params_md5`], [`vonage_params_md5hash`]),
    ///   so that a client cannot choose a weaker algorithm.
    vonage_params: "vonage-params", "Vonage (signed parameters)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha256, &secrets, profile),
        profile: parameters_profile;

    /// Creates a verifier for Vonage (signed parameters, SHA-512).
    ///
    /// This verifier is like [`vonage_params`], but for accounts that are configured for SHA-512 HMAC.
    ///
    /// * Signature: HMAC-SHA512 of the sorted parameters, as hex in the parameter `sig`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `messageId`, signed, as for [`vonage_params`].
    /// * Timestamp: the parameter `timestamp`, signed; any age, as for [`vonage_params`].
    vonage_params_sha512: "vonage-params-sha512",
        "Vonage (signed parameters, SHA-512)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha512, &secrets, profile),
        profile: parameters_profile;

    /// Creates a verifier for Vonage (signed parameters, SHA-1).
    ///
    /// This verifier is like [`vonage_params`], but for accounts that are configured for SHA-1 HMAC.
    ///
    /// * Signature: HMAC-SHA1 of the sorted parameters, as hex in the parameter `sig`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `messageId`, signed, as for [`vonage_params`].
    /// * Timestamp: the parameter `timestamp`, signed; any age, as for [`vonage_params`].
    vonage_params_sha1: "vonage-params-sha1",
        "Vonage (signed parameters, SHA-1)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacSha1, &secrets, profile),
        profile: parameters_profile;

    /// Creates a verifier for Vonage (signed parameters, MD5 HMAC).
    ///
    /// This verifier is like [`vonage_params`], but for accounts that are configured for MD5 HMAC. Choose a
    /// stronger algorithm if possible.
    ///
    /// * Signature: HMAC-MD5 of the sorted parameters, as hex in the parameter `sig`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `messageId`, signed, as for [`vonage_params`].
    /// * Timestamp: the parameter `timestamp`, signed; any age, as for [`vonage_params`].
    vonage_params_md5: "vonage-params-md5",
        "Vonage (signed parameters, MD5 HMAC)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::HmacMd5, &secrets, profile),
        profile: parameters_profile;

    /// Creates a verifier for Vonage (signed parameters, MD5 hash).
    ///
    /// This verifier is like [`vonage_params`], but for accounts that are configured for "MD5 hash", Vonage's
    /// default. The signature is a plain MD5 of the parameters followed by the secret. **This is the weakest
    /// algorithm**: two parameter lists with the same MD5 have the same signature for every secret. Configure an
    /// HMAC if possible.
    ///
    /// * Signature: MD5 of the sorted parameters and the secret, as hex in the parameter `sig`.
    /// * Secret: text, not decoded.
    /// * Delivery id: `messageId`, signed, as for [`vonage_params`].
    /// * Timestamp: the parameter `timestamp`, signed; any age, as for [`vonage_params`].
    vonage_params_md5hash: "vonage-params-md5hash",
        "Vonage (signed parameters, MD5 hash)",
        "https://developer.vonage.com/en/getting-started/concepts/signing-messages",
        @by_hand |secrets, profile| with(MacKind::Md5, &secrets, profile),
        profile: parameters_profile;

    /// Creates a verifier for Vonage (JWT).
    ///
    /// The verifier accepts webhooks of the Voice, Messages and Verify APIs.
    ///
    /// * Signature: JSON Web Token (HS256) in `authorization`, with the SHA-256 of the body as an optional
    ///   claim.
    /// * Secret: the account's signature secret, as text.
    /// * Signed content: the token, which follows `Bearer`.
    /// * Delivery id: the token's `jti`, signed. It identifies the request, not the event. A second request with
    ///   the same `jti` counts as a replay: the layer responds with an empty 200, without the NCCO that a call
    ///   requires. See [the guide](crate::guide::answers#providers-that-use-the-response).
    /// * Timestamp: the token's `iat`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future. Vonage documents no
    ///   maximum age. If the token has an `exp`, the layer enforces it.
    /// * **The token covers the body only if it contains the claim `payload_hash`**, which must equal the
    ///   SHA-256 of the body. Vonage also sends tokens without `payload_hash`. An attacker who captures such a
    ///   token can send it with any body.
    #[cfg(feature = "jwt")]
    vonage_jwt: "vonage-jwt", "Vonage (JWT)",
        "https://developer.vonage.com/en/getting-started/concepts/webhooks",
        @by_hand |secrets, profile| {
            let rules = Rules {
                payload: BodyClaim::Sha256("payload_hash", Hex, Optional),
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
            _ => Err(VerifyError::wrong("body is not empty, but only the query is signed")),
        });
    }
    // A query without `sig` belongs to the endpoint's URL.
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
        let flat: Flat = serde_json::from_slice(json).map_err(|_| {
            VerifyError::malformed("body is not a flat JSON object of strings, numbers and booleans")
        })?;
        let mut parameters: Vec<_> =
            flat.0.into_iter().map(|(name, Scalar(value))| (name.into(), value.into())).collect();
        parameters.sort();
        Self(parameters).checked()
    }

    /// Returns the parameters if they are unambiguous. Rejects repeated names, because a handler might read a
    /// different value than the verifier. Also rejects names with `&` or `=`, which could be read as several
    /// parameters.
    fn checked(self) -> Result<Self, VerifyError> {
        let twice = self.0.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other));
        let has_separator = self.0.iter().any(|(name, _)| name.contains(['&', '=']));
        if twice || has_separator {
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
        // The id contains the values as signed. Otherwise an attacker could change the id by replacing `_`
        // with `&`.
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
        const MAX: usize = 1024;
        let mut fields = Vec::new();
        while let Some(field) = map.next_entry()? {
            if fields.len() == MAX {
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

    /// Signs the parameters. Adds a timestamp if it is missing.
    pub(super) fn sign(
        keys: &Keyring,
        head: &mut Parts,
        body: &mut Bytes,
        at: SystemTime,
    ) -> Result<(), CannotSign> {
        let place = ParameterSource::of(head, body);
        if matches!(place, ParameterSource::Query) && !body.is_empty() {
            return Err(CannotSign::new("body is not empty, but only the query would be signed"));
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
