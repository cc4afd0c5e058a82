use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::trace;

/// The requests without a route that were logged.
#[derive(Debug, Default)]
pub(crate) struct Unrouted {
    /// Each event type is logged once.
    logged: Mutex<HashSet<Box<str>>>,
    without_event_type: AtomicBool,
    without_delivery: AtomicBool,
}

impl Unrouted {
    /// The maximum number of logged types: an attacker who captures a delivery can make up unsigned types.
    const MAX: usize = 256;
    /// The maximum length of a logged type, which bounds the memory of the set. Providers' types are shorter.
    const LONGEST: usize = 256;

    /// Logs `event_type` if it is new.
    pub(crate) fn event_type(&self, event_type: &str) {
        if event_type.len() > Self::LONGEST {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() < Self::MAX && !logged.contains(event_type) {
            logged.insert(event_type.into());
            drop(logged);
            trace::unrouted(event_type);
        }
    }

    /// Logs a delivery without an event type. An attacker who captures a delivery can remove an unsigned
    /// type, so only the first is logged as an error.
    pub(crate) fn without_event_type(&self, reason: &str) {
        trace::unroutable(reason, !self.without_event_type.swap(true, Ordering::Relaxed));
    }

    /// Logs a request that no layer has verified. Any client can send one, so only the first is an error.
    pub(crate) fn without_delivery(&self, reason: &str) {
        trace::unroutable(reason, !self.without_delivery.swap(true, Ordering::Relaxed));
    }
}
