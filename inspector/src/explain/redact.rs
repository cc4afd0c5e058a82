use std::borrow::Cow;

use axum::http::{HeaderMap, Uri};
use tower_webhook::Secret;

use super::{
    secret_values::{self, is_secret_key},
    words::bounded,
};
use crate::rules::Rules;

/// A filter that removes secrets and complete signatures from what the page displays, so that a screenshot or a shared
/// screen reveals neither. The complete request leaves the process only by an action, such as "Copy as curl".
pub(super) struct Redactor<'r> {
    /// The secrets, and their forms in URLs and forms.
    secrets: Vec<Cow<'r, str>>,
    /// The locations of the provider's signature.
    signatures: Vec<String>,
    token_only: bool,
}

/// The text in place of a secret.
pub(super) const MASK: &str = "••masked••";

/// The minimum number of characters of a secret that is masked inside of other text. A shorter one is often part of
/// ordinary words: `ping` with a masked `g` would look corrupt, and would show that the secret is `g`.
const MIN_MASKED: usize = 8;

/// The maximum number of headers shown, and of characters of each value.
const MAX_HEADERS: usize = 60;
const MAX_VALUE: usize = 1_000;

impl<'r> Redactor<'r> {
    pub(super) fn new(rules: &'r Rules) -> Self {
        let signing = rules.signing();
        Self {
            secrets: rules.secrets.iter().filter_map(Secret::expose_str).flat_map(with_encoded).collect(),
            token_only: signing.as_ref().is_some_and(|signing| signing.template().is_none()),
            signatures: signing.map(|signing| signing.places()).unwrap_or_default(),
        }
    }

    pub(super) fn headers(&self, headers: &HeaderMap) -> Vec<(String, String)> {
        let shown = headers.iter().take(MAX_HEADERS).map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes());
            (name.as_str().to_owned(), self.value("header", name.as_str(), &value))
        });
        let left_out = headers.len().saturating_sub(MAX_HEADERS);
        let rest = (left_out > 0).then(|| ("…".to_owned(), format!("{left_out} more")));
        shown.chain(rest).collect()
    }

    pub(super) fn path(&self, path: &str) -> String {
        self.text(&bounded(path, MAX_VALUE))
    }

    /// Returns the path and query.
    pub(super) fn target(&self, uri: &Uri) -> String {
        let Some(query) = uri.query() else { return self.text(&bounded(uri.path(), MAX_VALUE)) };
        let pairs = query.split('&').map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", self.value("query", name, value)),
            None => pair.to_owned(),
        });
        let target = format!("{}?{}", uri.path(), pairs.collect::<Vec<_>>().join("&"));
        self.text(&bounded(&target, MAX_VALUE))
    }

    /// Replaces secrets in a text. Short secrets are only replaced where they are the whole text, or a whole string of
    /// a JSON text.
    pub(super) fn text(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| match secret.chars().count() {
            MIN_MASKED.. => text.replace(&**secret, MASK),
            _ if text == *secret => MASK.to_owned(),
            _ => text.replace(&format!("\"{secret}\""), &format!("\"{MASK}\"")),
        })
    }

    /// Replaces secrets in a body, and the values whose keys say that they are secret.
    pub(super) fn body(&self, body: &str) -> String {
        secret_values::mask(&self.text(body))
    }

    fn value(&self, kind: &str, name: &str, value: &str) -> String {
        let name = secret_values::decoded(name).to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
        let is_place = self.signatures.contains(&format!("{kind}:{name}"));
        let length = value.chars().count();
        match () {
            () if self.token_only && is_place
                || is_secret_key(&name)
                || has(&["auth", "cookie", "token", "secret", "password", "api-key", "apikey"]) =>
            {
                format!("{MASK} ({length} characters)")
            }
            () if (is_place || has(&["signature", "hmac", "-sig"])) && length > 20 => {
                format!("{} ({length} characters)", bounded(value, length.min(60) / 3))
            }
            () => self.text(&bounded(&secret_values::mask_encoded_json(value), MAX_VALUE)),
        }
    }
}

fn with_encoded(secret: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let encoded = (encoded != secret).then_some(Cow::Owned(encoded));
    [Cow::Borrowed(secret)].into_iter().chain(encoded)
}
