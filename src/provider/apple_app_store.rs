use std::{
    borrow::Cow,
    time::{Duration, SystemTime},
};

#[cfg(feature = "test-util")]
use bytes::Bytes;
#[cfg(feature = "test-util")]
use data_encoding::BASE64URL_NOPAD;
#[cfg(feature = "test-util")]
use http::request::Parts;
use serde::Deserialize;
#[cfg(feature = "test-util")]
use serde_json::{Value, json};
use x509_cert::der::oid::ObjectIdentifier;

use super::{
    by_hand::{ByHandVerifier, CheckResult, JsonObject, check},
    providers, x5c,
};
use crate::{
    InvalidSecret, Secret, Secrets,
    verify::{
        Location, PinnedChain, Profile, RequestContext, Tolerance, Verified, Verifier, VerifyError,
        fingerprint,
    },
};
#[cfg(feature = "test-util")]
use crate::{
    testing::{APPLE_CERTIFICATES, APPLE_ROOT},
    verify::signing::{CannotSign, Signer, read_json},
};

providers! {
    /// Creates a verifier for Apple App Store.
    ///
    /// The verifier accepts App Store Server Notifications V2 from the production environment. Apple does not
    /// sign version 1.
    ///
    /// * Signature: JSON Web Signature (ES256) in the field `signedPayload` of the body, by the certificate in
    ///   its header `x5c`.
    /// * Secret: the app's bundle id, as text. It is not confidential. Apple signs the notifications of all apps
    ///   with the same key, so the layer rejects the notifications of other apps. If the secret has a [key
    ///   id](crate::Secret::with_key_id), the key id must be the app's Apple ID, such as `6450284872`, and the
    ///   notification's `appAppleId` must equal it.
    /// * Signed content: the decoded payload of `signedPayload`. The handler gets **this JSON** as the body and
    ///   as [`Delivery::payload`](crate::Delivery::payload). [`Delivery::raw`](crate::Delivery::raw) is the body
    ///   as received.
    /// * Delivery id: `body:/notificationUUID`, signed.
    /// * Event type: `body:/notificationType`, signed. `/subtype` distinguishes some events of the same type.
    /// * Timestamp: the payload's `signedDate`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future.
    /// * Retries: yes, for up to 157 hours. Apple retries five times
    ///   ([source](https://developer.apple.com/documentation/appstoreservernotifications/responding-to-app-store-server-notifications)).
    /// * Not covered: the other fields of the body, of which Apple sends none.
    /// * Key: the first certificate in `x5c`. The layer verifies a chain of exactly three certificates that ends
    ///   with *Apple Root CA - G3*, as [Apple's
    ///   libraries](https://github.com/apple/app-store-server-library-java) do: the signatures, the names, the
    ///   dates (at the time of the layer's [`clock`](crate::WebhookLayer::clock)), the basic constraints, the
    ///   key usage, and the extensions that mark certificates for the App Store's receipts.
    /// * Revocation is **not checked**: the layer sends no OCSP requests, so it accepts a revoked certificate
    ///   until the certificate expires. Apple's libraries send OCSP requests if online checks are enabled.
    /// * `signedTransactionInfo` and `signedRenewalInfo` in the payload are JSON Web Signatures too. The
    ///   signature of the notification covers them, so a handler can decode them without verifying them.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Apple signs with one key for all apps.
    apple_app_store: "apple-app-store", "Apple App Store",
        "https://developer.apple.com/documentation/appstoreservernotifications/app-store-server-notifications-v2",
        @by_hand |secrets, profile| AppStore::verifier(Environment::Production, secrets, profile),
        profile: with_locations,
        shared_secret: true,
        retries: Some(true),
        retry_period: Some(Duration::from_secs((1 + 12 + 24 + 48 + 72) * 3600));

    /// Creates a verifier for Apple App Store (sandbox).
    ///
    /// The verifier accepts App Store Server Notifications V2 from the sandbox environment, and does not accept
    /// those of real purchases. Use another URL than for the production environment.
    ///
    /// * Signature: JSON Web Signature (ES256) in the field `signedPayload` of the body, by the certificate in
    ///   its header `x5c`.
    /// * Secret: the app's bundle id, as text. It is not confidential. Notifications from the sandbox have no
    ///   `appAppleId`, so a key id has no effect.
    /// * Signed content: the decoded payload of `signedPayload`; see
    ///   [`apple_app_store`](super::apple_app_store()).
    /// * Delivery id: `body:/notificationUUID`, signed.
    /// * Event type: `body:/notificationType`, signed.
    /// * Timestamp: the payload's `signedDate`; any age unless the layer has a
    ///   [`tolerance`](crate::WebhookLayer::tolerance), and up to 300 s in the future.
    /// * Retries: **never**.
    /// * Key: the first certificate in `x5c`; see [`apple_app_store`](super::apple_app_store()). Revocation is
    ///   not checked.
    /// * [Shared secret](crate::verify::Profile::shared_secret): Apple signs with one key for all apps.
    apple_app_store_sandbox: "apple-app-store-sandbox", "Apple App Store (sandbox)",
        "https://developer.apple.com/documentation/appstoreservernotifications/responding-to-app-store-server-notifications",
        @by_hand |secrets, profile| AppStore::verifier(Environment::Sandbox, secrets, profile),
        profile: with_locations,
        shared_secret: true,
        retries: Some(false);
}

