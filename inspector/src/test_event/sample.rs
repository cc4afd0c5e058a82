use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;
use tower_webhook::{BoxError, verify::Location};

use super::{
    fields::Fields,
    known, place,
    samples::{self, Values},
};
use crate::{
    report,
    rules::{Rules, Signing},
};

/// A sample delivery of the provider, before it is signed.
pub(crate) struct Sample {
    /// The random ids in the body. The page replaces them to send the same payload as a new delivery.
    pub(crate) ids: Vec<String>,
    pub(crate) body: String,
    content_type: &'static str,
    headers: Vec<(HeaderName, String)>,
    query: Vec<(String, String)>,
}

impl Sample {
    /// Returns the sample of this name, or the first one, with the timestamp `at`.
    pub(crate) fn new(rules: &Rules, at: SystemTime, name: Option<&str>) -> Self {
        let values = Values::new(at);
        let entries = samples::of(rules.source.id());
        let named = entries.iter().find(|entry| Some(entry.name()) == name).or(entries.first());
        let mut sample = Self {
            ids: Vec::new(),
            body: String::new(),
            content_type: "application/json",
            headers: Vec::new(),
            query: Vec::new(),
        };
        let mut fields = Fields::default();
        let profile = &rules.profile;
        let delivery_id = match rules.source.id() {
            "standard-webhooks" | "svix" | "clerk" | "resend" => format!("msg_{}", values.id),
            _ => values.id.clone(),
        };
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
        match named {
            Some(entry) => {
                // The body already has its id and event type, so only those of the headers and the query are put.
                sample.put(profile.id().first(), delivery_id, &mut fields);
                if let Some(event_type) = &entry.event_type {
                    sample.put(profile.event_type().first(), event_type.clone(), &mut fields);
                }
                for (name, value) in &entry.headers {
                    if let Ok(name) = name.parse() {
                        sample.headers.push((name, value.clone()));
                    }
                }
                sample.body = match &entry.body {
                    Some(json) => values.fill(&report::on_one_line(json.get())),
                    None => {
                        sample.form(entry.form.iter().map(|(name, value)| (name.clone(), values.fill(value))))
                    }
                };
            }
            None => sample.generate(rules, &values, delivery_id, fields, &template),
        }
        sample.ids = values.ids_in(&sample.body);
        let body = std::mem::take(&mut sample.body);
        sample.with_body(body, rules, at)
    }

    /// Generates a body for a provider without samples.
    fn generate(
        &mut self,
        rules: &Rules,
        values: &Values,
        delivery_id: String,
        mut fields: Fields,
        template: &str,
    ) {
        let (provider, id) = (rules.source.id(), &values.id);
        fields.json = known::json(provider, id, values.now());
        fields.form = known::form(provider, id);
        let is_known = !fields.json.is_null();
        let profile = &rules.profile;
        self.put(profile.id().first(), delivery_id, &mut fields);
        self.put(profile.event_type().first(), "greeting".to_owned(), &mut fields);
        // Unique, for providers whose deliveries are deduplicated by body.
        let hello = format!("hello {id}");
        if !fields.form.is_empty() || template.contains("{sorted_") {
            fields.form.push(("text".to_owned(), hello));
            self.body = self.form(fields.form);
        } else {
            if !is_known {
                fields.add("/data/text", hello.into());
            }
            self.body = fields.json.to_string();
        }
    }

    fn form(&mut self, fields: impl IntoIterator<Item = (String, String)>) -> String {
        self.content_type = "application/x-www-form-urlencoded";
        form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
    }

    /// Replaces the body.
    pub(crate) fn with_body(mut self, body: String, rules: &Rules, at: SystemTime) -> Self {
        self.body = in_time(&body, rules, at).unwrap_or(body);
        self
    }

    /// Replaces the event type, in the place where the provider sends it.
    pub(crate) fn with_event_type(mut self, event_type: &str, rules: &Rules) -> Result<Self, BoxError> {
        let event_type = event_type.to_owned();
        match rules.profile.event_type().first() {
            Some(Location::Header(name)) => self.set_header(name.clone(), event_type),
            Some(Location::Query(name)) => {
                self.query.retain(|(found, _)| found != name);
                self.query.push((name.to_string(), event_type));
            }
            Some(place) => self.body = place::write_body(&self.body, place, event_type.into())?,
            None => return Err("provider has no location for an event type".into()),
        }
        Ok(self)
    }

    pub(crate) fn set_header(&mut self, name: HeaderName, value: String) {
        self.headers.retain(|(found, _)| *found != name);
        self.headers.push((name, value));
    }

    /// Returns the value of a header, if the sample has it.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| &**value)
    }

    /// Returns the event type.
    pub(crate) fn event_type(&self, rules: &Rules) -> Option<String> {
        rules.profile.event_type().iter().find_map(|place| match place {
            Location::Header(name) => self.header(name).map(str::to_owned),
            Location::Query(name) => {
                self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
            }
            place => place::read_body(&self.body, place),
        })
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
}

/// Returns the body with the timestamp `at`, for schemes that have the timestamp there.
pub(super) fn in_time(body: &str, rules: &Rules, at: SystemTime) -> Option<String> {
    let timestamp = rules.signing()?.timestamp?;
    let place: Location = timestamp.from.parse().ok()?;
    if !matches!(place, Location::Json(_)) {
        return None;
    }
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let time = match &*timestamp.unit {
        "ms" => since.as_millis() as u64,
        "us" => since.as_micros() as u64,
        "s" => since.as_secs(),
        _ => return None,
    };
    place::write_body(body, &place, time.into()).ok()
}
