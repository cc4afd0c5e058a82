//! Typed payloads of the project's own.

mod lenient;
pub mod notifyer;