fn with_locations(profile: Profile) -> Profile {
    profile
        .with_id(Location::json("/notificationUUID"))
        .with_event_type(Location::json("/notificationType"))
        .with_tolerance(Tolerance::any_age())
}

/// The rules for Apple's certificates, as in Apple's libraries.
const CHAIN: PinnedChain = PinnedChain {
    // Apple Root CA - G3.
    root: [
        0x63, 0x34, 0x3a, 0xbf, 0xb8, 0x9a, 0x6a, 0x03, 0xeb, 0xb5, 0x7e, 0x9b, 0x3f, 0x5f, 0xa7, 0xbe, 0x7c,
        0x4f, 0x5c, 0x75, 0x6f, 0x30, 0x17, 0xb3, 0xa8, 0xc4, 0x88, 0xc3, 0x65, 0x3e, 0x91, 0x79,
    ],
    leaf_marker: ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.11.1"),
    intermediate_marker: ObjectIdentifier::new_unwrap("1.2.840.113635.100.6.2.1"),
};

/// An environment of the App Store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Environment {
    Production,
    Sandbox,
}

impl Environment {
    const fn name(self) -> &'static str {
        match self {
            Self::Production => "Production",
            Self::Sandbox => "Sandbox",
        }
    }
}

struct AppStore {
    environment: Environment,
    bundle_ids: Secrets,
    chain: PinnedChain,
    profile: Profile,
}

impl AppStore {
    #[allow(clippy::unnecessary_wraps, reason = "the same type as other constructors")]
    fn verifier(
        environment: Environment,
        bundle_ids: Secrets,
        profile: Profile,
    ) -> Result<Box<dyn ByHandVerifier>, InvalidSecret> {
        #[cfg(not(feature = "test-util"))]
        let chain = CHAIN;
        #[cfg(feature = "test-util")]
        let chain = match bundle_ids.iter().any(|bundle_id| bundle_id.sign_with().is_some()) {
            true => PinnedChain { root: APPLE_ROOT, ..CHAIN },
            false => CHAIN,
        };
        Ok(Box::new(Self { environment, bundle_ids, chain, profile }))
    }

    fn verify(&self, body: &[u8], now: SystemTime) -> Result<Verified, VerifyError> {
        // The parser's error may quote the body.
        let Ok(JsonObject(SignedNotification { signed_payload: Some(signed) })) =
            serde_json::from_slice(body)
        else {
            return Err(VerifyError::missing("`signedPayload` is missing in the body"));
        };
        let payload = x5c::payload(&signed, &self.chain, now)?;
        let JsonObject(notification): JsonObject<Notification> = serde_json::from_slice(&payload)
            .map_err(|_| VerifyError::malformed("signed payload is not a notification"))?;
        let verified = self.check(&notification)?.with_payload(payload);
        let signed_at = notification.signed_date.map(Duration::from_millis);
        Ok(match signed_at.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since)) {
            Some(signed_at) => verified.with_timestamp(signed_at),
            None => verified,
        })
    }

    /// Checks that the notification is about one of the apps, and from the right environment.
    fn check(&self, notification: &Notification) -> Result<Verified, VerifyError> {
        let (app, environment) = notification.app();
        let is_of_app = |(_, bundle_id): &(usize, &Secret)| {
            app.bundle_id.as_deref().is_some_and(|sent| sent.as_bytes() == bundle_id.expose())
        };
        let mut apps = self.bundle_ids.iter().enumerate().filter(is_of_app).peekable();
        if apps.peek().is_none() {
            return Err(VerifyError::wrong("notification's `bundleId` is not among the secrets"));
        }
        if environment != Some(self.environment.name()) {
            return Err(VerifyError::wrong(
                "notification is from another environment (production or sandbox)",
            ));
        }
        // Notifications from the sandbox have no Apple ID.
        let apple_id = app.app_apple_id.map(|id| id.to_string());
        let has_apple_id = |(_, bundle_id): &(usize, &Secret)| {
            let is_required = self.environment == Environment::Production;
            bundle_id.key_id().filter(|_| is_required).is_none_or(|id| apple_id.as_deref() == Some(id))
        };
        let app = apps.find(has_apple_id).map(|(index, bundle_id)| {
            Verified::new().with_secret_index(index).with_fingerprint(fingerprint(bundle_id.expose()))
        });
        app.ok_or(VerifyError::wrong("notification's `appAppleId` is not the secret's key id"))
    }
}

