use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::trace;

/// The event types without a route that were logged: each is logged once.
#[derive(Debug, Default)]
pub(crate) struct UnroutedTypes {
    logged: Mutex<HashSet<Box<str>>>,
    without_delivery: AtomicBool,
}

impl UnroutedTypes {
    /// Where no signature covers the event type, an attacker who captured a delivery can make types up.
    const MOST: usize = 256;
    /// No provider's types are longer, and the set must not hold a body for each.
    const LONGEST: usize = 256;

    /// Logs `event_type` if it is new.
    pub(crate) fn add(&self, event_type: &str) {
        if event_type.len() > Self::LONGEST {
            return;
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.len() < Self::MOST && !logged.contains(event_type) {
            logged.insert(event_type.into());
            drop(logged);
            trace::unrouted(event_type);
        }
    }

    /// Whether no request without a delivery came before.
    pub(crate) fn is_first_without_delivery(&self) -> bool {
        !self.without_delivery.swap(true, Ordering::Relaxed)
    }
}
