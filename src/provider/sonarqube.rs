use std::time::Duration;

use super::providers;
use crate::verify::{Encoding::Hex, Scheme};

providers! {
    /// Creates a verifier for SonarQube.
    ///
    /// The verifier accepts webhooks of SonarQube Server and SonarQube Cloud.
    ///
    /// * Signature: HMAC-SHA256 of the body, as hex in `x-sonar-webhook-hmac-sha256`.
    /// * Secret: the webhook's secret, as text.
    /// * Delivery id: `body:/taskId`, signed. It identifies the analysis. If a changed issue changes the status
    ///   of the quality gate, the delivery has no id.
    /// * Acknowledge within: 10 s.
    /// * Not covered: the header `X-SonarQube-Project`. Use `project.key` of the body.
    sonarqube: "sonarqube", "SonarQube",
        "https://docs.sonarsource.com/sonarqube-server/project-administration/integrations/webhooks/",
        Scheme::hmac_sha256("x-sonar-webhook-hmac-sha256", Hex)
            .id("body:/taskId"),
        ack_deadline: Some(Duration::from_secs(10));
}
