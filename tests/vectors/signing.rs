//! Signing of every valid vector. The test removes the signature from the vector's request, the test kit signs the
//! request again, and the layer must accept the result. If the signature has no generated parts, it must be that of the
//! vector, with the exceptions in `OTHERWISE`.

use std::{
    collections::BTreeSet,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderValue, Request, Uri, header};
use tower_webhook::{Delivery, Rejection, provider::ProviderVerifier, testing};

use super::{Vector, layer, provider, request, send, vectors, verifier};

/// The vectors whose new signature differs, with the reason.
const OTHERWISE: &[(&str, &[&str])] = &[
    ("the token is sent in the header instead of the query", &["cloudevents-02"]),
    ("the test kit signs version 1, which also covers headers", &["hook0-01", "hook0-12"]),
    (
        "the list of signed headers was removed with the signature",
        &["hook0-02", "hook0-03", "hook0-v1-01", "hook0-v1-02"],
    ),
    (
        "the test kit signs the current headers",
        &["surge-c01", "surge-c04", "surge-c06", "surge-c10", "surge-c11"],
    ),
    (
        "the test kit sends only the first of the scheme's signatures",
        &["boldsign-b10", "outpost-s08", "paymongo-b10", "synctera-s11", "synctera-s12"],
    ),
    ("the test kit generates the nonce", &["nmi-s01"]),
    ("the test kit encodes base64url without padding", &["merge-b01"]),
    ("the test kit signs in base64", &["shopline-t06"]),
    ("the test kit signs a timestamp in milliseconds", &["daily-t11"]),
    ("the vector signs a URL without a path, which a request always has", &["plivo-v2-01"]),
    ("the test kit signs in hex", &["worldpay-g03"]),
    (
        "the vector signs the URL with a port that the request lacks, or without one",
        &["twilio-03", "twilio-05"],
    ),
    (
        "the provider documents neither the content nor the encoding",
        &[
            "notifyer-01",
            "notifyer-05",
            "notifyer-06",
            "notifyer-07",
            "notifyer-08",
            "notifyer-16",
            "notifyer-17",
        ],
    ),
];

/// Returns `true` for schemes whose tokens have a generated id or time.
fn is_fresh(scheme: &str) -> bool {
    ["messagebird-jwt", "vonage-jwt", "livekit", "upstash", "netlify", "fusionauth", "monday"]
        .contains(&scheme)
}

/// Returns the valid vectors, except those of requests that the test kit does not support: it ignores the public URL,
/// and it signs Hook0's version 1, which requires a JSON body.
pub(super) fn valid() -> Vec<Vector> {
    let is_valid =
        |vector: &Vector| vector.expect == "valid" && !vector.needs_public_url() && vector.id != "hook0-13";
    vectors().into_iter().filter(is_valid).collect()
}

/// The number of vectors whose providers sign with a private key.
const WITHOUT_SECRET: usize = 58;

#[tokio::test]
async fn every_valid_vector_is_accepted_after_signing_it_again() {
    let valid = valid();
    let (mut without_secret, mut same, mut otherwise) = (0, 0, BTreeSet::new());
    for vector in &valid {
        let sent = Sent::of(vector).await;
        let mut unsigned = request(vector);
        let signatures = take_signatures(provider(vector).id, &mut unsigned);
        let refused = send(layer(vector).unwrap(), unsigned.clone()).await;
        assert!(refused.extensions().get::<Rejection>().is_some(), "{} still has a signature", vector.id);

        let Some(mut signed) = sent.sign(unsigned) else {
            without_secret += 1;
            continue;
        };
        sent.assert_accepted(signed.clone()).await;
        let made = take_signatures(provider(vector).id, &mut signed);
        match is_one_of(&made, &signatures) {
            true => same += 1,
            false if is_fresh(&vector.provider) => {}
            false => drop(otherwise.insert(&*vector.id)),
        }
    }
    assert_eq!(without_secret, WITHOUT_SECRET);
    let expected = OTHERWISE.iter().flat_map(|(_, ids)| ids.iter().copied());
    assert_eq!(otherwise, expected.collect());

    assert!(same >= 256, "only {same} of {} are signed as their vectors are", valid.len());
}

