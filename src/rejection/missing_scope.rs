use std::{error::Error, fmt};

use super::{Rejection, RejectionKind};

/// The error for a delivery of an endpoint that has neither a scope nor a fingerprint. The delivery's key
/// would not identify the endpoint, so endpoints of the same provider could drop each other's deliveries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MissingScope;

impl fmt::Display for MissingScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "endpoint has no deduplication scope: its verifier sets no fingerprint of the secret; set `.scope(…)`, \
             `.secret(&secret)` on `from_fn`, or `Verified::with_fingerprint`",
        )
    }
}

impl Error for MissingScope {}

impl From<MissingScope> for Rejection {
    fn from(missing: MissingScope) -> Self {
        Self::new(RejectionKind::VerifierUnavailable).because(missing)
    }
}
