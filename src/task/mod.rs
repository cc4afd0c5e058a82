//! Running futures: with a time limit, with panics caught, in tasks that outlive their request.
//!
//! These are structs and not `async fn`s. An `async fn` keeps a future that it is given twice, once as
//! an argument and once pinned, and the futures here are nested and boxed with all that they hold.

mod catch_unwind;
mod drain;
mod run;
mod timeout;

use std::pin::Pin;

pub use self::drain::Drain;
pub(crate) use self::{
    catch_unwind::{CatchUnwind, catch_unwind},
    drain::Tasks,
    run::{RunEnd, run},
    timeout::{Elapsed, timeout},
};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