impl Verifier for AppStore {
    fn begin<'a>(&'a self, request: &RequestContext<'a>) -> CheckResult<'a> {
        let now = request.now();
        // The signature and everything that it covers are in the body.
        check((), None, move |(), body| self.verify(body, now))
    }

    fn profile(&self) -> &Profile {
        &self.profile
    }
}

#[cfg(feature = "test-util")]
impl Signer for AppStore {
    fn facts(&self) -> &Profile {
        &self.profile
    }

    fn sign(&self, _: &mut Parts, body: &mut Bytes, at: SystemTime) -> Result<(), CannotSign> {
        let bundle_id = self.bundle_ids.as_slice().first().ok_or_else(CannotSign::public_key)?;
        let sign = bundle_id.sign_with().ok_or_else(CannotSign::public_key)?;
        let mut notification = read_json(body)?;
        let no_object = || CannotSign::new("body is not a JSON object");
        let fields = notification.as_object_mut().ok_or_else(no_object)?;
        let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let signed_at = u64::try_from(since.as_millis()).unwrap_or_default();
        fields.entry("signedDate").or_insert(signed_at.into());
        let has_app =
            ["summary", "externalPurchaseToken", "appData"].iter().any(|name| fields.contains_key(*name));
        if !has_app {
            let data = fields.entry("data").or_insert(json!({})).as_object_mut().ok_or_else(no_object)?;
            data.entry("bundleId").or_insert(bundle_id.expose_str().into());
            data.entry("environment").or_insert(self.environment.name().into());
            if let Some(apple_id) = bundle_id.key_id().and_then(|id| id.parse::<u64>().ok()) {
                data.entry("appAppleId").or_insert(apple_id.into());
            }
        }
        let header = json!({"alg": "ES256", "x5c": APPLE_CERTIFICATES});
        let part = |json: &Value| BASE64URL_NOPAD.encode(json.to_string().as_bytes());
        let signed = format!("{}.{}", part(&header), part(&notification));
        let signature = sign(signed.as_bytes()).ok_or(CannotSign::new("private key does not sign"))?;
        let signed_payload = format!("{signed}.{}", BASE64URL_NOPAD.encode(&signature));
        *body = json!({"signedPayload": signed_payload}).to_string().into();
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SignedNotification<'a> {
    #[serde(borrow)]
    signed_payload: Option<Cow<'a, str>>,
}

/// The fields of a notification that the verifier reads.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    data: Option<JsonObject<App>>,
    summary: Option<JsonObject<App>>,
    external_purchase_token: Option<JsonObject<App>>,
    app_data: Option<JsonObject<App>>,
    /// In milliseconds.
    signed_date: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct App {
    bundle_id: Option<String>,
    app_apple_id: Option<u64>,
    environment: Option<String>,
    external_purchase_id: Option<String>,
}

impl Notification {
    /// Returns the app and its environment, from the same fields as Apple's libraries.
    fn app(&self) -> (&App, Option<&str>) {
        const NO_APP: &App =
            &App { bundle_id: None, app_apple_id: None, environment: None, external_purchase_id: None };
        let first = self.data.as_ref().or(self.summary.as_ref());
        match (first, &self.external_purchase_token, &self.app_data) {
            (None, Some(JsonObject(app)), _) => {
                let id = app.external_purchase_id.as_deref().unwrap_or_default();
                let is_sandbox = id.starts_with(SANDBOX_PURCHASE);
                let environment = if is_sandbox { Environment::Sandbox } else { Environment::Production };
                (app, Some(environment.name()))
            }
            (Some(JsonObject(app)), ..) | (None, None, Some(JsonObject(app))) => {
                (app, app.environment.as_deref())
            }
            (None, None, None) => (NO_APP, None),
        }
    }
}

/// The beginning of the ids of external purchases in the sandbox, which have no `environment`.
const SANDBOX_PURCHASE: &str = "SANDBOX";
