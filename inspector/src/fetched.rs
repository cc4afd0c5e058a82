//! Providers whose public keys or certificates are fetched over HTTPS, or taken from the command line.

use std::error::Error;

use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};
use tower_webhook::{
    BoxError, Secret, Secrets,
    provider::{self, ProviderVerifier},
    verify::{Algorithm, Encoding, Fetch, Scheme},
};

#[derive(Clone)]
pub(crate) struct Fetched {
    pub(crate) id: &'static str,
    /// The topics of `aws-sns`.
    pub(crate) topics: Vec<String>,
    pub(crate) token: TokenOptions,
    /// `true` if the command line has a secret: a key, PayPal's webhook id, or Adobe's client id.
    pub(crate) has_secret: bool,
}

/// The options of providers with bearer tokens.
#[derive(Clone, Default)]
pub(crate) struct TokenOptions {
    pub(crate) audience: Option<String>,
    /// The service account or the application that sends the token.
    pub(crate) sender: Option<String>,
    pub(crate) tenant: Option<String>,
}

impl TokenOptions {
    pub(crate) fn is_empty(&self) -> bool {
        self.audience.is_none() && self.sender.is_none() && self.tenant.is_none()
    }
}

pub(crate) const IDS: &[&str] = &[
    "adobe-io",
    "aws-sns",
    "circle",
    "ebay",
    "fireblocks-jwks",
    "github-secret-scanning",
    "paypal",
    "azure-eventgrid-entra",
    "bot-framework",
    "google-chat",
    "google-cloud-tasks",
    "google-pubsub",
];

/// The ids of the first providers of [`IDS`], which have no bearer tokens.
const WITHOUT_TOKEN: usize = 7;

impl Fetched {
    pub(crate) fn new(id: &'static str) -> Self {
        Self { id, topics: Vec::new(), token: TokenOptions::default(), has_secret: false }
    }

