use data_encoding::HEXLOWER;
use http::request::Parts;

use super::Dedupe;
use crate::{
    Delivery,
    store::Key,
    verify::{Profile, called_path, called_url, digest},
};

/// Digests of the URL that was called and of its path, both without the query.
#[derive(Clone, Copy, Default)]
pub(crate) struct Receiver {
    url: Option<u64>,
    path: Option<u64>,
}

impl Dedupe {
    /// What makes the delivery known again; `None` if nothing does. Never the signature or the
    /// timestamp: retries are signed anew.
    pub(super) fn key(&self, head: &Parts, delivery: &Delivery) -> Option<Key> {
        if let Some(key_of) = &self.key_of {
            return key_of(head, delivery);
        }
        match delivery.id() {
            Some(id) => Some(self.key_within(delivery, delivery.receiver().url, "", id)),
            None if delivery.verifier().profile().equal_bodies => {
                Some(self.key_within(delivery, delivery.receiver().url, "", &body_id(delivery)))
            }
            None => None,
        }
    }

    /// The key of the body itself, where replays are guarded against and the signature does not cover
    /// the id. In a scope of its own, which no id can reach, and without the host, of which a replay can name any.
    pub(crate) fn replay_key(&self, delivery: &Delivery) -> Option<Key> {
        let guarded = self.replay_guard && !delivery.verifier().profile().id_signed;
        guarded.then(|| self.key_within(delivery, delivery.receiver().path, "#body", &body_id(delivery)))
    }

    /// The key of an item in the delivery's body; `None` if its id names nothing. In a scope of its
    /// own, for an item may be numbered as deliveries are.
    pub(super) fn item_key(&self, delivery: &Delivery, id: &str) -> Option<Key> {
        (!id.is_empty()).then(|| self.key_within(delivery, delivery.receiver().url, "#item", id))
    }

    /// Returns what tells the receivers of one account apart, where the provider gives all of them the
    /// same secret.
    pub(crate) fn receiver(&self, profile: &Profile, head: &Parts) -> Receiver {
        match profile.shared_secret && self.scope.is_none() && self.store.is_some() {
            true => self.receiver_called(head),
            false => Receiver::default(),
        }
    }

    // Not inlined into the path of the providers that do not need it.
    #[inline(never)]
    fn receiver_called(&self, head: &Parts) -> Receiver {
        // Without a usable host the path has to do.
        let url = called_url(head).or_else(|_| called_path(head)).unwrap_or_default();
        let path = || called_path(head).unwrap_or_default();
        Receiver { url: Some(without_query(&url)), path: self.replay_guard.then(|| without_query(&path())) }
    }

    /// The key of `id` in the delivery's scope, or in the part of it that is called `part`.
    ///
    /// Providers send the same id to every endpoint of an account. The secret that matched tells
    /// endpoints apart, and the URL where they share it.
    fn key_within(&self, delivery: &Delivery, receiver: Option<u64>, part: &str, id: &str) -> Key {
        let write_scope = |text: &mut String| {
            text.push_str(delivery.provider());
            if let Some(scope) = &self.scope {
                text.push('-');
                text.push_str(scope);
            } else {
                for digest in [delivery.key_fingerprint(), receiver].into_iter().flatten() {
                    text.push('-');
                    HEXLOWER.encode_append(&digest.to_be_bytes(), text);
                }
            }
            text.push_str(part);
        };
        Key::within(write_scope, id)
    }
}

fn without_query(url: &str) -> u64 {
    let url = url.split_once('?').map_or(url, |(url, _)| url);
    let [a, b, c, d, e, f, g, h, ..] = digest(url.as_bytes());
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

fn body_id(delivery: &Delivery) -> String {
    format!("body-{}", HEXLOWER.encode(&delivery.body_digest()))
}