/// The test kit gets only a content type and a header to sign, and must generate the other headers of the scheme.
#[tokio::test]
async fn missing_signed_values_are_generated() {
    let mut signed = 0;
    for vector in &valid() {
        let sent = Sent::of(vector).await;
        if let Some(request) = sent.sign(bare(vector)) {
            sent.assert_accepted(request).await;
            signed += 1;
        }
    }

    assert!(signed >= 281, "only {signed} are signed");
}

/// Returns the vector's request without signatures and headers, apart from a content type and a header to sign, for
/// providers whose senders choose the signed headers.
pub(super) fn bare(vector: &Vector) -> Request<Bytes> {
    let mut bare = request(vector);
    take_signatures(provider(vector).id, &mut bare);
    let content_type = bare.headers_mut().remove(header::CONTENT_TYPE);
    bare.headers_mut().clear();
    bare.headers_mut().extend(content_type.map(|value| (header::CONTENT_TYPE, value)));
    bare.headers_mut().insert("x-event-type", HeaderValue::from_static("test"));
    bare
}

#[tokio::test]
async fn a_list_of_signed_headers_is_kept() {
    for id in ["hook0-02", "hook0-03"] {
        let vector = vectors().into_iter().find(|vector| vector.id == id).unwrap();
        let sent = Sent::of(&vector).await;
        let mut signed = sent.sign(request(&vector)).unwrap();
        sent.assert_accepted(signed.clone()).await;
        let header = ["x-hook0-signature".to_owned()];
        let [made, sent] =
            [&mut signed, &mut request(&vector)].map(|request| take_header(request, &header[0]));
        assert!(is_one_of(&made, &sent), "{made:?}");
    }
}

/// Returns `true` if each part of `made` is in `sent`, which may also contain signatures of other secrets or versions.
/// Ignores the case of hex.
fn is_one_of(made: &[String], sent: &[String]) -> bool {
    fn parts(texts: &[String]) -> impl Iterator<Item = String> {
        let parts = texts.iter().flat_map(|text| text.split([',', ';', '&', ' ']));
        parts.filter(|part| !part.is_empty()).map(|part| {
            let (key, value) = part.split_once('=').unwrap_or(("", part));
            // A prefix such as GitHub's `sha256=` is optional for some providers.
            let key = key.trim_start_matches("sha1").trim_start_matches("sha256");
            match value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                true => format!("{key}={}", value.to_ascii_lowercase()),
                false => part.to_owned(),
            }
        })
    }
    let sent: BTreeSet<_> = parts(sent).collect();
    !made.is_empty() && parts(made).all(|part| sent.contains(&part))
}

/// The time and the secret with which a vector was signed.
pub(super) struct Sent {
    /// The signed timestamp; without one, the vector's time.
    pub(super) at: SystemTime,
    /// The delivery, unless the request is a handshake.
    pub(super) delivery: Option<Delivery>,
    /// The vector with only the secret that it was signed with.
    by_its_secret: Vector,
}

impl Sent {
    pub(super) async fn of(vector: &Vector) -> Self {
        let mut response = send(layer(vector).unwrap(), request(vector)).await;
        let delivery = response.extensions_mut().remove::<Delivery>();
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(vector.now_unix.into());
        let secret = delivery.as_ref().map_or(0, Delivery::secret_index);
        let mut secrets = vec![vector.secrets()[secret].clone()];
        // These providers have two kinds of secrets, and need both.
        if ["wechat-pay", "wecom"].contains(&&*vector.provider) {
            secrets.extend_from_slice(vector.secrets());
        }
        Self {
            at: delivery.as_ref().and_then(Delivery::timestamp).unwrap_or(now),
            delivery,
            by_its_secret: Vector { secrets: Some(secrets), ..vector.clone() },
        }
    }

