//! Payloads of Notifyer by WhatsAble.
//!
//! Decode deliveries as a [`Notification`]. Unknown events become [`Notification::Other`], so that the
//! handler can acknowledge them:
//!
//! ```
//! use tower_webhook::{WebhookLayer, provider, payload::notifyer::Notification};
//!
//! fn handle(notification: &Notification) {
//!     match notification {
//!         Notification::IncomingMessage(message) => println!("{} writes", message.phone_number),
//!         Notification::MessageStatus(status) => {
//!             println!("{} is {}", status.message_id.as_deref().unwrap_or("a message"), status.status);
//!         }
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
//! Notifyer sends an [`IncomingMessage`] when a contact writes to the business on WhatsApp. For older
//! endpoints, it wraps the message in an envelope: `{"event": "incoming_message", "data": {…}}`.
//! [`Notification`] and [`IncomingMessage`] accept both forms.
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
//! # Lenient decoding
//!
//! A verified delivery should not be lost because of a wrong type. Decoding is therefore lenient wherever the
//! value is unambiguous:
//!
//! * a message requires only `phone_number`, and unknown fields are ignored;
//! * a [`MessageStatus`] requires no field, and is accepted with or without the envelope;
//! * unknown values of [`MessageType`], [`Sender`] and [`ReferralSource`] are kept as sent;
//! * null, an empty string and a missing field are equivalent: `None`, an empty string or an empty list;
//! * a whole number or a boolean may be sent as a string, a string as a whole number, and a list as a string.
//!
//! Any other value of the wrong type is an error, except in a [`MessageStatus`], where it counts as missing.
//! Errors do not contain values from the payload, so they can be logged.
//!
//! Serialize ([`serde::Serialize`]) a message to store it and deserialize it later. Serialization uses the
//! newest names and types, and does not reproduce the received JSON.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};

use super::lenient::{Field, FieldName, Fields, Object, complete, open_enum};

/// A message in a WhatsApp conversation. A contact wrote it to the business or, if the endpoint subscribes to
/// outgoing messages, the business sent it (see [`is_incoming`](Self::is_incoming)).
///
/// Deserializes with or without the older envelope. See the [module](self) for an example and for lenient
/// decoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct IncomingMessage {
    /// The contact's number with its country code, without a leading `+`. It is never empty in a decoded
    /// message. A number that was sent as a string may contain characters other than digits.
    pub phone_number: String,
    /// The contact's name.
    pub recipient_name: Option<String>,
    /// The contact's id, a UUID.
    pub user_id: Option<String>,
    /// The type of the latest message, or [`MessageType::Other`] with an empty string if the field is
    /// missing.
    pub message_type: MessageType,
    /// The URL of the latest message's media, valid for 24 hours; [`media_url`](Self::media_url) also looks
    /// in `last_messages`.
    pub attachment_url: Option<String>,
    /// About 20 recent messages of the contact and the business, newest first.
    pub last_messages: Vec<LastMessage>,
    /// A readable summary of the recent conversation.
    pub conversation_paragraph: Option<String>,
    /// The text of the contact's latest message.
    pub last_message_of_user: Option<String>,
    /// The text of the business's latest message.
    pub last_message_of_bot: Option<String>,
    /// The time of the contact's latest message in Unix seconds, or `None` if there is no such message. Also
    /// read from the older field `user_timestamp`.
    pub user_last_message_time: Option<u64>,
    /// The time of the business's latest message in Unix seconds, or `None` if there is no such message. Also
    /// read from the older field `bot_timestamp`.
    pub bot_last_message_time: Option<u64>,
    /// A note about the contact.
    pub note: Option<String>,
    /// A note about the contact, written by an automation.
    pub note_automation: Option<String>,
    /// The contact's labels. Notifyer sends them as one string, separated by commas.
    pub labels: Vec<String>,
    /// `false` if the business sent the message. Older versions of Notifyer do not send this field, so use
    /// [`is_incoming`](Self::is_incoming).
    pub incoming_message: Option<bool>,
    /// The person or system that sent an outgoing message.
    pub send_by: Option<String>,
    /// `true` if a human wrote the message.
    pub was_message_by_human: Option<bool>,
    /// The ad or post from which the contact started the conversation.
    pub referral: Option<Referral>,
}

impl IncomingMessage {
    /// Returns whether the contact wrote this message. `true` if `incoming_message` is missing, because older
    /// versions of Notifyer only send incoming messages.
    #[must_use]
    pub fn is_incoming(&self) -> bool {
        self.incoming_message != Some(false)
    }

    /// Returns whether the contact has this label (case-sensitive).
    #[must_use]
    pub fn has_label(&self, label: &str) -> bool {
        self.labels.iter().any(|l| l == label)
    }

    /// Returns the URL of the message's media, which is valid for 24 hours. This is the `attachment_url` or,
    /// unless the message is a text message, the `media_url` of the newest of `last_messages`.
    #[must_use]
    pub fn media_url(&self) -> Option<&str> {
        if self.attachment_url.is_some() || self.message_type == MessageType::Text {
            return self.attachment_url.as_deref();
        }
        self.last_messages.first()?.media_url.as_deref()
    }
}

open_enum! {
    /// The type of a message.
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

/// A recent message of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LastMessage {
    /// The author. `type` in JSON.
    #[serde(rename = "type")]
    pub kind: Sender,
    /// The text. Empty for media.
    pub content: String,
    /// The time of the message in ISO 8601, as sent.
    pub timestamp: String,
    /// The type of the content, as sent.
    pub content_type: Option<String>,
    /// The URL of the media, valid for 24 hours after the message was written.
    pub media_url: Option<String>,
}

