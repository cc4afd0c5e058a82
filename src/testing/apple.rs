use std::sync::Arc;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use data_encoding::BASE64;

use super::CannotSign;
use crate::Secret;

/// Returns an app's bundle id as the secret of a verifier for the App Store.
///
/// The verifier accepts only notifications that [`sign`](super::sign) signed, and none that Apple signed. The
/// body to sign is the decoded notification. Its `signedDate` and its `data` with the fields `bundleId`,
/// `environment` and, if the secret has a key id, `appAppleId` are added if they are missing.
///
/// ```
/// use http::Request;
/// use tower_webhook::{provider, testing};
///
/// let app_store = provider::apple_app_store(testing::apple_bundle_id("com.example.app")?);
/// let notification = r#"{"notificationType":"DID_RENEW","notificationUUID":"002e14d5"}"#;
/// let request = testing::sign(&app_store, Request::post("/webhook").body(notification)?)?;
/// assert!(request.body().starts_with(br#"{"signedPayload":"#));
/// # Ok::<(), tower_webhook::BoxError>(())
/// ```
///
/// # Errors
///
/// Returns an error if `bundle_id` is empty.
pub fn apple_bundle_id(bundle_id: &str) -> Result<Secret, CannotSign> {
    let secret: Secret = bundle_id.parse().map_err(|_| CannotSign::new("bundle id is not valid"))?;
    let key = BASE64.decode(PRIVATE_KEY.as_bytes()).ok();
    let key = key.and_then(|key| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &key).ok());
    let key = key.ok_or(CannotSign::new("key pair could not be generated"))?;
    let sign = move |message: &[u8]| key.sign(&SystemRandom::new(), message).ok();
    Ok(secret.with_private_key(Arc::new(move |message| Some(sign(message)?.as_ref().to_vec()))))
}

/// The SHA-256 of the last of [`CERTIFICATES`].
pub(crate) const ROOT: [u8; 32] = [
    0xa4, 0x53, 0x69, 0x1d, 0xdc, 0x7a, 0x5e, 0x11, 0xac, 0x32, 0x6c, 0xfa, 0xb5, 0x21, 0x7d, 0x72, 0x3f,
    0xf4, 0x51, 0x23, 0x6e, 0x68, 0xa2, 0xe0, 0xa8, 0x0c, 0xf3, 0x3f, 0x15, 0x51, 0x75, 0x3f,
];

/// A leaf, an intermediate and a root certificate, made for the test kit. They never expire.
pub(crate) const CERTIFICATES: [&str; 3] = [
    concat!(
        "MIIBwTCCAUigAwIBAgIUGxsG7uwjCZ+yL+3cJsmxUGav77MwCgYIKoZIzj0EAwMwOjEaMBgGA1UEAwwRVGVzdCBJbnRlcm1l",
        "ZGlhdGUxHDAaBgNVBAoME3Rvd2VyLXdlYmhvb2sgdGVzdHMwIBcNNzAwMTAxMDAwMDAwWhgPOTk5OTEyMzEyMzU5NTlaMDIx",
        "EjAQBgNVBAMMCVRlc3QgTGVhZjEcMBoGA1UECgwTdG93ZXItd2ViaG9vayB0ZXN0czBZMBMGByqGSM49AgEGCCqGSM49AwEH",
        "A0IABI9WFpra8MKALmKGoY14CNY+LnB2P8Qc7dG6LUJsblzE8284Q8n3WlUYnuvnmmYpGj/P0v5ssE/22QW0I7ZnTg+jMjAw",
        "MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeAMBAGCiqGSIb3Y2QGCwEEAgUAMAoGCCqGSM49BAMDA2cAMGQCMB+QZ/bP",
        "FH9UPKS9nNHX61YdKq6zI2HOFeELabi8s5pulBawWnsWlKKbrKQvWMr3vwIwJYHy8yKao4p3uPsl4OJbMtdKOxL3a7BprcOt",
        "t2K4D2inkFsh4nzhGUR3SwO6XMNp",
    ),
    concat!(
        "MIIB5jCCAWugAwIBAgIUGTC1dtm76p5CT/oVPxhVZheiKs0wCgYIKoZIzj0EAwMwMjESMBAGA1UEAwwJVGVzdCBSb290MRww",
        "GgYDVQQKDBN0b3dlci13ZWJob29rIHRlc3RzMCAXDTcwMDEwMTAwMDAwMFoYDzk5OTkxMjMxMjM1OTU5WjA6MRowGAYDVQQD",
        "DBFUZXN0IEludGVybWVkaWF0ZTEcMBoGA1UECgwTdG93ZXItd2ViaG9vayB0ZXN0czB2MBAGByqGSM49AgEGBSuBBAAiA2IA",
        "BFRnazatVij9iVPG9MMLZgaidLrZFkPgnZqNTCLBhFdsMBeia6i4fO0ZsvJGdTlVoeDXcgrrHP/0PjquDZTWN7YXr5eWS2U0",
        "kvthBSEmv2wUra9XuZSrfb3QC6ANGHQOF6M4MDYwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAQYwEAYKKoZI",
        "hvdjZAYCAQQCBQAwCgYIKoZIzj0EAwMDaQAwZgIxAOdIuNUirnY12oyUBuCTiNYtBl9hnmV2BhWIlQIVLhEi1UQrmauLwjnI",
        "oMFiMj0dqAIxAKbMqaAA8opvNLY3xvmqeQYxpsKuWImyTwxtkJMT+IKNqqXOxA2QdqXTC4aCUhkCRQ==",
    ),
    concat!(
        "MIIBxzCCAU6gAwIBAgIUZYDgqKN64idccfDg78zNvY4zS0swCgYIKoZIzj0EAwMwMjESMBAGA1UEAwwJVGVzdCBSb290MRww",
        "GgYDVQQKDBN0b3dlci13ZWJob29rIHRlc3RzMCAXDTcwMDEwMTAwMDAwMFoYDzk5OTkxMjMxMjM1OTU5WjAyMRIwEAYDVQQD",
        "DAlUZXN0IFJvb3QxHDAaBgNVBAoME3Rvd2VyLXdlYmhvb2sgdGVzdHMwdjAQBgcqhkjOPQIBBgUrgQQAIgNiAASxKROUbLhR",
        "C0mN3/5rXRuyVOh+WALNWaUZ0YzCYrgNJcvZIR6QZnIQbpGMIS9pH8ExphGyKR3Pp3D8JRn4RIppqvQuFdDomCynipDChVAC",
        "pMMxIrZ07Wm2wwFRHYo3oo+jIzAhMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49BAMDA2cAMGQC",
        "MALHxK1IFhHCI0al+GLQfrd1bBZiUvodGhU+xI7K7Q6xLSVvk6zpRKcwiU+rSJ3q1gIwEFQEGNCAoSiHUibqFvTgfoYzsyJp",
        "fh4yN2k9eGmXtN9mo4uD1SXhzoEztlx9/+YV",
    ),
];

/// The private key of the leaf. Only verifiers with a secret from [`apple_bundle_id`] trust it.
const PRIVATE_KEY: &str = concat!(
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgddEEWL4ObIr4cOZPIQy0ULsXFA1WZVBGOMrPu0Wy2kOhRANC",
    "AASPVhaa2vDCgC5ihqGNeAjWPi5wdj/EHO3Rui1CbG5cxPNvOEPJ91pVGJ7r55pmKRo/z9L+bLBP9tkFtCO2Z04P",
);