    pub(super) fn verifier(&self) -> ProviderVerifier {
        verifier(&self.by_its_secret).unwrap()
    }

    /// Signs the request; `None` for a provider without a shared secret.
    fn sign(&self, unsigned: Request<Bytes>) -> Option<Request<Bytes>> {
        match testing::sign_at(&self.verifier(), unsigned, self.at) {
            Ok(signed) => Some(signed),
            Err(error) => {
                let private = "request cannot be signed: provider signs with a private key, \
                    and the verifier has only the public key";
                assert_eq!(error.to_string(), private, "{}", self.by_its_secret.id);
                None
            }
        }
    }

    async fn assert_accepted(&self, signed: Request<Bytes>) {
        let response = send(layer(&self.by_its_secret).unwrap(), signed.clone()).await;
        let rejection = response.extensions().get::<Rejection>();
        assert!(rejection.is_none(), "{}: {rejection:?} of {signed:?}", self.by_its_secret.id);
    }
}

/// Removes the signatures from a request and returns them.
fn take_signatures(provider: &str, request: &mut Request<Bytes>) -> Vec<String> {
    match provider {
        "alipay" => take_from_form(request, "sign"),
        "adyen-standard" => take_from_body(request, "hmacSignature", 44),
        "aircall" => take_from_body(request, "\"token\"", 24),
        "cloudprinter" => take_from_body(request, "\"apikey\"", 12),
        "meraki" => take_from_body(request, "\"sharedSecret\"", 24),
        "braintree" => take_from_form(request, "bt_signature"),
        "dropbox-sign" => take_from_body(request, "event_hash", 64),
        "mailgun" => take_from_body(request, "\"signature\"", 64),
        "midtrans" => take_from_body(request, "signature_key", 128),
        "ms-graph" => take_client_states(request),
        "prismic" => take_from_body(request, "\"secret\"", 24),
        "apple-app-store" | "apple-app-store-sandbox" => {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            take_token(request, body["signedPayload"].as_str().unwrap(), |payload| payload)
        }
        "wix" => {
            let token = std::str::from_utf8(request.body()).unwrap().to_owned();
            take_token(request, &token, |claims| {
                let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
                claims["data"].as_str().unwrap().to_owned().into()
            })
        }
        "azure-eventgrid" => take_from_query(request, "access_token"),
        "pandadoc" | "wechat-official-account" => take_from_query(request, "signature"),
        "wecom" => take_from_query(request, "msg_signature"),
        id if id.starts_with("vonage-params") => match request.body().is_empty() {
            true => take_from_query(request, "sig"),
            false => take_from_form(request, "sig"),
        },
        id => {
            let mut taken: Vec<_> =
                headers_of(id).iter().flat_map(|name| take_header(request, name)).collect();
            if id == "cloudevents" {
                taken.extend(take_from_query(request, "access_token"));
            }
            taken
        }
    }
}

/// Returns the headers that contain a provider's signatures.
fn headers_of(id: &str) -> Vec<String> {
    let names: &[&str] = match id {
        "twilio" => &["x-twilio-signature"],
        "wechat-pay" => &["wechatpay-signature"],
        "plivo-v2" => &["x-plivo-signature-v2"],
        "plivo-v3" => &["x-plivo-signature-v3"],
        "contentful" => &["x-contentful-signature"],
        "mercadopago" => &["x-signature"],
        "messagebird-legacy" => &["messagebird-signature"],
        "messagebird-jwt" => &["messagebird-signature-jwt"],
        "daily" | "notifyer" | "netlify" => &["x-webhook-signature"],
        "sinch-application" | "tiktok-shop" | "cloudevents" | "livekit" | "monday" | "vonage-jwt" => {
            &["authorization"]
        }
        "hygraph" => &["gcms-signature"],
        "orb" => &["x-orb-signature"],
        "upstash" => &["upstash-signature"],
        "fusionauth" => &["x-fusionauth-signature-jwt"],
        "plaid" => &["plaid-verification"],
        "saleor" => &["saleor-signature"],
        id => {
            let schemes = tower_webhook::provider::find(id).unwrap().schemes();
            assert!(!schemes.is_empty(), "the location of the signature of {id} is unknown");
            let names = |scheme| match &serde_json::to_value(scheme).unwrap()["sig"]["from"] {
                serde_json::Value::String(name) => vec![name.clone()],
                names => serde_json::from_value(names.clone()).unwrap(),
            };
            return schemes.into_iter().flat_map(names).collect();
        }
    };
    names.iter().map(|&name| name.to_owned()).collect()
}

