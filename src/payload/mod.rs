//! Typed payloads of the project's own.

pub(crate) mod lenient;
pub mod notifyer;
