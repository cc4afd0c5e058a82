//! A first delivery to try it with: a `curl` command, signed, to be pasted into a shell.

use std::{
    collections::hash_map::RandomState,
    error::Error,
    hash::BuildHasher,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::SystemTime,
};

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tower_webhook::{InvalidSecret, Secrets};

use crate::provider::Source;

/// A secret for those who brought none, and for nothing but a demonstration.
pub(crate) fn secret(source: &Source) -> Result<Secrets, InvalidSecret> {
    let text = match source.id() {
        "standard-webhooks" => format!("whsec_{}", BASE64.encode(&random::<24>())),
        // Valid as text, in hex and in base64, so that it suits whoever wants a key of some kind.
        _ => HEXLOWER.encode(&random::<32>()),
    };
    Ok(text.parse::<tower_webhook::Secret>()?.into())
}

/// Bytes that differ at every start.
fn random<const N: usize>() -> [u8; N] {
    let random = RandomState::new();
    std::array::from_fn(|index| {
        let [byte, ..] = random.hash_one(index).to_be_bytes();
        byte
    })
}

/// A signed delivery.
pub(crate) struct Demo {
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Demo {
    /// One signed with the first of `secrets`, for `now` or else for this moment; for the providers
    /// that the demonstration knows how to sign for.
    pub(crate) fn new(
        source: &Source,
        secrets: &Secrets,
        now: Option<SystemTime>,
    ) -> Result<Option<Self>, Box<dyn Error>> {
        let secret = secrets.iter().next().ok_or("there is no secret")?.expose();
        let now = now.unwrap_or_else(SystemTime::now).duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let id = HEXLOWER.encode(&random::<8>());
        let body = match source.id() {
            "standard-webhooks" => r#"{"type": "greeting", "data": {"text": "hello"}}"#.to_owned(),
            "github" => r#"{"zen": "Keep it logically awesome.", "hook_id": 1}"#.to_owned(),
            "notifyer" => format!(
                r#"{{"phone_number": "15550100", "message_type": "text", "user_last_message_time": {now}, "last_message_of_user": "hello {id}"}}"#
            ),
            _ => return Ok(None),
        };
        let headers = match source.id() {
            "standard-webhooks" => {
                let id = format!("msg_{id}");
                let base64 = secret.strip_prefix("whsec_").unwrap_or(secret).trim_end_matches('=');
                let key = BASE64_NOPAD.decode(base64.as_bytes())?;
                let tag = mac(&key, &format!("{id}.{now}.{body}"))?;
                vec![
                    ("webhook-id", id),
                    ("webhook-timestamp", now.to_string()),
                    ("webhook-signature", format!("v1,{}", BASE64.encode(&tag))),
                ]
            }
            "github" => vec![
                ("x-github-event", "ping".to_owned()),
                ("x-github-delivery", id),
                (
                    "x-hub-signature-256",
                    format!("sha256={}", HEXLOWER.encode(&mac(secret.as_bytes(), &body)?)),
                ),
            ],
            // The token itself would do as well. But it would do for any body, which is worth
            // noticing, and not the first thing to show; and it is the secret.
            _ => {
                vec![("x-webhook-signature", HEXLOWER.encode(&mac(secret.as_bytes(), &body)?))]
            }
        };
        Ok(Some(Self { headers, body }))
    }

    /// What to paste, and what to expect of it.
    pub(crate) fn invitation(&self, address: SocketAddr) -> String {
        let mut curl = format!("curl -i 'http://{}/webhook'", reachable(address));
        curl.push_str(" -H 'content-type: application/json'");
        for (name, value) in &self.headers {
            curl.push_str(&format!(" -H '{name}: {value}'"));
        }
        format!(
            "try it: this is answered 200; sent again it is a duplicate; with anything in its body changed, 401\n\n\
             {curl} --data-binary '{}'\n",
            self.body
        )
    }
}

fn mac(key: &[u8], text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mac = Hmac::<Sha256>::new_from_slice(key)?.chain_update(text);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Listening on every address of the machine is not an address to send to.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}