    /// Returns an error if an option is missing, or has no effect.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        if !IDS.iter().take(WITHOUT_TOKEN).any(|id| *id == self.id) {
            return self.check_token();
        }
        if !self.token.is_empty() {
            return Err(NO_TOKEN);
        }
        match (self.id, self.topics.is_empty(), self.has_secret) {
            ("aws-sns", true, _) => Err("--topic: `aws-sns` requires the ARN of a topic"),
            ("aws-sns", false, true) => Err("--secret: `aws-sns` fetches its certificates and has no secret"),
            ("paypal", true, false) => Err("--secret: `paypal` requires the id of the webhook"),
            // The keys of Circle and eBay cannot be fetched here, because that needs an access token.
            ("circle" | "ebay", true, false) => Err("--secret: `circle` and `ebay` require a public key"),
            ("adobe-io", true, false) => Err("--secret: `adobe-io` requires a client id"),
            ("fireblocks-jwks" | "github-secret-scanning", true, true) => Err(
                "--secret: `fireblocks-jwks` and `github-secret-scanning` fetch their keys and have no secret",
            ),
            ("aws-sns", false, false) => Ok(()),
            (_, false, _) => Err("--topic: only `aws-sns` has topics"),
            _ => Ok(()),
        }
    }

    /// Returns an error if an option of a provider with bearer tokens is missing, or has no effect.
    fn check_token(&self) -> Result<(), &'static str> {
        let TokenOptions { audience, sender, tenant } = &self.token;
        let is_tenant_known = tenant.is_some() == (self.id == "azure-eventgrid-entra");
        match self.id {
            _ if !self.topics.is_empty() => Err("--topic: only `aws-sns` has topics"),
            _ if self.has_secret => Err("--secret: the provider's keys are fetched"),
            _ if audience.is_none() => Err("--audience: the provider requires it"),
            _ if !is_tenant_known => Err("--tenant: only `azure-eventgrid-entra` requires it"),
            "bot-framework" if sender.is_some() => Err("--sender: `bot-framework` has none"),
            "google-pubsub" | "google-cloud-tasks" if sender.is_none() => {
                Err("--sender: the provider requires a service account")
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn verifier(&self, secrets: Secrets) -> Result<ProviderVerifier, Box<dyn Error>> {
        let given = |page| -> Result<Given, Box<dyn Error>> {
            // Report an invalid key at the start, as for other providers.
            Scheme::new(Algorithm::EcdsaP256Sha256, "x-signature", Encoding::Base64)
                .key_encoding(Encoding::Base64)
                .verifier(self.id, secrets.clone())?;
            Ok(Given { secrets: secrets.clone(), page })
        };
        Ok(match self.id {
            "adobe-io" => provider::adobe_io(secrets, Https::new()).into(),
            "circle" => provider::circle(given(circle_page)?).into(),
            "ebay" => provider::ebay(given(ebay_page)?).into(),
            "fireblocks-jwks" => provider::fireblocks_jwks(Https::new()).into(),
            "github-secret-scanning" => provider::github_secret_scanning(Https::new()).into(),
            "paypal" => provider::paypal(secrets, Https::new()).into(),
            id if !IDS.iter().take(WITHOUT_TOKEN).any(|other| *other == id) => self.token.verifier(id),
            _ => {
                let topics = self.topics.iter().map(String::as_str);
                provider::aws_sns(topics, "inspector", Https::new()).confirm_subscriptions().into()
            }
        })
    }
}

/// The error if an option of providers with bearer tokens has no effect.
pub(crate) const NO_TOKEN: &str =
    "--audience, --sender, --tenant: only providers with bearer tokens have these";

impl TokenOptions {
    fn verifier(&self, id: &str) -> ProviderVerifier {
        let audience = self.audience.as_deref().unwrap_or_default();
        let tenant = self.tenant.as_deref().unwrap_or_default();
        let (sender, https) = (self.sender.as_deref(), Https::new());
        match (id, sender) {
            ("google-pubsub", sender) => {
                provider::google_pubsub(audience, sender.unwrap_or_default(), https).into()
            }
            ("google-cloud-tasks", sender) => {
                provider::google_cloud_tasks(audience, sender.unwrap_or_default(), https).into()
            }
            ("google-chat", None) => provider::google_chat(audience, https).into(),
            ("google-chat", Some(add_on)) => provider::google_chat(audience, https).add_on(add_on).into(),
            ("bot-framework", _) => provider::bot_framework(audience, https).into(),
            (_, None) => provider::azure_eventgrid_entra(tenant, audience, https).into(),
            (_, Some(sender)) => {
                provider::azure_eventgrid_entra(tenant, audience, https).sender(sender).into()
            }
        }
    }
}

/// Returns Circle's response for a key in base64.
fn circle_page(key: &str) -> Value {
    json!({ "data": { "algorithm": "ECDSA_SHA_256", "publicKey": key } })
}

/// Returns eBay's response for a key in base64.
fn ebay_page(key: &str) -> Value {
    let key = format!("-----BEGIN PUBLIC KEY-----{key}-----END PUBLIC KEY-----");
    json!({ "key": key, "algorithm": "ECDSA", "digest": "SHA1" })
}

/// hyper's client with TLS, which does not follow redirects.
struct Https(Client<HttpsConnector<HttpConnector>, Empty<Bytes>>);

impl Https {
    fn new() -> Self {
        let tls = HttpsConnectorBuilder::new().with_webpki_roots().https_only().enable_http1().build();
        Self(Client::builder(TokioExecutor::new()).build(tls))
    }
}

impl Fetch for Https {
    async fn fetch(&self, url: &str, most: usize) -> Result<Bytes, BoxError> {
        // GitHub requires a user agent.
        let request = Request::get(url).header("user-agent", "tower-webhook").body(Empty::new())?;
        let response = self.0.request(request).await?;
        if response.status() != StatusCode::OK {
            // The query may contain a token.
            let url = url.split('?').next().unwrap_or_default();
            return Err(format!("{url} returned {}", response.status()).into());
        }
        Ok(Limited::new(response.into_body(), most).collect().await?.to_bytes())
    }
}

/// A source of the keys from the command line. A key without `--key-id` matches every id.
struct Given {
    secrets: Secrets,
    page: fn(&str) -> Value,
}

impl Fetch for Given {
    async fn fetch(&self, url: &str, _: usize) -> Result<Bytes, BoxError> {
        let named = |name: &str| url.rsplit('/').next() == Some(name);
        let secret = self.secrets.iter().find(|secret| secret.key_id().is_none_or(named));
        let secret = secret.and_then(Secret::expose_str).ok_or("no --secret has this --key-id")?;
        // Take the base64 out of a PEM.
        let key: String = match secret.strip_prefix("-----BEGIN PUBLIC KEY-----") {
            Some(rest) => rest.split("-----").next().unwrap_or_default().split_whitespace().collect(),
            None => secret.to_owned(),
        };
        Ok((self.page)(&key).to_string().into())
    }
}
