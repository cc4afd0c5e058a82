//! Schemes that several providers share.

use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

/// The scheme of `t=1700000000,v1=5257…`, with the signature under `key`.
pub(super) fn t_and_signature(header: &str, key: &str) -> Scheme {
    Scheme::hmac_sha256(header, Hex)
        .list(",")
        .pairs("=", [key])
        .timestamp("field:t", Seconds)
        .signs("{ts}.{body}")
}

/// The version of Hook0's signatures that covers headers.
pub(super) fn hook0_version_1() -> Scheme {
    Scheme::hmac_sha256("x-hook0-signature", Hex)
        .list(",")
        .pairs("=", ["v1"])
        .timestamp("field:t", Seconds)
        .signs("{ts}.{field:h}.{headers_named_by:h}.{body}")
}

/// The scheme of Standard Webhooks with headers that begin with `prefix`, and the secret as the key.
pub(super) fn standard_webhooks_raw_key(prefix: &str) -> Scheme {
    Scheme::hmac_sha256(&format!("{prefix}-signature"), Base64)
        .list(" ")
        .pairs(",", ["v1"])
        .timestamp(format!("header:{prefix}-timestamp"), Seconds)
        .signs(&format!("{{header:{prefix}-id}}.{{ts}}.{{body}}"))
        .id(format!("header:{prefix}-id"))
}

/// The scheme of Standard Webhooks, whose secret is base64 after an optional `whsec_`.
pub(super) fn standard_webhooks(prefix: &str) -> Scheme {
    standard_webhooks_raw_key(prefix).key_prefix("whsec_").key_encoding(Base64)
}

/// Rules for signatures in the form of a JSON Web Token.
#[cfg(feature = "jwt")]
pub(super) mod jwt {
    use std::time::Duration;

    use http::HeaderName;

    use crate::{
        InvalidSecret, Secrets,
        provider::by_hand::ByHandVerifier,
        verify::{
            Profile, Tolerance,
            jwt::{Algorithm::HS256, BodyClaim, Issuer, KeyText, Rules, TokenVerifier, UrlClaim},
        },
    };

    /// The commonest rules: HMAC-SHA256 with a secret, and `jti` as the id.
    pub(in crate::provider) fn rules(name: &'static str) -> Rules {
        Rules {
            header: HeaderName::from_static(name),
            algorithms: &[HS256],
            keys: KeyText::Secret,
            issuer: Issuer::Anybody,
            url: UrlClaim::No,
            payload: BodyClaim::Body,
            requires: &[],
            leeway: Duration::ZERO,
            jti_is_id: true,
            #[cfg(feature = "test-util")]
            bearer: false,
        }
    }

    /// A profile for tokens that have their times in them.
    pub(in crate::provider) fn profile(id: &'static str) -> Profile {
        Profile::new(id).with_tolerance(Tolerance::any_age())
    }

    pub(in crate::provider) fn verifier(
        rules: Rules,
        profile: Profile,
        secrets: Secrets,
    ) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
        Ok(Box::new(TokenVerifier::new(rules, profile, &secrets)?))
    }
}
