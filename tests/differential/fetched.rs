//! The requests of providers whose keys are fetched.

use std::{collections::HashMap, fs};

use bytes::Bytes;
use data_encoding::BASE64;
use http::Request;
use serde_json::{Value, json};
use tower_webhook::{
    BoxError, Secret,
    provider::{self, ProviderVerifier},
    verify::Fetch,
};

use crate::{
    certificate::certificate,
    judge::Setting,
    message::Message,
    seeds::{Seed, at},
};

/// An HTTP client without a network.
struct Web(HashMap<String, Bytes>);

impl Fetch for Web {
    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
        self.0.get(url).cloned().ok_or_else(|| "404".into())
    }
}

/// Returns the known answers in `tests/key_sources/`, by provider.
pub(crate) fn all() -> Vec<Vec<Seed>> {
    type Make = fn(&Value) -> ProviderVerifier;
    // Each provider has the time of its vectors. eBay and Circle sign no time, so their time here is arbitrary.
    let providers: [(&'static str, u32, Make); 4] = [
        ("aws-sns", 1_335_920_046, aws_sns),
        ("paypal", 1_431_963_913, paypal),
        ("ebay", 1_700_000_000, ebay),
        ("circle", 1_700_000_000, circle),
    ];
    let seeds = providers.into_iter().map(|(provider, now, make)| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/key_sources");
        let file = format!("{folder}/{}.json", provider.replace('-', "_"));
        let vectors: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let valid = vectors.iter().filter(|vector| vector["expect"] == "valid");
        valid.map(|vector| seed(provider, now, vector, make(vector))).collect()
    });
    seeds.collect()
}

fn seed(provider: &'static str, now: u32, vector: &Value, verifier: ProviderVerifier) -> Seed {
    let mut request = Request::post("https://receiver.example/webhook");
    for (name, value) in vector["headers"].as_object().into_iter().flatten() {
        request = request.header(name, text(value));
    }
    let request = request.body(Bytes::copy_from_slice(text(&vector["body_utf8"]).as_bytes())).unwrap();
    Seed {
        provider,
        name: format!("the vector {}", text(&vector["id"])),
        message: Message::of(&request),
        now: at(now),
        setting: Setting { verifier, tolerance: None, public_url: None },
        is_vector: true,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn aws_sns(vector: &Value) -> ProviderVerifier {
    let message: Value = serde_json::from_str(text(&vector["body_utf8"])).unwrap();
    let web = Web([(text(&message["SigningCertURL"]).to_owned(), certificate_of(vector))].into());
    provider::aws_sns([text(&message["TopicArn"])], "tests", web).into()
}

fn paypal(vector: &Value) -> ProviderVerifier {
    let url = text(&vector["headers"]["PAYPAL-CERT-URL"]).to_owned();
    let webhook_id: Secret = text(&vector["secret"]).parse().unwrap();
    provider::paypal(webhook_id, Web([(url, certificate_of(vector))].into())).sandbox().into()
}

fn ebay(vector: &Value) -> ProviderVerifier {
    let url = "https://api.ebay.com/commerce/notification/v1/public_key/";
    let page = json!({"key": vector["secret"], "algorithm": "ECDSA", "digest": "SHA1"});
    provider::ebay(by_key_id(vector, url, &page)).into()
}

fn circle(vector: &Value) -> ProviderVerifier {
    let url = "https://api.circle.com/v2/notifications/publicKey/";
    let page = json!({"data": {"algorithm": "ECDSA_SHA_256", "publicKey": vector["secret"]}});
    provider::circle(by_key_id(vector, url, &page)).into()
}

fn by_key_id(vector: &Value, folder: &str, page: &Value) -> Web {
    Web([(format!("{folder}{}", text(&vector["key_id"])), page.to_string().into())].into())
}

fn certificate_of(vector: &Value) -> Bytes {
    certificate(&BASE64.decode(text(&vector["public_key_der_b64"]).as_bytes()).unwrap())
}
