use std::{fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};

use super::{
    SecretFormat,
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates,
    Encoding::{self, Base64, Hex},
    Keyring, Location, MacKind, Macs, RequestContext, Scheme, Verified, VerifyError,
};

providers! {
    /// Creates a verifier for Adyen (standard webhooks).
    ///
    /// * Signature: HMAC-SHA256 of eight fields of the notification's item, as base64 in the item's
    ///   `additionalData.hmacSignature`.
    /// * Secret: the HMAC key, hex.
    /// * Signed content: eight fields of the item, joined with colons: `pspReference`, `originalReference`,
    ///   `merchantAccountCode`, `merchantReference`, `amount.value`, `amount.currency`, `eventCode` and
    ///   `success`. Only `merchantReference` may contain a `:`, because a `:` in any other field would make the
    ///   signed content ambiguous. **The rest of the body is not covered**: do not rely on other fields, and
    ///   enable Adyen's basic authentication.
    /// * Delivery id: `eventCode`, `pspReference`, `success` and `merchantAccountCode` of the item, joined with
    ///   `:`, signed. A `REPORT_AVAILABLE` item has no delivery id, because its `pspReference` is a file name,
    ///   which Adyen reuses.
    /// * Event type: `body:/notificationItems/0/NotificationRequestItem/eventCode`, signed.
    /// * Retries: yes, for up to 30 days.
    /// * Deduplication window: 31 days.
    /// * Acknowledge within: 10 s.
    /// * Adyen sends one item in each notification
    ///   ([source](https://docs.adyen.com/development-resources/webhooks/webhook-types)). The layer rejects a
    ///   notification with several items, because no signature covers the list of items: an attacker could
    ///   combine captured items in one list.
    adyen_standard -> Result: "adyen-standard", "Adyen (standard webhooks)",
        "https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures",
        @by_hand |secrets, profile| {
            let keys = Keyring::decoded(MacKind::HmacSha256, &secrets, |text| Encoding::Hex.decode_key(text))?;
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        secret: Some(SecretFormat::Hex),
        profile: |profile| profile
            .with_body_signed(false)
            .with_event_type(Location::json("/notificationItems/0/NotificationRequestItem/eventCode")),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 24 * 3600)),
        dedupe_window: Some(Duration::from_secs(31 * 24 * 3600));

    /// Creates a verifier for Adyen (platform / management / banking).
    ///
    /// * Signature: HMAC-SHA256 of the body, as base64 in `hmacsignature`.
    /// * Secret: the HMAC key, hex (64 characters).
    /// * Delivery id: none. `data.id` identifies the transfer or account, and is the same for all of its events
    ///   ([source](https://docs.adyen.com/api-explorer/transfer-webhooks/latest/post/balancePlatform.transfer.updated)).
    /// * Event type: `body:/type`, signed.
    /// * Retries: yes, for up to 30 days.
    /// * Deduplication window: 31 days.
    /// * Acknowledge within: 10 s.
    adyen_platform -> Result: "adyen-header", "Adyen (platform / management / banking)",
        "https://github.com/Adyen/adyen-node-api-library/blob/HEAD/src/utils/hmacValidator.ts",
        Scheme::hmac_sha256("hmacsignature", Base64)
            .key_encoding(Hex)
            .event_type("body:/type"),
        ack_deadline: Some(Duration::from_secs(10)),
        retries: Some(true),
        retry_period: Some(Duration::from_secs(30 * 24 * 3600)),
        dedupe_window: Some(Duration::from_secs(31 * 24 * 3600));
}

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let mut only = None;
    for item in items(body)? {
        let verified = item.verify(keys)?;
        if only.replace((item, verified)).is_some() {
            return Err(VerifyError::malformed("notification contains more than one item"));
        }
    }
    let (item, verified) = only.ok_or(VerifyError::missing("notification item is missing in the body"))?;
    let verified = without_mac(verified);
    // The `pspReference` of a report is a file name, which Adyen reuses.
    if text(&item.event_code) == "REPORT_AVAILABLE" {
        return Ok(verified);
    }
    let facts = [&item.event_code, &item.psp_reference, &item.success, &item.merchant_account_code];
    Ok(verified.with_id(facts.map(text).join(":")))
}

