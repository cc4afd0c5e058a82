use tower_webhook::{Outcome, testing};

use super::soon;

/// The outcomes of requests, in order. Tests wait for them instead of sleeping.
pub struct Outcomes(testing::Outcomes);

/// Returns a callback for `on_outcome`, and the outcomes that it receives.
pub fn outcomes() -> (impl Fn(&Outcome) + Send + Sync + 'static, Outcomes) {
    let outcomes = testing::Outcomes::new();
    (outcomes.listener(), Outcomes(outcomes))
}

impl Outcomes {
    pub async fn next(&mut self) -> Outcome {
        soon(self.0.next()).await
    }
}
