use serde::{Deserialize, Serialize};

/// What is done to a delivery, on purpose.
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

    /// Its name, and what is to be seen of it.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Valid => ("Valid", "As the provider sends it. It is verified and handled."),
            Self::Twice => {
                ("Sent twice", "One after the other. The second is a duplicate, and not handled again.")
            }
            Self::AtOnce => (
                "Twice at once",
                "The second comes while the first is in progress. It is answered 503, since the first may still fail.",
            ),
            Self::ChangedBody => (
                "Changed body",
                "Signed, and then a line break more, as a proxy or a body parser might leave it.",
            ),
            Self::WrongSecret => ("Wrong secret", "Signed with a secret that is not this endpoint's."),
            Self::Stale => ("Stale timestamp", "Signed at a time that is no longer tolerated."),
            Self::TooLarge => ("Too large", "One byte more than the limit. It is refused before it is read."),
            Self::HandlerFails => {
                ("Handler fails", "The handler answers 500. The delivery is released, for the next attempt.")
            }
            Self::HandlerSlow => {
                ("Handler slow", "The handler takes four seconds, and its claim is kept meanwhile.")
            }
            Self::HandlerPanics => ("Handler panics", "The delivery is released, and the service goes on."),
        }
    }

    /// What the query asks the handler for.
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
