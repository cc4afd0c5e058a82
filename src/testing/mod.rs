//! Testing a handler: requests signed as the provider signs them.
//!
//! With the feature `test-util`, which belongs among the `dev-dependencies`.

mod outcomes;
mod sign;
mod store;
mod write;

pub(crate) use self::write::{Write, form_with, hide, json_with, made_up, read_json};
pub use self::{
    outcomes::Outcomes,
    sign::{CannotSign, sign, sign_at},
    store::{Fault, FaultyStore, Operation},
};
pub use crate::ManualClock;
