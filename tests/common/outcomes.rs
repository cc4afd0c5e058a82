use tower_webhook::{Outcome, testing};

use super::soon;

/// How requests ended, in that order: tests wait for it rather than for time to pass.
pub struct Outcomes(testing::Outcomes);

/// The outcomes, and what to give to `on_outcome`.
pub fn outcomes() -> (impl Fn(&Outcome) + Send + Sync + 'static, Outcomes) {
    let outcomes = testing::Outcomes::new();
    (outcomes.listener(), Outcomes(outcomes))
}

impl Outcomes {
    pub async fn next(&mut self) -> Outcome {
        soon(self.0.next()).await
    }
}
