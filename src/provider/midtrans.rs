use std::time::Duration;

use serde::Deserialize;

use super::{
    by_hand::{CheckResult, JsonObject, Methods, Scalar, check, verifier, without_mac},
    providers,
};
use crate::verify::{
    Candidates, Encoding, Keyring, Location, MacKind, Macs, RequestContext, Verified, VerifyError,
};

providers! {
    /// Creates a verifier for Midtrans.
    ///
    /// * Signature: SHA-512 of three values of the body and the server key, as hex in `body:/signature_key`.
    /// * Secret: the server key, as text.
    /// * Signed content: `order_id`, `status_code`, `gross_amount` and the server key, without separators; for a
    ///   notification on a linked account, `account_id`, `account_status`, `status_code` and the server key. The
    ///   layer rejects a status code that does not have three digits, and an amount that is not a number with
    ///   two decimals. **The rest of the body is not covered**, not even `transaction_status`. Digits at the end
    ///   of an order id could also belong to the two numbers after it. Use only the order id, and request the
    ///   transaction's status from the API.
    /// * Delivery id: none. Midtrans recommends deduplicating by the order id and the status.
    /// * Event type: `body:/transaction_status` or `body:/account_status`, **not signed**.
    /// * Acknowledge within: 15 s.
    midtrans: "midtrans", "Midtrans",
        "https://docs.midtrans.com/reference/receiving-notifications",
        @by_hand |secrets, profile| {
            let keys = Keyring::of_text(MacKind::Sha512, &secrets);
            verifier(keys, profile, Methods { begin, #[cfg(feature = "test-util")] sign: signing::sign })
        },
        profile: |profile| profile
            .with_body_signed(false)
            .with_event_type([Location::json("/transaction_status"), Location::json("/account_status")])
            .with_event_type_signed(false),
        ack_deadline: Some(Duration::from_secs(15));
}

fn begin<'a>(keys: &'a Keyring, _: &RequestContext<'a>) -> CheckResult<'a> {
    check((), None, |(), body| verify(keys, body))
}

fn verify(keys: &Keyring, body: &[u8]) -> Result<Verified, VerifyError> {
    let notification = Notification::read(body)?;
    let signature = notification
        .signature_key
        .as_ref()
        .ok_or(VerifyError::missing("`signature_key` is missing in the body"))?;
    let candidates =
        Candidates::read([signature.0.as_bytes()].into_iter(), Encoding::Hex, keys.tag_length())?;
    let mut macs = keys.begin(None);
    notification.feed(&mut macs)?;
    macs.verify(&candidates).map(without_mac)
}

/// The fields of a notification that are signed, and the signature. A repeated field is an error, because a
/// handler might read another value than the verifier.
#[derive(Deserialize)]
struct Notification {
    signature_key: Option<Scalar>,
    status_code: Option<Scalar>,
    order_id: Option<Scalar>,
    gross_amount: Option<Scalar>,
    account_id: Option<Scalar>,
    account_status: Option<Scalar>,
}

impl Notification {
    fn read(body: &[u8]) -> Result<Self, VerifyError> {
        let JsonObject(notification) =
            serde_json::from_slice(body).map_err(|_| VerifyError::malformed("body is not a notification"))?;
        Ok(notification)
    }

    /// Feeds the signed values and the secret. The hash ends with the secret, so it cannot be extended.
    fn feed(&self, macs: &mut Macs<'_>) -> Result<(), VerifyError> {
        let values = match (&self.order_id, &self.gross_amount, &self.account_id, &self.account_status) {
            (Some(order), Some(amount), _, _) if is_amount(&amount.0) => {
                [&*order.0, self.status_code()?, &*amount.0]
            }
            (None, None, Some(account), Some(status)) if is_status(&account.0, &status.0) => {
                [&*account.0, &*status.0, self.status_code()?]
            }
            _ => return Err(VerifyError::malformed("body is not a notification")),
        };
        values.iter().for_each(|value| macs.update(value.as_bytes()));
        macs.update_with_secrets();
        Ok(())
    }

    fn status_code(&self) -> Result<&str, VerifyError> {
        let code = self.status_code.as_ref().map(|code| &*code.0);
        code.filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()))
            .ok_or(VerifyError::malformed("`status_code` is not a number of three digits"))
    }
}

/// Returns whether the text is a number with two decimals, without leading zeros.
fn is_amount(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(whole, decimals)| {
        is_number(whole)
            && is_number(decimals)
            && decimals.len() == 2
            && (whole == "0" || !whole.starts_with('0'))
    })
}

/// Returns whether an account's id and its status, in capitals, can be told apart if they are concatenated.
fn is_status(account: &str, status: &str) -> bool {
    let is_capital = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    let ends_before_status = account.bytes().next_back().is_some_and(|last| !is_capital(last));
    ends_before_status && !status.is_empty() && status.bytes().all(is_capital)
}

#[cfg(feature = "test-util")]
mod signing {
    use std::time::SystemTime;

    use bytes::Bytes;
    use http::request::Parts;

    use super::{Encoding, Keyring, Notification};
    use crate::verify::signing::{CannotSign, json_with};

    pub(super) fn sign(
        keys: &Keyring,
        _: &mut Parts,
        body: &mut Bytes,
        _: SystemTime,
    ) -> Result<(), CannotSign> {
        let mut macs = keys.signer(None)?;
        Notification::read(body)?.feed(&mut macs)?;
        *body = json_with(body, "/signature_key", &macs.signature(Encoding::Hex))?;
        Ok(())
    }
}
