//! Testing a handler: requests signed as the provider signs them.
//!
//! With the feature `test-util`, which belongs among the `dev-dependencies`.

mod sign;
mod write;

pub use self::sign::{CannotSign, sign, sign_at};
pub(crate) use self::write::{Write, form_with, hide, json_with, made_up, read_json};
