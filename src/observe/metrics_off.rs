//! A no-op replacement of [`metrics`](super) without the feature `metrics`.

use std::time::Duration;

use super::{Outcome, Settlement, StoreOperation};

#[derive(Clone, Default)]
pub(crate) struct Registry(());

#[derive(Clone)]
pub(super) struct Meters;

impl Registry {
    pub(super) fn listens(&self) -> bool {
        false
    }

    pub(super) fn of(&self, _: &str) -> Option<Meters> {
        None
    }

    pub(super) fn ended_unknown(&self, _: &Outcome) {}
}

impl Meters {
    pub(super) fn begun(&self) {}

    pub(super) fn ended(&self, _: &Outcome) {}

    pub(super) fn store_call_ended(&self, _: StoreOperation, _: Duration, _: bool) {}

    pub(super) fn settlement_retried(&self) {}

    pub(super) fn settlement_abandoned(&self, _: Settlement) {}
}
