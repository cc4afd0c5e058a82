use std::{
    collections::HashSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::trace;

/// The event types without a route that were logged. Each is logged once.
#[derive(Debug, Default)]
pub(crate) struct UnroutedTypes {
    logged: Mutex<HashSet<Box<str>>>,
    without_delivery: AtomicBool,
}

impl UnroutedTypes {
    /// If the event type is unsigned, an attacker who captures a delivery can make types up.
    const MOST: usize = 256;
    /// The types of providers are shorter, and the limit bounds the memory of the set.
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

    /// Returns whether this is the first request without a delivery.
    pub(crate) fn is_first_without_delivery(&self) -> bool {
        !self.without_delivery.swap(true, Ordering::Relaxed)
    }
}
