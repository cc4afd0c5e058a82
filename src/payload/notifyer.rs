//! Payloads of the WhatsAble Notifyer webhook.
//!
//! Decode a [`Notification`]. It reads every event that the provider sends, so a status update or an event of a
//! later version is not rejected and retried:
//!
//! ```
//! use tower_webhook::{WebhookLayer, provider, payload::notifyer::Notification};
//!
//! fn handle(notification: &Notification) {
//!     match notification {
//!         Notification::IncomingMessage(message) => println!("{} writes", message.phone_number),
//!         Notification::MessageStatus(status) => println!("{} is {}", status.message_id, status.status),
//!         // Acknowledge the others.
//!         _ => {}
//!     }
//! }
//!
//! # fn layer(secret: tower_webhook::Secret) -> WebhookLayer {
//! WebhookLayer::with_verifier(provider::notifyer(secret)).json::<Notification>()
//! # }
//! # for json in [
//! #     r#"{"event":"message_status","data":{"message_id":"1","status":"read"}}"#,
//! #     r#"{"event":"template_approved","data":{}}"#,
//! #     r#"{"phone_number":"4915550100200","message_type":"text"}"#,
//! # ] {
//! #     handle(&serde_json::from_str(json).unwrap());
//! # }
//! ```
//!
//! The provider posts an [`IncomingMessage`] when a contact writes to the business on WhatsApp. Older endpoints wrap
//! it in an envelope, `{"event": "incoming_message", "data": {…}}`; both types read either form.
//!
//! ```
//! use tower_webhook::payload::notifyer::{IncomingMessage, MessageType};
//!
//! let message: IncomingMessage = serde_json::from_str(
//!     r#"{
//!         "phone_number": 4915550100200,
//!         "recipient_name": "Ada",
//!         "message_type": "image",
//!         "attachment_url": "https://media.example/photo.jpg",
//!         "labels": "sales, premium-inquiry",
//!         "last_messages": "[{\"type\": \"user\", \"content\": \"\"}]",
//!         "user_last_message_time": 1767225600
//!     }"#,
//! )?;
//!
//! assert_eq!(message.phone_number, "4915550100200");
//! assert_eq!(message.message_type, MessageType::Image);
//! assert_eq!(message.media_url(), Some("https://media.example/photo.jpg"));
//! assert!(message.is_incoming());
//! assert!(message.has_label("sales"));
//! assert_eq!(message.last_messages.len(), 1);
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # What is forgiven
//!
//! A delivery whose signature is good should not be lost to a detail, so reading is lenient where
//! the meaning is clear:
//!
//! * only `phone_number` is required; unknown fields are ignored;
//! * unknown values of [`MessageType`], [`Sender`] and [`ReferralSource`] are kept as sent;
//! * null, the empty string and an absent field are the same: `None`, or an empty list;
//! * whole numbers may come as strings and strings as whole numbers, lists as strings.
//!
//! Anything else of the wrong type is an error. What a contact wrote is not quoted in it, so it can
//! be logged.
//!
//! Writing ([`serde::Serialize`]) is for storing a message and reading it again: it gives the
//! newest names and types, not the bytes that were received.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};

use super::lenient::{Field, FieldName, Fields, Object, complete, open_enum};

/// A message in a conversation on WhatsApp: one a contact wrote to the business or, where the
/// endpoint asks for outgoing messages too, one the business sent (see
/// [`is_incoming`](Self::is_incoming)).
///
/// Reads the message by itself as well as in the older envelope. See the [module](self) for an
/// example and for what is forgiven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IncomingMessage {
    /// The contact's number with its country code: digits without a leading `+`. Never empty in a
    /// message that was read. A number sent as a string is not checked further.
    pub phone_number: String,
    /// The contact's name.
    pub recipient_name: Option<String>,
    /// The contact's id, a UUID.
    pub user_id: Option<String>,
    /// What the latest message is; [`MessageType::Other`] with an empty string if that was not
    /// sent.
    pub message_type: MessageType,
    /// Where the latest message's media can be fetched, for 24 hours;
    /// [`media_url`](Self::media_url) looks in one place more.
    pub attachment_url: Option<String>,
    /// The recent messages of both sides, newest first, about 20.
    pub last_messages: Vec<LastMessage>,
    /// The recent conversation, summed up for a person to read.
    pub conversation_paragraph: Option<String>,
    /// The text of the contact's latest message.
    pub last_message_of_user: Option<String>,
    /// The text of the business's latest message.
    pub last_message_of_bot: Option<String>,
    /// When the contact last wrote, in Unix seconds; `None` if never. Also read from
    /// `user_timestamp`, its older name.
    pub user_last_message_time: Option<u64>,
    /// When the business last wrote, in Unix seconds; `None` if never. Also read from
    /// `bot_timestamp`, its older name.
    pub bot_last_message_time: Option<u64>,
    /// A note on the contact.
    pub note: Option<String>,
    /// A note on the contact, from an automation.
    pub note_automation: Option<String>,
    /// The contact's labels, sent as one string with commas between.
    pub labels: Vec<String>,
    /// `false` for a message the business sent. Not in older editions:
    /// [`is_incoming`](Self::is_incoming) knows what that means.
    pub incoming_message: Option<bool>,
    /// The person or system that sent an outgoing message.
    pub send_by: Option<String>,
    /// Whether a human wrote the message.
    pub was_message_by_human: Option<bool>,
    /// The ad or post that brought the contact here.
    pub referral: Option<Referral>,
}

