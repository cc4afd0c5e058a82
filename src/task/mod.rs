//! Running futures: with a time limit, with panics caught, in tasks that outlive their request.

mod drain;
mod timeout;

pub use self::drain::Drain;
pub(crate) use self::{
    drain::Tasks,
    timeout::{Caught, Elapsed, Within, caught, within},
};
