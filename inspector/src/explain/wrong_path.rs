use axum::http::StatusCode;

use super::{Arrival, Explained, Hint, Summary, redact::Redactor};
use crate::received::NotKept;

impl Arrival {
    /// Explains a request to another path than the endpoint's, which does not reach the layer.
    pub(crate) fn at_wrong_path(&self, path: &str, status: StatusCode) -> Explained {
        let came_to = Redactor::new(&self.rules).path(path);
        let cause = format!("The endpoint is `/webhook`; this request came to `{came_to}`.");
        let cure = "Change the path of the URL to `/webhook`, at the provider or in the tunnel.";
        let finding = format!("came to `{came_to}`, but the endpoint is `/webhook`");
        let explained = self.explained(None, None);
        let summary = Summary {
            outcome: "wrong_path",
            status: Some(status.as_u16()),
            finding: Some(finding.clone()),
            ..explained.summary
        };
        Explained {
            summary,
            headline: "Wrong path: the request did not reach the endpoint".to_owned(),
            steps: Vec::new(),
            hints: vec![Hint::found(&cause, cure.to_owned(), finding)],
            received: Err(NotKept::WrongPath),
            not_kept: Some(NotKept::WrongPath.text()),
            ..explained
        }
    }
}
