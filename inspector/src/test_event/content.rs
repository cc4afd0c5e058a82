use axum::http::{HeaderName, HeaderValue, header};
use serde::Deserialize;
use tower_webhook::BoxError;

use super::{Sample, Signed, again::TRANSPORT};
use crate::rules::{Rules, Signing};

/// The content of a test event, as far as it differs from the first sample.
#[derive(Default, Deserialize)]
pub(crate) struct Content {
    /// The name of a sample.
    pub(crate) sample: Option<String>,
    pub(crate) body: Option<String>,
    pub(crate) event_type: Option<String>,
    /// Additional headers, which replace those of the sample.
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
}

/// The maximum number of additional headers, and of bytes of each value.
const MAX_HEADERS: usize = 20;
const MAX_VALUE: usize = 4096;

impl Content {
    /// Adds the headers to a sample.
    pub(super) fn add_headers(&self, sample: &mut Sample, rules: &Rules) -> Result<(), BoxError> {
        if self.headers.len() > MAX_HEADERS {
            return Err(format!("more than {MAX_HEADERS} additional headers").into());
        }
        let schemes = rules.source.schemes();
        let signings: Vec<_> = schemes.iter().filter_map(Signing::of).collect();
        for (name, value) in &self.headers {
            let name: HeaderName =
                name.parse().map_err(|_| format!("`{}` is not a header name", name.escape_debug()))?;
            if TRANSPORT.contains(&name) || name == header::HOST {
                return Err(format!("`{name}` is set by the connection").into());
            }
            if signings.iter().any(|signing| signing.owns(name.as_str())) {
                return Err(format!("`{name}` is set by the signature").into());
            }
            if value.len() > MAX_VALUE {
                return Err(format!("value of `{name}` exceeds {MAX_VALUE} bytes").into());
            }
            HeaderValue::from_str(value).map_err(|_| format!("value of `{name}` has control characters"))?;
            sample.set_header(name, value.clone());
        }
        Ok(())
    }

    /// Returns an error if signing has replaced one of the headers.
    pub(super) fn check_signed(&self, request: &Signed) -> Result<(), BoxError> {
        for (name, value) in &self.headers {
            if request.headers().get(name).is_none_or(|signed| signed.as_bytes() != value.as_bytes()) {
                return Err(format!("`{}` is set by the signature", name.to_lowercase()).into());
            }
        }
        Ok(())
    }
}