fn take_header(request: &mut Request<Bytes>, name: &str) -> Vec<String> {
    let text = |value: &HeaderValue| String::from_utf8(value.as_bytes().to_vec()).unwrap();
    let taken = request.headers().get_all(name).iter().map(text).collect();
    request.headers_mut().remove(name);
    taken
}

/// Removes the texts of this length that follow `name` in the body, and returns them.
fn take_from_body(request: &mut Request<Bytes>, name: &str, length: usize) -> Vec<String> {
    let is_of_signature = |sign: char| sign.is_ascii_alphanumeric() || "+/=".contains(sign);
    let body = String::from_utf8(request.body().to_vec()).unwrap();
    let mut parts = body.split(name);
    let (mut left, mut taken) = (parts.next().unwrap().to_owned(), Vec::new());
    for part in parts {
        // In a form, the text may follow `%22`.
        let runs = part.split(|sign| !is_of_signature(sign)).map(|run| run.strip_prefix("22").unwrap_or(run));
        let found = runs.into_iter().find(|run| run.len() == length);
        left += name;
        match found {
            Some(signature) => {
                left += &part.replacen(signature, "", 1);
                taken.push(signature.to_owned());
            }
            None => left += part,
        }
    }
    *request.body_mut() = left.into();
    taken
}

/// Replaces a body that is a token by the event in it, and returns the token's signature.
fn take_token(
    request: &mut Request<Bytes>,
    token: &str,
    event: impl FnOnce(Vec<u8>) -> Vec<u8>,
) -> Vec<String> {
    let parts: Vec<_> = token.split('.').collect();
    *request.body_mut() = event(BASE64URL_NOPAD.decode(parts[1].as_bytes()).unwrap()).into();
    vec![parts[2].to_owned()]
}

pub(super) fn take_from_query(request: &mut Request<Bytes>, name: &str) -> Vec<String> {
    let url = request.uri().to_string();
    let Some((place, query)) = url.split_once('?') else { return Vec::new() };
    let (left, taken) = without_parameter(query, name);
    *request.uri_mut() = format!("{place}?{left}").parse::<Uri>().unwrap();
    taken
}

fn take_from_form(request: &mut Request<Bytes>, name: &str) -> Vec<String> {
    let (left, taken) = without_parameter(std::str::from_utf8(request.body()).unwrap(), name);
    *request.body_mut() = left.into();
    taken
}

/// Returns the remaining parameters, and the removed values, decoded because a value has several encodings.
fn without_parameter(encoded: &str, name: &str) -> (String, Vec<String>) {
    let is_it = |pair: &&str| pair.split_once('=').is_some_and(|(found, _)| found == name);
    let (taken, left): (Vec<_>, Vec<_>) = encoded.split('&').partition(is_it);
    let value = |pair| form_urlencoded::parse(str::as_bytes(pair)).next().unwrap().1.into_owned();
    (left.join("&"), taken.into_iter().map(value).collect())
}

fn take_client_states(request: &mut Request<Bytes>) -> Vec<String> {
    let mut collection: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
    let notifications = collection["value"].as_array_mut().unwrap().iter_mut();
    let taken = notifications.map(|notification| {
        let state = notification.as_object_mut().unwrap().remove("clientState");
        state.unwrap().as_str().unwrap().to_owned()
    });
    let taken = taken.collect();
    *request.body_mut() = collection.to_string().into();
    taken
}
