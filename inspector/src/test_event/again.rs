use axum::http::{HeaderName, Request, header};
use bytes::Bytes;
use serde::Deserialize;
use tower_webhook::{BoxError, verify::Location};

use super::{Plan, Signed, TestEvents, place, sample};
use crate::{
    demo::random,
    received::Received,
    rules::{Rules, Signing},
};

/// A way to send a received request again.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Again {
    /// The same headers and body.
    AsReceived,
    /// Signed with this endpoint's secret at the current time, with the same delivery id.
    Signed,
    /// Signed with this endpoint's secret at the current time, with a new delivery id.
    SignedAsNew,
}

/// The headers that belong to a connection, or that the client computes.
pub(super) const TRANSPORT: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

impl TestEvents {
    /// Returns the plan that sends a received request again. `decoded` is the payload that the handler got, if it
    /// differs from the body.
    pub(crate) async fn again(
        &self,
        received: &Received,
        decoded: Option<&Bytes>,
        how: Again,
    ) -> Result<Plan, BoxError> {
        let mut request = Request::new(received.body.clone());
        *request.method_mut() = received.method.clone();
        *request.uri_mut() = received.target.parse()?;
        *request.headers_mut() = received.headers.clone();
        for name in &TRANSPORT {
            request.headers_mut().remove(name);
        }
        if how == Again::AsReceived {
            return Ok(Plan { requests: vec![request], at_once: false });
        }
        let mut candidates = vec![request.clone()];
        // Providers that encrypt or encode the payload sign what the handler gets.
        if let Some(decoded) = decoded {
            *request.body_mut() = decoded.clone();
            request.headers_mut().remove(header::CONTENT_ENCODING);
            let has_id = |request: &Signed| {
                self.rules.profile.id().iter().any(|place| place::read(request, place).is_some())
            };
            let at = if candidates.iter().any(has_id) || !has_id(&request) { 1 } else { 0 };
            candidates.insert(at, request);
        }
        let mut refused = None;
        for candidate in candidates {
            let signed = self.signed_again(candidate, how);
            if self.accepts(&signed).await {
                return Ok(Plan { requests: vec![signed?], at_once: false });
            }
            refused.get_or_insert(signed);
        }
        // The page shows why the endpoint rejects it.
        let signed = refused.ok_or("there is nothing to sign")??;
        Ok(Plan { requests: vec![signed], at_once: false })
    }

    /// Returns whether the delivery id of a received request can be replaced.
    pub(crate) fn can_renew_id(&self) -> bool {
        !self.rules.profile.id().is_empty()
    }

    async fn accepts(&self, request: &Result<Signed, BoxError>) -> bool {
        let Ok(request) = request else { return false };
        self.try_out(request.clone()).await.is_ok_and(|trial| trial.rejected.is_none())
    }

    fn signed_again(&self, mut request: Signed, how: Again) -> Result<Signed, BoxError> {
        let at = self.rules.now();
        remove_signature(&mut request, &self.rules);
        let mut places = self.rules.profile.id().to_vec();
        places.extend(
            self.rules
                .source
                .schemes()
                .iter()
                .filter_map(Signing::of)
                .flat_map(|signing| signing.id_places().collect::<Vec<_>>()),
        );
        unify_id(&mut request, &places);
        if how == Again::SignedAsNew {
            renew_id(&mut request, self.rules.profile.id())?;
        }
        let body = str::from_utf8(request.body()).ok();
        if let Some(body) = body.and_then(|body| sample::in_time(body, &self.rules, at)) {
            *request.body_mut() = body.into();
        }
        if let Some(url) = &self.rules.public_url {
            let (base, query) = match url.split_once('?') {
                Some((base, query)) => (base, Some(query)),
                None => (&**url, None),
            };
            *request.uri_mut() = match request.uri().query().or(query) {
                Some(query) => format!("{base}?{query}").parse()?,
                None => base.parse()?,
            };
        }
        self.sign(&self.verifier, request, at)
    }
}

/// Removes the headers of the signature and of its timestamp, which signing adds again.
fn remove_signature(request: &mut Signed, rules: &Rules) {
    let schemes = rules.source.schemes();
    // Signing keeps a timestamp, and no scheme names the header of a verifier that is written by hand.
    if schemes.is_empty() {
        let is_timestamp = |name: &&HeaderName| name.as_str().contains("timestamp");
        for name in request.headers().keys().filter(is_timestamp).cloned().collect::<Vec<_>>() {
            request.headers_mut().remove(name);
        }
    }
    for signing in schemes.iter().filter_map(Signing::of) {
        // Signing keeps the list of signed headers, which is in the signature's header.
        if signing.template().is_some_and(|template| template.contains("{headers_named_by")) {
            continue;
        }
        let owned = request.headers().keys().filter(|name| signing.owns(name.as_str()));
        for name in owned.cloned().collect::<Vec<_>>() {
            request.headers_mut().remove(name);
        }
    }
}

/// Moves the delivery id to the first of its places, which the provider's main scheme signs.
fn unify_id(request: &mut Signed, places: &[Location]) {
    let mut headers = places.iter().filter_map(|place| match place {
        Location::Header(name) => Some(name),
        _ => None,
    });
    let Some(first) = headers.next() else { return };
    for other in headers.filter(|other| *other != first) {
        if let Some(id) = request.headers_mut().remove(other) {
            request.headers_mut().entry(first).or_insert(id);
        }
    }
}

fn renew_id(request: &mut Signed, places: &[Location]) -> Result<(), BoxError> {
    let found = places.iter().find_map(|place| Some((place, place::read(request, place)?)));
    match (found, places.first()) {
        (Some((place, id)), _) => place::write(request, place, &similar(&id)),
        (None, Some(place)) => place::write(request, place, &similar("")),
        (None, None) => Err("provider has no delivery id that can be set".into()),
    }
}

/// Returns a random id of the same form, such as a UUID for a UUID, so that handlers can parse it.
fn similar(id: &str) -> String {
    let start = id.rfind('_').map_or(0, |end| end + 1);
    let (prefix, changing) = id.split_at(start);
    let mut bytes = random::<32>().into_iter().cycle();
    let mut next = |from: &str| {
        let index = usize::from(bytes.next().unwrap_or_default());
        from.chars().nth(index % from.len()).unwrap_or('0')
    };
    let mut text = prefix.to_owned();
    for (place, c) in changing.char_indices() {
        text.push(match c {
            // A number must not start with a zero.
            '1'..='9' if place == 0 => next("123456789"),
            '0'..='9' => next("0123456789"),
            'a'..='f' => next("abcdef"),
            'g'..='z' => next("ghijklmnopqrstuvwxyz"),
            'A'..='F' => next("ABCDEF"),
            'G'..='Z' => next("GHIJKLMNOPQRSTUVWXYZ"),
            other => other,
        });
    }
    // A short id could be the same again.
    let changed = changing.chars().filter(char::is_ascii_alphanumeric).count();
    let is_number = !changing.is_empty() && changing.chars().all(|c| c.is_ascii_digit());
    let more = if is_number { "0123456789" } else { "0123456789abcdef" };
    text.extend((changed..9).map(|_| next(more)));
    text
}