/// Returns the items of a notification, or a single item that is not in a list.
///
/// A repeated field is an error, because a handler might read a different value than the verifier.
fn items(body: &[u8]) -> Result<Vec<NotificationItem>, VerifyError> {
    let malformed = |_| VerifyError::malformed("body is not a notification");
    let JsonObject(notification): JsonObject<AdyenNotification> =
        serde_json::from_slice(body).map_err(malformed)?;
    match notification.notification_items {
        Some(NotificationItems(items)) => Ok(items),
        None => {
            let JsonObject(item) = serde_json::from_slice(body).map_err(malformed)?;
            Ok(vec![item])
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdyenNotification {
    notification_items: Option<NotificationItems>,
}

/// The list of items. Adyen sends one item.
struct NotificationItems(Vec<NotificationItem>);

impl<'de> Deserialize<'de> for NotificationItems {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = NotificationItems;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NotificationItems, A::Error> {
        // Keep the second item, so that `verify` can return its clearer error.
        const MAX: usize = 2;
        let mut items = Vec::new();
        while let Some(JsonObject(Wrapped { item: JsonObject(item) })) = seq.next_element()? {
            if items.len() == MAX {
                return Err(A::Error::custom("more than 2 items"));
            }
            items.push(item);
        }
        Ok(NotificationItems(items))
    }
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "NotificationRequestItem")]
    item: JsonObject<NotificationItem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NotificationItem {
    psp_reference: Option<Scalar>,
    original_reference: Option<Scalar>,
    merchant_account_code: Option<Scalar>,
    merchant_reference: Option<Scalar>,
    #[serde(default)]
    amount: JsonObject<Amount>,
    event_code: Option<Scalar>,
    success: Option<Scalar>,
    #[serde(default)]
    additional_data: JsonObject<AdditionalData>,
}

#[derive(Default, Deserialize)]
struct Amount {
    value: Option<Scalar>,
    currency: Option<Scalar>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdditionalData {
    hmac_signature: Option<Scalar>,
}

impl NotificationItem {
    fn verify(&self, keys: &Keyring) -> Result<Verified, VerifyError> {
        let signature = text(&self.additional_data.0.hmac_signature).as_bytes();
        if signature.is_empty() {
            return Err(VerifyError::missing("`hmacSignature` is missing in an item"));
        }
        let candidates = Candidates::read([signature].into_iter(), Encoding::Base64, keys.tag_length())?;
        let mut macs = keys.begin(None);
        self.feed(&mut macs)?;
        macs.verify(&candidates)
    }

    /// Feeds the signed fields. Rejects a `:` except in `merchantReference`, because Adyen's libraries do not
    /// escape colons.
    fn feed(&self, macs: &mut Macs<'_>) -> Result<(), VerifyError> {
        const MERCHANT_REFERENCE: usize = 3;
        let signed = [
            &self.psp_reference,
            &self.original_reference,
            &self.merchant_account_code,
            &self.merchant_reference,
            &self.amount.0.value,
            &self.amount.0.currency,
            &self.event_code,
            &self.success,
        ];
        for (index, field) in signed.into_iter().enumerate() {
            if index > 0 {
                macs.update(b":");
            }
            if index != MERCHANT_REFERENCE && text(field).contains(':') {
                return Err(VerifyError::malformed(
                    "signed field other than `merchantReference` contains `:`",
                ));
            }
            macs.update(text(field).as_bytes());
        }
        Ok(())
    }
}

/// Returns the text of a field. A missing field is signed as an empty one.
fn text(field: &Option<Scalar>) -> &str {
    field.as_ref().map_or("", |text| &text.0)
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;
    use serde_json::{Map, Value};

    use super::{Encoding, Keyring, items};
    use crate::verify::signing::{CannotSign, read_json};

    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let mut notification = read_json(body)?;
        for (index, item) in items(body)?.iter().enumerate() {
            let mut macs = keys.signer(None)?;
            item.feed(&mut macs)?;
            let place = format!("/notificationItems/{index}/NotificationRequestItem");
            // An item that is not in a list is the whole body.
            let is_listed = notification.pointer(&place).is_some();
            let item = notification.pointer_mut(if is_listed { &place } else { "" });
            let fields = item.and_then(Value::as_object_mut);
            let data = fields.map(|item| item.entry("additionalData").or_insert_with(|| Map::new().into()));
            let data = data.and_then(Value::as_object_mut);
            let data = data.ok_or_else(|| CannotSign::new("`additionalData` of an item is not an object"))?;
            data.insert("hmacSignature".to_owned(), macs.signature(Encoding::Base64).into());
        }
        *body = notification.to_string().into();
        Ok(())
    }
}