impl IncomingMessage {
    /// Whether the contact wrote this message. Editions that do not say send nothing else.
    #[must_use]
    pub fn is_incoming(&self) -> bool {
        self.incoming_message != Some(false)
    }

    /// Whether the contact has this label; upper and lower case differ.
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|l| l == label)
    }

    /// Where the message's media can be fetched, for 24 hours: its `attachment_url` or else, unless
    /// this is a text, what the newest of `last_messages` has.
    #[must_use]
    pub fn media_url(&self) -> Option<&str> {
        if self.attachment_url.is_some() || self.message_type == MessageType::Text {
            return self.attachment_url.as_deref();
        }
        self.last_messages.first()?.media_url.as_deref()
    }
}

open_enum! {
    /// What a message is.
    pub enum MessageType {
        /// `text`
        Text = "text",
        /// `image`
        Image = "image",
        /// `audio`
        Audio = "audio",
        /// `video`
        Video = "video",
        /// `document`
        Document = "document",
        /// `location`
        Location = "location";
        /// Another type, as sent.
        Other(String),
    }
}

/// One of the recent messages of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LastMessage {
    /// Who wrote it; `type` on the wire.
    #[serde(rename = "type")]
    pub kind: Sender,
    /// The text; empty for media.
    pub content: String,
    /// When it was written, in ISO 8601, as sent.
    pub timestamp: String,
    /// What the content is, as sent.
    pub content_type: Option<String>,
    /// Where its media can be fetched, for 24 hours after it was written.
    pub media_url: Option<String>,
}

open_enum! {
    /// Who wrote a message.
    pub enum Sender {
        /// The contact: `user`
        User = "user",
        /// The business, be it a person or a program: `bot`
        Bot = "bot";
        /// Somebody else, as sent.
        Unknown(String),
    }
}

/// The "Click to WhatsApp" ad or post a conversation began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Referral {
    /// Whether it was an ad or a post.
    pub source_type: Option<ReferralSource>,
    /// The id of the ad or post.
    pub source_id: Option<String>,
    /// The address of the ad or post.
    pub source_url: Option<String>,
    /// Its headline.
    pub headline: Option<String>,
    /// Its text.
    pub body: Option<String>,
    /// What its media is, as sent.
    pub media_type: Option<String>,
    /// The address of its image.
    pub image_url: Option<String>,
    /// The address of its video.
    pub video_url: Option<String>,
    /// The address of its video's thumbnail.
    pub thumbnail_url: Option<String>,
    /// The click's id, for reporting conversions.
    pub ctwa_clid: Option<String>,
}

open_enum! {
    /// What a contact clicked on.
    pub enum ReferralSource {
        /// `ad`
        Ad = "ad",
        /// `post`
        Post = "post";
        /// Something else, as sent.
        Other(String),
    }
}

/// Any event that the provider sends.
///
/// An event with an unknown name is [`Other`](Self::Other) and not an error, so that it can be acknowledged
/// instead of being retried.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// A message, by itself or in an envelope. Boxed, for it is large.
    IncomingMessage(Box<IncomingMessage>),
    /// A message that the business sent has a new status.
    MessageStatus(MessageStatus),
    /// An event this module does not know. Its data is not kept.
    Other {
        /// The event's name.
        event: String,
    },
}

/// The new status of a message that the business sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MessageStatus {
    /// The message's id. Required.
    pub message_id: String,
    /// The status, as sent; the provider does not list the values. Empty if it was not sent.
    pub status: String,
    /// When that was, as sent.
    pub timestamp: Option<String>,
}

impl From<IncomingMessage> for Notification {
    fn from(message: IncomingMessage) -> Self {
        Self::IncomingMessage(Box::new(message))
    }
}

impl<'de> Deserialize<'de> for IncomingMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Notification::deserialize(deserializer)? {
            Notification::IncomingMessage(message) => Ok(*message),
            _ => Err(D::Error::custom("the event is not an incoming message")),
        }
    }
}

impl<'de> Deserialize<'de> for LastMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer)?.required()
    }
}

impl<'de> Deserialize<'de> for Referral {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer)?.required()
    }
}

impl<'de> Deserialize<'de> for MessageStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Object::deserialize(deserializer)?.required()
    }
}

impl<'de> Deserialize<'de> for Notification {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NotificationVisitor)
    }
}

const INCOMING_MESSAGE: &str = "incoming_message";
const MESSAGE_STATUS: &str = "message_status";

struct NotificationVisitor;

