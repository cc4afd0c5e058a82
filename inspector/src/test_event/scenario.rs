use serde::{Deserialize, Serialize};

/// A test event, valid or broken on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scenario {
    Valid,
    Twice,
    AtOnce,
    ChangedBody,
    WrongSecret,
    Stale,
    TooLarge,
    HandlerFails,
    HandlerSlow,
    HandlerPanics,
}

impl Scenario {
    pub(crate) const ALL: [Self; 10] = [
        Self::Valid,
        Self::Twice,
        Self::AtOnce,
        Self::ChangedBody,
        Self::WrongSecret,
        Self::Stale,
        Self::TooLarge,
        Self::HandlerFails,
        Self::HandlerSlow,
        Self::HandlerPanics,
    ];

    /// Returns the name, and a description with the expected outcome.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Valid => ("Valid", "Signed as the provider does. It is verified and handled."),
            Self::Twice => {
                ("Sent twice", "One after the other. The second is a duplicate and is not handled again.")
            }
            Self::AtOnce => (
                "Twice at once",
                "The second arrives while the first is in progress. It gets a 503, because the first may still fail.",
            ),
            Self::ChangedBody => (
                "Changed body",
                "Signed, then modified by an added line break, as by a proxy or a body parser.",
            ),
            Self::WrongSecret => ("Wrong secret", "Signed with a secret that is not this endpoint's."),
            Self::Stale => ("Stale timestamp", "The signed timestamp is out of tolerance."),
            Self::TooLarge => {
                ("Too large", "One byte over the limit. It is rejected before the body is read.")
            }
            Self::HandlerFails => {
                ("Handler fails", "The handler answers 500. The claim is released, so a retry runs it again.")
            }
            Self::HandlerSlow => {
                ("Handler slow", "The handler takes four seconds, and keeps its claim meanwhile.")
            }
            Self::HandlerPanics => ("Handler panics", "The claim is released, and the service continues."),
        }
    }

    /// Returns the query that makes the handler behave as the scenario requires.
    pub(super) fn knobs(self) -> &'static str {
        match self {
            Self::AtOnce => "delay_ms=1500",
            Self::HandlerFails => "status=500",
            Self::HandlerSlow => "delay_ms=4000",
            Self::HandlerPanics => "panic=1",
            _ => "",
        }
    }

    pub(super) fn copies(self) -> usize {
        match self {
            Self::Twice | Self::AtOnce => 2,
            _ => 1,
        }
    }
}
