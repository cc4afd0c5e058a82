//! The signing string: the text that is signed.

use std::fmt;

use http::{HeaderName, header};

use super::parameters::{Parameters, missing_parameter};
use crate::verify::{
    RequestContext, VerifyError, called_url,
    message_signature::{host, is_line, target},
};

/// A part of the request that a signature can cover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Component {
    RequestTarget,
    Created,
    Expires,
    Header(HeaderName),
}

impl Component {
    pub(super) const DATE: Self = Self::Header(header::DATE);

    /// Parses a name in lower case.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "(request-target)" => Self::RequestTarget,
            "(created)" => Self::Created,
            "(expires)" => Self::Expires,
            name => {
                let header = HeaderName::from_bytes(name.as_bytes()).ok()?;
                // `HeaderName` also accepts names in upper case.
                Self::Header(Some(header).filter(|header| header.as_str() == name)?)
            }
        })
    }

    fn as_str(&self) -> &str {
        match self {
            Self::RequestTarget => "(request-target)",
            Self::Created => "(created)",
            Self::Expires => "(expires)",
            Self::Header(name) => name.as_str(),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Writes the signing string of a request: a line for each component, without a line break at the end.
pub(super) fn write(
    parameters: &Parameters<'_>,
    request: &RequestContext<'_>,
) -> Result<Vec<u8>, VerifyError> {
    let mut text = Vec::new();
    for component in &parameters.components {
        if !text.is_empty() {
            text.push(b'\n');
        }
        text.extend_from_slice(component.as_str().as_bytes());
        text.extend_from_slice(b": ");
        write_value(component, parameters, request, &mut text)?;
    }
    Ok(text)
}

fn write_value(
    component: &Component,
    parameters: &Parameters<'_>,
    request: &RequestContext<'_>,
    out: &mut Vec<u8>,
) -> Result<(), VerifyError> {
    let name = match component {
        Component::RequestTarget => {
            let method = request.head().method.as_str();
            // The draft signs the method in lower case, so `POST` and `post` have the same signature.
            if method.bytes().any(|byte| byte.is_ascii_lowercase()) {
                return Err(VerifyError::malformed("method contains lower case letters"));
            }
            let target = target(request)?;
            check_line(&target)?;
            out.extend_from_slice(method.to_ascii_lowercase().as_bytes());
            out.push(b' ');
            out.extend_from_slice(target.as_bytes());
            return Ok(());
        }
        Component::Created | Component::Expires => {
            let (name, value) = match component {
                Component::Created => ("created", &parameters.created),
                _ => ("expires", &parameters.expires),
            };
            let value = value.as_deref().ok_or_else(|| missing_parameter(name))?;
            if parameters.has_old_algorithm() {
                return Err(VerifyError::malformed(
                    "signature of this `algorithm` must not cover `(created)` or `(expires)`",
                ));
            }
            if !value.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(VerifyError::malformed(format!(
                    "signed signature parameter `{name}` is not an integer"
                )));
            }
            out.extend_from_slice(value.as_bytes());
            return Ok(());
        }
        Component::Header(name) => name,
    };
    if *name == header::HOST {
        // In HTTP/2, the host is in the URI. Behind a proxy, the request's own host is not the one that the
        // sender called.
        let url = called_url(request)?;
        let host = host(&url)?;
        check_line(host)?;
        out.extend_from_slice(host.as_bytes());
        return Ok(());
    }
    // The draft joins the values of a repeated header with `, `, so an attacker could split one value into
    // several.
    let mut values = request.head().headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| VerifyError::missing_header(name))?;
    if values.next().is_some() {
        return Err(VerifyError::malformed(format!("signed header `{name}` is repeated")));
    }
    out.extend_from_slice(value.as_bytes().trim_ascii());
    Ok(())
}

/// Checks text that may come from the configuration. A line break would end the component.
fn check_line(text: &str) -> Result<(), VerifyError> {
    match is_line(text) {
        true => Ok(()),
        false => Err(VerifyError::malformed("signed component contains text that is not ASCII")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY};
    use data_encoding::BASE64;
    use http::Request;

    use super::*;
    use crate::BoxError;

    /// The key of appendix C, which is too short for verifiers.
    const KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QF\
        NUd13wuCTUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJw\
        oYi+1hqp1fIekaxsyQIDAQAB";

    /// The examples of draft-cavage-http-signatures-10, appendix C. Later versions of the draft changed the text
    /// of the last one, but not its signature.
    #[test]
    fn the_examples_of_the_draft_are_valid() -> Result<(), BoxError> {
        let examples = [
            (
                r#"keyId="Test",algorithm="rsa-sha256",signature="SjWJWbWN7i0wzBvtPl8rbASWz5xQW6mcJmn+ibttBqtifLN7Sazz6m79cNfwwb8DMJ5cou1s7uEGKKCs+FLEEaDV5lp7q25WqS+lavg7T8hc0GppauB6hbgEKTwblDHYGEtbGmtdHgVCk9SuS13F0hZ8FD0k/5OxEPXe5WozsbM=""#,
                "date: Sun, 05 Jan 2014 21:31:40 GMT",
            ),
            (
                r#"keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date",signature="qdx+H7PHHDZgy4y/Ahn9Tny9V3GP6YgBPyUXMmoxWtLbHpUnXS2mg2+SbrQDMCJypxBLSPQR2aAjn7ndmw2iicw3HMbe8VfEdKFYRqzic+efkb3nndiv/x1xSHDJWeSWkx3ButlYSuBskLu6kd9Fswtemr3lgdDEmn04swr2Os0=""#,
                "(request-target): post /foo?param=value&pet=dog\n\
                 host: example.com\n\
                 date: Sun, 05 Jan 2014 21:31:40 GMT",
            ),
            (
                r#"keyId="Test",algorithm="rsa-sha256",headers="(request-target) host date content-type digest content-length",signature="vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V01IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE=""#,
                "(request-target): post /foo?param=value&pet=dog\n\
                 host: example.com\n\
                 date: Sun, 05 Jan 2014 21:31:40 GMT\n\
                 content-type: application/json\n\
                 digest: SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=\n\
                 content-length: 18",
            ),
        ];
        let (head, ()) = Request::post("/foo?param=value&pet=dog")
            .header("Host", "example.com")
            .header("Date", "Sun, 05 Jan 2014 21:31:40 GMT")
            .header("Content-Type", "application/json")
            .header("Digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=")
            .header("Content-Length", "18")
            .body(())?
            .into_parts();
        let key = BASE64.decode(KEY.as_bytes())?;
        let key = ParsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, key)?;
        for (header, expected) in examples {
            let parameters = Parameters::read(header.as_bytes())?;
            let text = write(&parameters, &RequestContext::received(&head, SystemTime::now()))?;
            assert_eq!(std::str::from_utf8(&text)?, expected);
            key.verify_sig(&text, &BASE64.decode(parameters.signature.as_bytes())?)?;
        }
        Ok(())
    }
}