open_enum! {
    /// The author of a message.
    pub enum Sender {
        /// The contact: `user`
        User = "user",
        /// The business, whether a person or a program: `bot`
        Bot = "bot";
        /// Another author, as sent.
        Unknown(String),
    }
}

/// The "Click to WhatsApp" ad or post from which a conversation started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Referral {
    /// The kind of source, an ad or a post.
    pub source_type: Option<ReferralSource>,
    /// The id of the ad or post.
    pub source_id: Option<String>,
    /// The URL of the ad or post.
    pub source_url: Option<String>,
    /// The headline.
    pub headline: Option<String>,
    /// The text.
    pub body: Option<String>,
    /// The type of the media, as sent.
    pub media_type: Option<String>,
    /// The URL of the image.
    pub image_url: Option<String>,
    /// The URL of the video.
    pub video_url: Option<String>,
    /// The URL of the video's thumbnail.
    pub thumbnail_url: Option<String>,
    /// The click id of the ad, for reporting conversions.
    pub ctwa_clid: Option<String>,
}

open_enum! {
    /// The source of a conversation.
    pub enum ReferralSource {
        /// `ad`
        Ad = "ad",
        /// `post`
        Post = "post";
        /// Another source, as sent.
        Other(String),
    }
}

/// An event from Notifyer.
///
/// An event with an unknown name becomes [`Other`](Self::Other), so that the handler can acknowledge it. An
/// error would make Notifyer retry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notification {
    /// A message, with or without an envelope. Boxed because of its size.
    IncomingMessage(Box<IncomingMessage>),
    /// A new status of a message that the business sent.
    MessageStatus(MessageStatus),
    /// An unknown event. Its data is discarded.
    Other {
        /// The event's name.
        event: String,
    },
}

/// The new status of a message that the business sent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MessageStatus {
    /// The message's id, or `None` if the field is missing.
    pub message_id: Option<String>,
    /// The status, as sent. Notifyer does not document the values. Empty if the field is missing.
    pub status: String,
    /// The time of the status, as sent.
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
            _ => Err(D::Error::custom("event is not an incoming message")),
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
        let sent: SentStatus = Object::deserialize(deserializer)?.required()?;
        if sent.is_other_event || sent.is_message && sent.status == Self::default() {
            return Err(D::Error::custom("event is not a message status"));
        }
        Ok(sent.status)
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

    // Whether the object is an envelope is known only after its `event` field, so message fields are read in
    // the same pass.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notification, A::Error> {
        let mut message = IncomingMessage::default();
        let mut status = MessageStatus::default();
        let mut event = None;
        let mut enveloped = None;
        // `data`, if it precedes `event`. The event determines the type of `data`.
        let mut early: Option<serde_json::Value> = None;
        while let Some(FieldName(name)) = map.next_key()? {
            let field = Field { name: &name, map: &mut map };
            match (&*name, event.as_deref()) {
                ("event", _) => event = field.text()?,
                ("data", Some(event)) => enveloped = Some(map.next_value_seed(DataOf(event))?),
                ("data", None) => early = Some(map.next_value()?),
                ("message_id" | "status" | "timestamp", _) => status.set(field)?,
                (_, None | Some(INCOMING_MESSAGE)) => message.set(field)?,
                // Fields of other events may have other types.
                _ => field.skip()?,
            }
        }
        if let Some(notification) = enveloped {
            return Ok(notification);
        }
        match (event.as_deref(), early) {
            (Some(event), Some(data)) => DataOf(event).deserialize(data).map_err(A::Error::custom),
            (Some(MESSAGE_STATUS), None) => Ok(Notification::MessageStatus(status)),
            (None, _) if message.missing().is_some() && status.is_complete() => {
                Ok(Notification::MessageStatus(status))
            }
            (None | Some(INCOMING_MESSAGE), _) => complete(message).map(Notification::from),
            (Some(event), None) => Ok(Notification::Other { event: event.to_owned() }),
        }
    }
}

/// A `DeserializeSeed` for the `data` of the event with this name.
struct DataOf<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for DataOf<'_> {
    type Value = Notification;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Notification, D::Error> {
        match self.0 {
            INCOMING_MESSAGE => {
                let message: IncomingMessage = Object::deserialize(data)?.required()?;
                Ok(message.into())
            }
            MESSAGE_STATUS => {
                // A retry would contain the same data, so invalid data is ignored.
                let data = Object::deserialize(serde_json::Value::deserialize(data)?);
                let status = data.ok().and_then(Object::into_inner).unwrap_or_default();
                Ok(Notification::MessageStatus(status))
            }
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
            // The newer name takes precedence if both are sent, in any order.
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
            "message_id" => self.message_id = field.any_text()?,
            "status" => self.status = field.any_text()?.unwrap_or_default(),
            "timestamp" => self.timestamp = field.any_text()?,
            _ => field.skip()?,
        }
        Ok(())
    }
}

/// A message status, with or without the envelope.
#[derive(Default)]
struct SentStatus {
    status: MessageStatus,
    is_other_event: bool,
    is_message: bool,
}

impl Fields for SentStatus {
    fn set<'de, A: MapAccess<'de>>(&mut self, field: Field<'_, A>) -> Result<(), A::Error> {
        match field.name {
            "event" => self.is_other_event = field.text()?.is_some_and(|event| event != MESSAGE_STATUS),
            "data" => {
                if let Notification::MessageStatus(status) =
                    field.map.next_value_seed(DataOf(MESSAGE_STATUS))?
                {
                    self.status = status;
                }
            }
            "phone_number" => {
                self.is_message = true;
                field.skip()?;
            }
            _ => self.status.set(field)?,
        }
        Ok(())
    }
}

impl MessageStatus {
    fn is_complete(&self) -> bool {
        self.message_id.is_some() && !self.status.is_empty()
    }
}
