//! Profiles state correctly what their provider's signature covers.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderValue, Request};
use tower_webhook::{
    Rejection,
    verify::{Location, Verifier},
};

use super::{Vector, layer, request, send, vectors, verifier};

/// A vector's request with another id or event type.
struct Changed {
    vector: Vector,
    what: &'static str,
    place: Location,
    is_signed: bool,
    request: Request<Bytes>,
}

impl Changed {
    fn all() -> Vec<Self> {
        let valid = vectors().into_iter().filter(|vector| vector.expect == "valid");
        valid.flat_map(Self::of).collect()
    }

    fn of(vector: Vector) -> Vec<Self> {
        let profile = verifier(&vector).unwrap().profile().clone();
        let places = [
            ("id", profile.id(), profile.id_signed()),
            ("event type", profile.event_type(), profile.event_type_signed()),
        ];
        let changed = places.into_iter().filter_map(|(what, place, is_signed)| {
            let place = place.first()?.clone();
            let request = changed(&vector, &place)?;
            Some(Self { vector: vector.clone(), what, place, is_signed, request })
        });
        changed.collect()
    }

    async fn is_accepted(&self) -> bool {
        let response = send(layer(&self.vector).unwrap(), self.request.clone()).await;
        response.extensions().get::<Rejection>().is_none()
    }
}

#[tokio::test]
async fn a_value_that_a_profile_calls_signed_cannot_be_changed() {
    let mut providers = BTreeSet::new();
    for changed in Changed::all().into_iter().filter(|changed| changed.is_signed) {
        assert!(!changed.is_accepted().await, "{}: another {} is accepted", changed.vector.id, changed.what);
        providers.insert(changed.vector.provider);
    }
    assert!(providers.len() > 40, "only {providers:?}");
}

#[tokio::test]
async fn a_header_that_a_profile_calls_unsigned_can_be_changed() {
    let mut providers = BTreeSet::new();
    for changed in Changed::all() {
        // Contentful, Coinbase and Hook0 sign the headers that the sender names.
        let is_chosen =
            ["coinbase-cdp", "contentful", "hook0", "hook0-v1"].contains(&&*changed.vector.provider);
        if !changed.is_signed && !is_chosen && matches!(changed.place, Location::Header(_)) {
            let Changed { vector, what, .. } = &changed;
            assert!(changed.is_accepted().await, "{}: another {what} is rejected", vector.id);
            providers.insert(changed.vector.provider);
        }
    }
    assert!(providers.len() > 30, "only {providers:?}");
}

/// Returns the vector's request with another value at `place`; `None` if its body has no value there.
fn changed(vector: &Vector, place: &Location) -> Option<Request<Bytes>> {
    let mut request = request(vector);
    match place {
        Location::Header(name) => {
            request.headers_mut().insert(name, HeaderValue::from_static("another"));
        }
        Location::Json(pointer) => {
            let mut body: serde_json::Value = serde_json::from_slice(request.body()).ok()?;
            let value = body.pointer_mut(pointer).filter(|value| value.is_string() || value.is_number())?;
            *value = "another".into();
            *request.body_mut() = body.to_string().into();
        }
        Location::Form(name) => {
            let mut pairs: Vec<_> = form_urlencoded::parse(request.body()).into_owned().collect();
            pairs.iter_mut().find(|(found, _)| found == name)?.1 = "another".to_owned();
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
            *request.body_mut() = form.into();
        }
        other => panic!("{}: a change at {other:?} is not implemented", vector.id),
    }
    Some(request)
}
