//! The secret itself, or HTTP credentials. They do not protect the body.

use super::facts::providers;
use crate::verify::Scheme;

providers! {
    /// GitLab (secret token).
    ///
    /// * The secret itself is sent in `X-Gitlab-Token`: **it does not protect the body**.
    /// * Id: `header:X-Gitlab-Event-UUID`, not signed.
    gitlab_token, try_gitlab_token: "gitlab-token", "GitLab (secret token)",
        "https://docs.gitlab.com/user/project/integrations/webhooks/",
        Scheme::token("x-gitlab-token")
            .id("header:x-gitlab-event-uuid")
            .event_type("header:x-gitlab-event");

    /// Okta event hooks.
    ///
    /// * The secret itself is sent in `X-Okta-Token`: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    okta, try_okta: "okta", "Okta event hooks",
        "https://developer.okta.com/docs/concepts/event-hooks/",
        Scheme::token("x-okta-token");

    /// HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive).
    ///
    /// * The secret itself is sent in `Authorization`: **it does not protect the body**.
    /// * Id: none that names the delivery as a whole.
    basic_auth, try_basic_auth: "basic-auth", "HTTP Basic (Postmark, Chargebee, SparkPost, Azure DevOps, Pipedrive)",
        "https://github.com/hookdeck/webhook-skills/blob/HEAD/skills/chargebee-webhooks/references/verification.md",
        Scheme::basic();
}
