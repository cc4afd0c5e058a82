//! The payload of Amazon SNS.

use std::borrow::Cow;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};

/// A notification of Amazon SNS whose `Message` is JSON text, decoded together with that text.
///
/// ```
/// use tower_webhook::payload::sns::Notification;
///
/// #[derive(serde::Deserialize)]
/// struct Order {
///     total: u32,
/// }
///
/// // In a handler, the argument is `Event<Notification<Order>>`.
/// let payload = r#"{"Message":"{\"total\":7}","MessageId":"22b80b92","Timestamp":"2026-11-30T12:00:00.000Z",
///     "TopicArn":"arn:aws:sns:us-west-2:123456789012:MyTopic","Type":"Notification"}"#;
/// let notification: Notification<Order> = serde_json::from_str(payload)?;
/// assert_eq!(notification.message.total, 7);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Confirmations of subscriptions have no JSON in `Message`: let the layer
/// [confirm them](crate::provider::AwsSns::confirm_subscriptions).
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", bound(deserialize = "T: DeserializeOwned"))]
#[non_exhaustive]
pub struct Notification<T> {
    /// The decoded `Message`.
    #[serde(deserialize_with = "json_text")]
    pub message: T,
    /// The id of the message, which is also the delivery id.
    pub message_id: String,
    /// The subject, if the publisher set one.
    pub subject: Option<String>,
    /// The time of publication, in RFC 3339.
    pub timestamp: String,
    /// The ARN of the topic.
    pub topic_arn: String,
}

fn json_text<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = Cow::<str>::deserialize(deserializer)?;
    // The parser's error may quote the message.
    serde_json::from_str(&text).map_err(|_| D::Error::custom("`Message` is not JSON of the expected type"))
}
