use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;
use data_encoding::HEXLOWER;
use serde_json::json;
use tower_webhook::{BoxError, verify::Location};

use super::{fields::Fields, known};
use crate::{
    demo::random,
    rules::{Rules, Signing},
};

/// A sample delivery of the provider, before it is signed.
pub(crate) struct Sample {
    /// A random id in the body. The page replaces it to send the same payload as a new delivery.
    pub(crate) id: String,
    pub(crate) body: String,
    content_type: &'static str,
    headers: Vec<(HeaderName, String)>,
    query: Vec<(String, String)>,
}

impl Sample {
    /// Returns a sample with the timestamp `at`.
    pub(crate) fn new(rules: &Rules, at: SystemTime) -> Self {
        let provider = rules.source.id();
        let id = HEXLOWER.encode(&random::<8>());
        let delivery_id = if provider == "standard-webhooks" { format!("msg_{id}") } else { id.clone() };
        let mut sample = Self {
            body: String::new(),
            content_type: "application/json",
            headers: Vec::new(),
            query: Vec::new(),
            id,
        };
        let now = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let json = known::json(provider, &sample.id, now);
        let is_known = !json.is_null();
        let mut fields = Fields { json, form: known::form(provider, &sample.id) };
        let profile = &rules.profile;
        sample.put(profile.id().first(), delivery_id, &mut fields);
        let event_type = if provider == "github" { "ping" } else { "greeting" };
        sample.put(profile.event_type().first(), event_type.to_owned(), &mut fields);
        let signing = rules.signing();
        for (name, value) in signing.iter().flat_map(|signing| &signing.require) {
            if let Ok(name) = name.parse() {
                sample.headers.push((name, value.clone()));
            }
        }
        let template = signing.as_ref().and_then(Signing::template).unwrap_or_default();
        // Schemes with a list of signed headers require at least one header.
        if template.contains("{headers_named_by") {
            sample.headers.push((HeaderName::from_static("x-test-event"), "1".to_owned()));
        }
        // Unique, for providers whose deliveries are deduplicated by body.
        let hello = format!("hello {}", sample.id);
        if !fields.form.is_empty() || template.contains("{sorted_") {
            fields.form.push(("text".to_owned(), hello));
            sample.content_type = "application/x-www-form-urlencoded";
            sample.body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields.form).finish();
        } else {
            if !is_known {
                fields.add("/data/text", hello.into());
            }
            sample.body = fields.json.to_string();
        }
        sample.in_time(rules, at)
    }

    /// Replaces the body.
    pub(crate) fn with_body(mut self, body: String, rules: &Rules, at: SystemTime) -> Self {
        self.body = body;
        self.in_time(rules, at)
    }

    pub(crate) fn request(&self, url: &str) -> Result<Request<Bytes>, BoxError> {
        let mut url = url.to_owned();
        for (name, value) in &self.query {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
        }
        let mut request = Request::post(url).body(Bytes::from(self.body.clone()))?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        for (name, value) in &self.headers {
            headers.insert(name, value.parse()?);
        }
        Ok(request)
    }

    fn put(&mut self, place: Option<&Location>, value: String, fields: &mut Fields) {
        match place {
            Some(Location::Header(name)) => self.headers.push((name.clone(), value)),
            Some(Location::Query(name)) => self.query.push((name.to_string(), value)),
            Some(Location::Form(name)) => fields.form.push((name.to_string(), value)),
            Some(Location::Json(pointer)) => fields.add(pointer, value.into()),
            _ => {}
        }
    }

    /// Sets the timestamp in the body, for schemes that have it there.
    fn in_time(mut self, rules: &Rules, at: SystemTime) -> Self {
        let timestamp = rules.signing().and_then(|signing| signing.timestamp);
        let Some((pointer, unit)) = timestamp
            .as_ref()
            .and_then(|timestamp| Some((timestamp.from.strip_prefix("body:")?, &*timestamp.unit)))
        else {
            return self;
        };
        let Ok(json) = serde_json::from_str(&self.body) else { return self };
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut fields = Fields { json, form: Vec::new() };
        let time = match unit {
            "ms" => json!(since.as_millis() as u64),
            "us" => json!(since.as_micros() as u64),
            "s" => json!(since.as_secs()),
            _ => return self,
        };
        fields.set(pointer, time);
        self.body = fields.json.to_string();
        self
    }
}
