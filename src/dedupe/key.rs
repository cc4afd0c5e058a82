use std::borrow::Cow;

use data_encoding::HEXLOWER;
use http::request::Parts;

use super::Dedupe;
use crate::{Delivery, store::Key};

impl Dedupe {
    /// What makes the delivery known again; `None` if nothing does. Never the signature or the
    /// timestamp: retries are signed anew.
    pub(super) fn key(&self, head: &Parts, delivery: &Delivery) -> Option<Key> {
        if let Some(key_of) = &self.key_of {
            return key_of(head, delivery);
        }
        match delivery.id() {
            Some(id) => Some(Key::new(&self.scope(delivery), id)),
            None if delivery.verifier().profile().equal_bodies => {
                Some(Key::new(&self.scope(delivery), &body_id(delivery)))
            }
            None => None,
        }
    }

    /// The key of the body itself, for ids that the signature does not cover. In a scope of its
    /// own, which no id can reach.
    pub(super) fn replay_key(&self, delivery: &Delivery) -> Key {
        Key::new(&format!("{}#body", self.scope(delivery)), &body_id(delivery))
    }

    /// The key of an item in the delivery's body; `None` if its id names nothing. In a scope of its
    /// own, for an item may be numbered as deliveries are.
    pub(super) fn item_key(&self, delivery: &Delivery, id: &str) -> Option<Key> {
        (!id.is_empty()).then(|| Key::new(&format!("{}#item", self.scope(delivery)), id))
    }

    /// Providers send the same id to every endpoint of an account, so the key that matched tells
    /// endpoints apart.
    fn scope(&self, delivery: &Delivery) -> Cow<'_, str> {
        match (&self.scope, delivery.key_fingerprint()) {
            (Some(scope), _) => Cow::Borrowed(scope),
            (None, Some(fingerprint)) => {
                let mut scope = String::with_capacity(delivery.provider().len() + 17);
                scope.push_str(delivery.provider());
                scope.push('-');
                HEXLOWER.encode_append(&fingerprint.to_be_bytes(), &mut scope);
                scope.into()
            }
            (None, None) => delivery.provider().to_owned().into(),
        }
    }
}

fn body_id(delivery: &Delivery) -> String {
    format!("body-{}", HEXLOWER.encode(&delivery.body_digest()))
}
