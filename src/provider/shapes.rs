//! Schemes that several providers share.

use crate::verify::{
    Encoding::{Base64, Hex},
    Scheme,
    TimeUnit::Seconds,
};

/// Returns the scheme of headers like `t=1700000000,v1=5257…`, with the signature in the field `key`.
pub(super) fn t_and_signature(header: &str, key: &str) -> Scheme {
    Scheme::hmac_sha256(header, Hex)
        .list(",")
        .pairs("=", [key])
        .timestamp("field:t", Seconds)
        .signs("{ts}.{body}")
}

/// Returns the scheme of Hook0's signature version 1, which covers headers.
pub(super) fn hook0_version_1() -> Scheme {
    Scheme::hmac_sha256("x-hook0-signature", Hex)
        .list(",")
        .pairs("=", ["v1"])
        .timestamp("field:t", Seconds)
        .signs("{ts}.{field:h}.{headers_named_by:h}.{body}")
}

/// Returns the scheme of Standard Webhooks with headers that begin with `prefix`. The key is the secret's
/// text, not decoded.
pub(super) fn standard_webhooks_raw_key(prefix: &str) -> Scheme {
    Scheme::hmac_sha256(&format!("{prefix}-signature"), Base64)
        .list(" ")
        .pairs(",", ["v1"])
        .timestamp(format!("header:{prefix}-timestamp"), Seconds)
        .signs(&format!("{{header:{prefix}-id}}.{{ts}}.{{body}}"))
        .id(format!("header:{prefix}-id"))
}

/// Returns the scheme of Standard Webhooks. The secret is base64, with or without the prefix `whsec_`.
pub(super) fn standard_webhooks(prefix: &str) -> Scheme {
    standard_webhooks_raw_key(prefix).key_prefix("whsec_").key_encoding(Base64)
}

/// Rules for signatures as JSON Web Tokens.
#[cfg(feature = "jwt")]
pub(super) mod jwt {
    use std::time::Duration;

    use http::HeaderName;

    use crate::{
        InvalidSecret, Secrets,
        provider::by_hand::{ByHandVerifier, token_profile},
        verify::{
            Profile, Tolerance,
            jwt::{
                Algorithm::HS256, BearerRules, BodyClaim, ClaimRule, Issuer, KeyText, Rules, TokenIssuer,
                TokenVerifier, UrlClaim,
            },
        },
    };

    /// Returns the most common rules: HMAC-SHA256 with a secret, and `jti` as the id.
    pub(in crate::provider) fn rules(name: &'static str) -> Rules {
        Rules {
            header: HeaderName::from_static(name),
            algorithms: &[HS256],
            keys: KeyText::Secret,
            issuer: Issuer::Any,
            url: UrlClaim::No,
            payload: BodyClaim::Body,
            requires: &[],
            leeway: Duration::ZERO,
            jti_is_id: true,
            #[cfg(feature = "test-util")]
            bearer: false,
        }
    }

    /// Returns the rules for the ID tokens of a Google service account. Any Google Cloud user can get a token
    /// for any audience, but only for their own service accounts.
    pub(in crate::provider) fn google_id_token(audience: Box<str>, service_account: Box<str>) -> BearerRules {
        BearerRules {
            issuers: vec![TokenIssuer {
                name: "https://accounts.google.com".into(),
                keys: "https://www.googleapis.com/oauth2/v3/certs".into(),
            }],
            audience,
            claims: vec![ClaimRule::Text(&["email"], service_account), ClaimRule::True("email_verified")],
            key_issuers: [].into(),
        }
    }

    /// Returns the profile of a provider whose bearer tokens do not cover the body.
    pub(in crate::provider) fn bearer_profile(profile_of: Profile) -> Profile {
        token_profile(profile(profile_of))
    }

    /// Removes the limit on the age of a timestamp, because a token can contain its own expiry.
    pub(in crate::provider) fn profile(profile: Profile) -> Profile {
        profile.with_tolerance(Tolerance::any_age())
    }

    pub(in crate::provider) fn verifier(
        rules: Rules,
        profile: Profile,
        secrets: Secrets,
    ) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
        Ok(Box::new(TokenVerifier::new(rules, profile, &secrets)?))
    }
}
