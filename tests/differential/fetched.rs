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
    // Each provider has the time of its vectors. Most sign no time, so their time here is arbitrary.
    let providers: &[(&'static str, u32, Make)] = &[
        ("adobe-io", 1_700_000_000, adobe_io),
        ("aws-sns", 1_335_920_046, aws_sns),
        ("paypal", 1_431_963_913, paypal),
        ("ebay", 1_700_000_000, ebay),
        ("circle", 1_700_000_000, circle),
        ("fireblocks-jwks", 1_700_000_000, |vector| provider::fireblocks_jwks(pages(vector)).into()),
        ("github-secret-scanning", 1_700_000_000, |vector| {
            provider::github_secret_scanning(pages(vector)).into()
        }),
        ("google-pubsub", 1_550_182_400, bearer::verifier),
        ("google-cloud-tasks", 1_550_182_400, bearer::verifier),
        ("google-chat", 1_550_182_400, bearer::verifier),
        ("bot-framework", 1_550_182_400, bearer::verifier),
        ("azure-eventgrid-entra", 1_550_182_400, bearer::verifier),
    ];
    let seeds = providers.iter().map(|&(provider, now, make)| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/key_sources");
        let file = format!("{folder}/{}.json", provider.replace('-', "_"));
        let vectors: Vec<Value> = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        // A few vectors of bearer tokens have a time of their own.
        let valid = vectors.iter().filter(|vector| {
            let own = &vector["now_unix"];
            vector["expect"] == "valid" && (own.is_null() || *own == now)
        });
        valid.map(|vector| seed(provider, now, vector, make(vector))).collect()
    });
    seeds.collect()
}

fn seed(provider: &'static str, now: u32, vector: &Value, verifier: ProviderVerifier) -> Seed {
    let mut request = Request::post("https://receiver.example/webhook");
    for (name, value) in vector["headers"].as_object().into_iter().flatten() {
        request = request.header(name, text(value));
    }
    let request = request.body(text(&vector["body_utf8"]).to_owned().into()).unwrap();
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

/// Returns a web with the pages of the vector.
fn pages(vector: &Value) -> Web {
    let pages = vector["pages"].as_object().unwrap().iter();
    Web(pages.map(|(url, page)| (url.clone(), text(page).to_owned().into())).collect())
}

fn adobe_io(vector: &Value) -> ProviderVerifier {
    let client_id: Secret = text(&vector["secret"]).parse().unwrap();
    provider::adobe_io(client_id, pages(vector)).into()
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

/// Providers whose bearer tokens are signed with the keys of a published key set.
mod bearer {
    use serde_json::{Value, json};
    use tower_webhook::provider::{self, ProviderVerifier};

    use super::{Web, text};

    pub(super) fn verifier(vector: &Value) -> ProviderVerifier {
        let arguments: Vec<_> = vector["arguments"].as_array().unwrap().iter().map(text).collect();
        let web = web(vector);
        match (text(&vector["provider"]), &*arguments) {
            ("google-pubsub", [audience, account]) => {
                provider::google_pubsub(*audience, *account, web).into()
            }
            ("google-cloud-tasks", [audience, account]) => {
                provider::google_cloud_tasks(*audience, *account, web).into()
            }
            ("google-chat", [audience]) => provider::google_chat(*audience, web).into(),
            ("google-chat", [audience, account]) => {
                provider::google_chat(*audience, web).add_on(*account).into()
            }
            ("bot-framework", [app_id]) => provider::bot_framework(*app_id, web).into(),
            ("azure-eventgrid-entra", [tenant, audience]) => {
                provider::azure_eventgrid_entra(tenant, *audience, web).into()
            }
            ("azure-eventgrid-entra", [tenant, audience, sender]) => {
                provider::azure_eventgrid_entra(tenant, *audience, web).sender(sender).into()
            }
            other => panic!("{other:?}"),
        }
    }

    /// Returns the key sets of a vector, which omits the numbers of the keys.
    fn web(vector: &Value) -> Web {
        let known: Value = serde_json::from_str(include_str!("../key_sources/key_set.json")).unwrap();
        let full = |key: &Value| {
            let mut key = key.clone();
            let mut all = ["a", "b", "c"].into_iter().map(|name| &known[name]);
            let full = all.find(|full| full["kid"] == key["kid"]).unwrap();
            (key["n"], key["e"]) = (full["n"].clone(), full["e"].clone());
            key
        };
        let page = |set: &Value| json!({ "keys": set["keys"].as_array().unwrap().iter().map(full).collect::<Value>() });
        let sets = vector["jwks"].as_object().unwrap().iter();
        Web(sets.map(|(url, set)| (url.clone(), page(set).to_string().into())).collect())
    }
}
