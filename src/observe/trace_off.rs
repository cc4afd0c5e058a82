//! A no-op replacement of [`trace`](super) without the feature `tracing`.

use std::{error::Error, time::Duration};

use super::{Outcome, OutcomeKind, Settlement, StoreOperation};
use crate::{
    Delivery, InvalidSecret, Rejection, rejection::MissingScope, store::StoreError, verify::Profile,
};

pub(super) struct DeliverySpan;

/// A no-op guard.
pub(crate) type Entered<'s> = std::marker::PhantomData<&'s ()>;

impl DeliverySpan {
    pub(super) fn open() -> Self {
        Self
    }

    pub(super) fn is_disabled(&self) -> bool {
        true
    }

    pub(super) fn enter(&self) -> Entered<'_> {
        std::marker::PhantomData
    }

    pub(super) fn provider(&self, _: &str) {}

    pub(super) fn delivery(&self, _: &Delivery) {}

    pub(super) fn ended(&self, _: &Outcome) {}
}

pub(super) fn rejected(_: OutcomeKind, _: &Rejection) {}

pub(crate) fn late_answers(_: &Profile, _: Duration) {}

pub(crate) fn short_window(_: &Profile, _: Duration) {}

pub(crate) fn lookups_failed(_: u64, _: &(dyn Error + 'static)) {}

pub(crate) fn acknowledged(_: &(dyn Error + 'static)) {}

pub(super) fn unrouted(_: &str) {}

pub(super) fn unroutable(_: &str, _: bool) {}

pub(crate) fn unusable(_: &str, _: &InvalidSecret) {}

pub(super) fn store_failed(_: StoreOperation, _: &StoreError) {}

pub(crate) fn item_failed(_: &str, _: &(dyn Error + 'static)) {}

pub(crate) fn more_items_failed(_: usize, _: usize, _: usize) {}

pub(crate) fn item_repeated(_: &str) {}

pub(super) fn lease_lost() {}

pub(crate) fn uncommitted() {}
pub(crate) fn unconfirmed() {}

pub(crate) fn missing_scope(_: &MissingScope) {}

pub(super) fn settlement_abandoned(_: Settlement) {}

pub(super) fn completions_dropped(_: u64) {}
