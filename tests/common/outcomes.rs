use tokio::sync::mpsc;
use tower_webhook::Outcome;

use super::soon;

/// How requests ended, in that order: tests wait for it rather than for time to pass.
pub struct Outcomes(mpsc::UnboundedReceiver<Outcome>);

/// The outcomes, and what to give to `on_outcome`.
pub fn outcomes() -> (impl Fn(&Outcome) + Send + Sync + 'static, Outcomes) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let tell = move |outcome: &Outcome| {
        // The test may be over before its last request is.
        let _ = sender.send(outcome.clone());
    };
    (tell, Outcomes(receiver))
}

impl Outcomes {
    pub async fn next(&mut self) -> Outcome {
        soon(self.0.recv()).await.expect("the layer is gone")
    }
}
