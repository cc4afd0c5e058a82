//! Properties of single providers, and of all of them, that their known answers (`tests/vectors/`) do not cover.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod adyen;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/answers.rs"]
mod answers;
mod deduplication;
#[allow(dead_code, unreachable_pub, reason = "other test crates share this file")]
#[path = "../common/deliver.rs"]
mod deliver;
mod forms;
mod hook0;
mod hubspot;
mod json;
mod mailgun;
mod malformed;
mod plivo;
mod reported;
mod retries;
mod secrets;
mod signatures;
mod standard_webhooks;
mod support;
mod test_kit;
mod timestamps;
mod twilio;
mod urls;
mod vonage;