impl<'de> Visitor<'de> for NotificationVisitor {
    type Value = Notification;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a message or an event")
    }

    // Whether there is an envelope shows only on the way, so the fields of a message are taken as
    // they come: one pass, and the fields' order does not matter.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notification, A::Error> {
        let mut message = IncomingMessage::default();
        let mut event = None;
        let mut enveloped = None;
        // Only for `data` in front of the `event` that says what it is, which is not the usual order.
        let mut early: Option<serde_json::Value> = None;
        while let Some(FieldName(name)) = map.next_key()? {
            let field = Field { name: &name, map: &mut map };
            match (&*name, event.as_deref()) {
                ("event", _) => event = field.text()?,
                ("data", Some(event)) => enveloped = Some(map.next_value_seed(DataOf(event))?),
                ("data", None) => early = Some(map.next_value()?),
                (_, None | Some(INCOMING_MESSAGE)) => message.set(field)?,
                // What belongs to another event may have other types under the same names.
                _ => field.skip()?,
            }
        }
        if let Some(notification) = enveloped {
            return Ok(notification);
        }
        match (event.as_deref(), early) {
            (Some(event), Some(data)) => DataOf(event).deserialize(data).map_err(A::Error::custom),
            (None | Some(INCOMING_MESSAGE), _) => complete(message).map(Notification::from),
            (Some(MESSAGE_STATUS), None) => Err(A::Error::missing_field("data")),
            (Some(event), None) => Ok(Notification::Other { event: event.to_owned() }),
        }
    }
}

/// Reads the data of the event of this name.
struct DataOf<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for DataOf<'_> {
    type Value = Notification;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Notification, D::Error> {
        match self.0 {
            INCOMING_MESSAGE => {
                let message: IncomingMessage = Object::deserialize(data)?.required()?;
                Ok(message.into())
            }
            MESSAGE_STATUS => MessageStatus::deserialize(data).map(Notification::MessageStatus),
            event => IgnoredAny::deserialize(data).map(|_| Notification::Other { event: event.to_owned() }),
        }
    }
}

impl Fields for IncomingMessage {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        match field.name {
            "phone_number" => {
                let number = field.text()?.unwrap_or_default();
                let number =
                    number.trim_end().trim_start_matches(|mark: char| mark == '+' || mark.is_whitespace());
                number.clone_into(&mut self.phone_number);
            }
            "recipient_name" => self.recipient_name = field.text()?,
            "user_id" => self.user_id = field.text()?,
            "message_type" => self.message_type = field.text()?.unwrap_or_default().into(),
            "attachment_url" => self.attachment_url = field.text()?,
            "last_messages" => self.last_messages = field.objects()?,
            "conversation_paragraph" => self.conversation_paragraph = field.text()?,
            "last_message_of_user" => self.last_message_of_user = field.text()?,
            "last_message_of_bot" => self.last_message_of_bot = field.text()?,
            "user_last_message_time" => {
                self.user_last_message_time = field.seconds()?.or(self.user_last_message_time);
            }
            "bot_last_message_time" => {
                self.bot_last_message_time = field.seconds()?.or(self.bot_last_message_time);
            }
            // The newer name wins where both are sent, in whatever order.
            "user_timestamp" => {
                self.user_last_message_time = self.user_last_message_time.or(field.seconds()?);
            }
            "bot_timestamp" => {
                self.bot_last_message_time = self.bot_last_message_time.or(field.seconds()?);
            }
            "note" => self.note = field.text()?,
            "note_automation" => self.note_automation = field.text()?,
            "labels" => self.labels = field.words()?,
            "incoming_message" => self.incoming_message = field.flag()?,
            "send_by" => self.send_by = field.text()?,
            "was_message_by_human" => self.was_message_by_human = field.flag()?,
            "referral" => self.referral = field.object()?,
            _ => field.skip()?,
        }
        Ok(())
    }

    fn missing(&self) -> Option<&'static str> {
        self.phone_number.is_empty().then_some("phone_number")
    }
}

impl Fields for LastMessage {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        match field.name {
            "type" => self.kind = field.text()?.unwrap_or_default().into(),
            "content" => self.content = field.text()?.unwrap_or_default(),
            "timestamp" => self.timestamp = field.text()?.unwrap_or_default(),
            "content_type" => self.content_type = field.text()?,
            "media_url" => self.media_url = field.text()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

impl Fields for Referral {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        let slot = match field.name {
            "source_type" => {
                self.source_type = field.text()?.map(ReferralSource::from);
                return Ok(());
            }
            "source_id" => &mut self.source_id,
            "source_url" => &mut self.source_url,
            "headline" => &mut self.headline,
            "body" => &mut self.body,
            "media_type" => &mut self.media_type,
            "image_url" => &mut self.image_url,
            "video_url" => &mut self.video_url,
            "thumbnail_url" => &mut self.thumbnail_url,
            "ctwa_clid" => &mut self.ctwa_clid,
            _ => return field.skip(),
        };
        *slot = field.text()?;
        Ok(())
    }
}

impl Fields for MessageStatus {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        match field.name {
            "message_id" => self.message_id = field.text()?.unwrap_or_default(),
            "status" => self.status = field.text()?.unwrap_or_default(),
            "timestamp" => self.timestamp = field.text()?,
            _ => field.skip()?,
        }
        Ok(())
    }

    fn missing(&self) -> Option<&'static str> {
        self.message_id.is_empty().then_some("message_id")
    }
}
