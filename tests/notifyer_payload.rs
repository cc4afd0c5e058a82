//! Payloads of WhatsAble Notifyer: every type of message, both envelopes, and the quirks of the wire format.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use tower_webhook::payload::notifyer::*;

fn read(json: &str) -> IncomingMessage {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn notification(json: &str) -> Notification {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

#[track_caller]
fn status(json: &str) -> MessageStatus {
    match notification(json) {
        Notification::MessageStatus(status) => status,
        other => panic!("{json}: {other:?}"),
    }
}

/// Returns the error for a message with a phone number and this field.
#[track_caller]
fn error_for(field: &str) -> String {
    let json = format!(r#"{{"phone_number": "4915550100200", {field}}}"#);
    let error = serde_json::from_str::<IncomingMessage>(&json).expect_err(&json);
    error.to_string()
}

/// Returns a message with a phone number and this field.
#[track_caller]
fn with(field: &str) -> IncomingMessage {
    read(&format!(r#"{{"phone_number": "4915550100200", {field}}}"#))
}

const TEXT: &str = r#"{
    "last_messages": [
        {
            "type": "user",
            "content": "Do you have it in green?",
            "timestamp": "2026-01-01T00:00:00.000Z",
            "content_type": "text"
        },
        {
            "type": "bot",
            "content": "",
            "timestamp": "2025-12-31T23:58:00.000Z",
            "content_type": "image",
            "media_url": "https://media.example/chair.jpg"
        }
    ],
    "conversation_paragraph": "The customer asks for a chair in green.",
    "phone_number": "4915550100200",
    "recipient_name": "Ada Example",
    "user_id": "5f0c9a52-8f0e-4d53-9f39-0d7f3b0e7a11",
    "last_message_of_user": "Do you have it in green?",
    "last_message_of_bot": "",
    "message_type": "text",
    "user_last_message_time": 1767225600,
    "bot_last_message_time": 1767225480,
    "attachment_url": null,
    "note": "prefers mornings",
    "note_automation": "",
    "labels": "sales, premium-inquiry",
    "incoming_message": true,
    "send_by": "",
    "was_message_by_human": true,
    "referral": null
}"#;

#[test]
fn text_with_every_field() {
    let message = read(TEXT);
    assert_eq!(message.phone_number, "4915550100200");
    assert_eq!(message.recipient_name.as_deref(), Some("Ada Example"));
    assert_eq!(message.user_id.as_deref(), Some("5f0c9a52-8f0e-4d53-9f39-0d7f3b0e7a11"));
    assert_eq!(message.message_type, MessageType::Text);
    assert_eq!(message.conversation_paragraph.as_deref(), Some("The customer asks for a chair in green."));
    assert_eq!(message.last_message_of_user.as_deref(), Some("Do you have it in green?"));
    assert_eq!(message.last_message_of_bot, None);
    assert_eq!(message.user_last_message_time, Some(1_767_225_600));
    assert_eq!(message.bot_last_message_time, Some(1_767_225_480));
    assert_eq!(message.attachment_url, None);
    assert_eq!(message.media_url(), None);
    assert_eq!(message.note.as_deref(), Some("prefers mornings"));
    assert_eq!(message.note_automation, None);
    assert_eq!(message.labels, ["sales", "premium-inquiry"]);
    assert_eq!(message.incoming_message, Some(true));
    assert!(message.is_incoming());
    assert_eq!(message.send_by, None);
    assert_eq!(message.was_message_by_human, Some(true));
    assert_eq!(message.referral, None);

    let [question, picture] = &message.last_messages[..] else {
        panic!("{:?}", message.last_messages);
    };
    assert_eq!(question.kind, Sender::User);
    assert_eq!(question.content, "Do you have it in green?");
    assert_eq!(question.timestamp, "2026-01-01T00:00:00.000Z");
    assert_eq!(question.content_type.as_deref(), Some("text"));
    assert_eq!(question.media_url, None);
    assert_eq!(picture.kind, Sender::Bot);
    assert_eq!(picture.content, "");
    assert_eq!(picture.media_url.as_deref(), Some("https://media.example/chair.jpg"));
}

#[test]
fn media_of_every_type() {
    for (name, message_type, file) in [
        ("image", MessageType::Image, "photo.jpg"),
        ("audio", MessageType::Audio, "voice.ogg"),
        ("video", MessageType::Video, "clip.mp4"),
        ("document", MessageType::Document, "offer.pdf"),
    ] {
        let message = read(&format!(
            r#"{{
                "phone_number": "4915550100200",
                "message_type": "{name}",
                "last_message_of_user": "",
                "attachment_url": "https://media.example/{file}",
                "last_messages": [{{
                    "type": "user", "content": "", "content_type": "{name}",
                    "timestamp": "2026-01-01T00:00:00Z",
                    "media_url": "https://media.example/history/{file}"
                }}]
            }}"#
        ));
        assert_eq!(message.message_type, message_type);
        assert_eq!(message.message_type.as_str(), name);
        assert_eq!(message.last_message_of_user, None);
        let url = format!("https://media.example/{file}");
        assert_eq!(message.media_url(), Some(&*url));
        assert_eq!(message.attachment_url, Some(url));
    }
}

#[test]
fn location() {
    let message = with(
        r#""message_type": "location", "attachment_url": null,
           "last_messages": [{"type": "user", "content": "52.5163,13.3777", "latitude": 52.5163}]"#,
    );
    assert_eq!(message.message_type, MessageType::Location);
    assert_eq!(message.message_type.as_str(), "location");
    assert_eq!(message.last_messages[0].content, "52.5163,13.3777");
    assert_eq!(message.media_url(), None);
}

#[test]
fn unknown_message_types_are_kept() {
    let message = with(r#""message_type": "sticker""#);
    assert_eq!(message.message_type, MessageType::Other("sticker".into()));
    assert_eq!(message.message_type.as_str(), "sticker");

    for field in [r#""message_type": null"#, r#""message_type": """#, r#""note": "x""#] {
        assert_eq!(with(field).message_type, MessageType::Other(String::new()));
    }
}

#[test]
fn unknown_senders_are_kept() {
    let message = with(r#""last_messages": [{"type": "agent"}, {}, null]"#);
    assert_eq!(message.last_messages.len(), 2);
    assert_eq!(message.last_messages[0].kind, Sender::Unknown("agent".into()));
    assert_eq!(message.last_messages[0].kind.as_str(), "agent");
    assert_eq!(message.last_messages[1], LastMessage::default());
}

#[test]
fn media_url_falls_back_to_the_newest_message() {
    let history = r#""last_messages": [
        {"type": "user", "media_url": "https://media.example/new.jpg"},
        {"type": "user", "media_url": "https://media.example/old.jpg"}
    ]"#;
    let image = with(&format!(r#""message_type": "image", {history}"#));
    assert_eq!(image.media_url(), Some("https://media.example/new.jpg"));
    let text = with(&format!(r#""message_type": "text", {history}"#));
    assert_eq!(text.media_url(), None);
}

#[test]
fn last_messages_in_a_string() {
    let message = read(TEXT);
    let array = serde_json::to_string(&message.last_messages).unwrap();
    let string = serde_json::to_string(&array).unwrap();
    let from_string = with(&format!(r#""last_messages": {string}"#));
    assert_eq!(from_string.last_messages, message.last_messages);

    for empty in ["null", r#""""#, r#""  ""#, "[]", r#""[]""#, r#""null""#] {
        let message = with(&format!(r#""last_messages": {empty}"#));
        assert_eq!(message.last_messages, [], "{empty}");
    }
    assert_eq!(with(r#""note": "x""#).last_messages, []);
}

#[test]
fn phone_numbers() {
    for (sent, read_as) in [
        (r#""4915550100200""#, "4915550100200"),
        (r#""+4915550100200""#, "4915550100200"),
        (r#"" 4915550100200 ""#, "4915550100200"),
        (r#"" + +\t 49 155""#, "49 155"),
        (r#""0049155501002003004005006""#, "0049155501002003004005006"),
        ("4915550100200", "4915550100200"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let message = read(&format!(r#"{{"phone_number": {sent}}}"#));
        assert_eq!(message.phone_number, read_as);
    }

    for wrong in [
        "4915550100200.0",
        "4.9e12",
        "18446744073709551616", // one more than u64 holds
        "-4915550100200",
        "true",
        "null",
        r#""""#,
        r#""+""#,
        "[4915550100200]",
        r#"{"number": 4915550100200}"#,
    ] {
        let json = format!(r#"{{"phone_number": {wrong}}}"#);
        assert!(serde_json::from_str::<IncomingMessage>(&json).is_err(), "{json}");
    }
    for without in ["{}", r#"{"message_type": "text"}"#, r#"{"data": {}}"#] {
        let error = serde_json::from_str::<IncomingMessage>(without).unwrap_err();
        assert!(error.to_string().contains("`phone_number`"), "{error}");
    }
}

#[test]
fn only_the_phone_number_is_required() {
    let mut expected = IncomingMessage::default();
    expected.phone_number = "4915550100200".into();
    assert_eq!(with(r#""something_new": {"deep": [1.5, null]}"#), expected);

    let nulls = with(
        r#""last_messages": null, "conversation_paragraph": null, "recipient_name": null,
           "user_id": null, "last_message_of_user": null, "last_message_of_bot": null,
           "message_type": null, "user_last_message_time": null, "bot_last_message_time": null,
           "attachment_url": null, "note": null, "note_automation": null, "labels": null,
           "incoming_message": null, "send_by": null, "was_message_by_human": null,
           "referral": null"#,
    );
    assert_eq!(nulls, expected);
    let empties = with(
        r#""last_messages": "", "conversation_paragraph": "", "recipient_name": "",
           "user_id": "", "last_message_of_user": "", "last_message_of_bot": "",
           "message_type": "", "user_last_message_time": "", "bot_last_message_time": 0,
           "attachment_url": "", "note": "", "note_automation": "", "labels": "",
           "incoming_message": "", "send_by": "", "was_message_by_human": "", "referral": """#,
    );
    assert_eq!(empties, expected);
}

#[test]
fn times() {
    for (sent, time) in [
        ("1767225600", Some(1_767_225_600)),
        (r#""1767225600""#, Some(1_767_225_600)),
        ("0", None),
        (r#""0""#, None),
        (r#""""#, None),
        ("null", None),
        ("18446744073709551615", Some(u64::MAX)),
    ] {
        for name in ["user_last_message_time", "user_timestamp"] {
            let message = with(&format!(r#""{name}": {sent}"#));
            assert_eq!(message.user_last_message_time, time, "{name}: {sent}");
            assert_eq!(message.bot_last_message_time, None);
        }
        for name in ["bot_last_message_time", "bot_timestamp"] {
            let message = with(&format!(r#""{name}": {sent}"#));
            assert_eq!(message.bot_last_message_time, time, "{name}: {sent}");
            assert_eq!(message.user_last_message_time, None);
        }
    }
    for wrong in [
        "1767225600.5",
        "-1",
        "1e400",
        "99999999999999999999",
        r#""99999999999999999999""#,
        r#""-1""#,
        r#""yesterday""#,
        "true",
        "[]",
        "{}",
    ] {
        error_for(&format!(r#""user_last_message_time": {wrong}"#));
        error_for(&format!(r#""bot_timestamp": {wrong}"#));
    }
}

#[test]
fn newer_names_win_over_older_ones() {
    for fields in [
        r#""user_timestamp": 1, "user_last_message_time": 2, "bot_timestamp": 3, "bot_last_message_time": 4"#,
        r#""user_last_message_time": 2, "user_timestamp": 1, "bot_last_message_time": 4, "bot_timestamp": 3"#,
    ] {
        let message = with(fields);
        assert_eq!(message.user_last_message_time, Some(2));
        assert_eq!(message.bot_last_message_time, Some(4));
    }
}

#[test]
fn labels() {
    for (sent, labels) in [
        (r#""sales, premium-inquiry""#, &["sales", "premium-inquiry"][..]),
        (r#""sales""#, &["sales"]),
        (r#"" , sales,, two words ,""#, &["sales", "two words"]),
        (r#"["sales", " vip ", "", "a, b"]"#, &["sales", "vip", "a, b"]),
        (r#""""#, &[]),
        ("[]", &[]),
        ("null", &[]),
    ] {
        let message = with(&format!(r#""labels": {sent}"#));
        assert_eq!(message.labels, labels, "{sent}");
    }
    let message = with(r#""labels": "sales, premium-inquiry""#);
    assert!(message.has_label("premium-inquiry"));
    assert!(!message.has_label("premium"));
    assert!(!message.has_label("Sales"));
    for wrong in ["5", "true", "{}", "[1]", "[[]]"] {
        error_for(&format!(r#""labels": {wrong}"#));
    }
}

#[test]
fn outgoing() {
    let message = with(
        r#""incoming_message": false, "send_by": "support@shop.example",
           "was_message_by_human": false, "message_type": "text",
           "last_message_of_bot": "On its way!", "bot_last_message_time": 1767225700"#,
    );
    assert!(!message.is_incoming());
    assert_eq!(message.send_by.as_deref(), Some("support@shop.example"));
    assert_eq!(message.was_message_by_human, Some(false));
    assert_eq!(message.last_message_of_bot.as_deref(), Some("On its way!"));
    assert_eq!(message.bot_last_message_time, Some(1_767_225_700));

    // Versions of Notifyer before 2026 do not send `incoming_message`, and send only messages from contacts.
    let older = with(r#""message_type": "text""#);
    assert_eq!(older.incoming_message, None);
    assert!(older.is_incoming());

    assert!(!with(r#""incoming_message": "false""#).is_incoming());
    for wrong in ["0", "1", r#""no""#, "[]", "{}"] {
        error_for(&format!(r#""incoming_message": {wrong}"#));
    }
}

#[test]
fn referral() {
    let message = with(
        r#""referral": {
            "source_type": "ad", "source_id": 120210000000000001,
            "source_url": "https://ads.example/1", "headline": "Chairs", "body": "In every colour",
            "media_type": "video", "image_url": "https://ads.example/1.jpg",
            "video_url": "https://ads.example/1.mp4",
            "thumbnail_url": "https://ads.example/1-small.jpg", "ctwa_clid": "AbC-123",
            "welcome_message": {"text": "Hello"}
        }"#,
    );
    let referral = message.referral.unwrap();
    assert_eq!(referral.source_type, Some(ReferralSource::Ad));
    for (value, expected) in [
        (&referral.source_id, "120210000000000001"),
        (&referral.source_url, "https://ads.example/1"),
        (&referral.headline, "Chairs"),
        (&referral.body, "In every colour"),
        (&referral.media_type, "video"),
        (&referral.image_url, "https://ads.example/1.jpg"),
        (&referral.video_url, "https://ads.example/1.mp4"),
        (&referral.thumbnail_url, "https://ads.example/1-small.jpg"),
        (&referral.ctwa_clid, "AbC-123"),
    ] {
        assert_eq!(value.as_deref(), Some(expected));
    }

    let post = with(r#""referral": {"source_type": "post", "headline": "", "body": null}"#);
    let post = post.referral.unwrap();
    assert_eq!(post.source_type, Some(ReferralSource::Post));
    assert_eq!((post.headline, post.body), (None, None));

    let story = with(r#""referral": {"source_type": "story"}"#);
    let source = story.referral.unwrap().source_type.unwrap();
    assert_eq!(source, ReferralSource::Other("story".into()));
    assert_eq!(source.as_str(), "story");

    let empty = with(r#""referral": {}"#);
    assert_eq!(empty.referral, Some(Referral::default()));
    for wrong in [r#""ad""#, "[]", "true", r#"{"headline": ["x"]}"#] {
        error_for(&format!(r#""referral": {wrong}"#));
    }
}

#[test]
fn envelope_with_a_message() {
    let bare = read(TEXT);
    for json in [
        format!(r#"{{"event": "incoming_message", "data": {TEXT}}}"#),
        format!(r#"{{"data": {TEXT}, "event": "incoming_message"}}"#),
        format!(
            r#"{{"id": 7, "phone_number": 1, "event": "incoming_message", "data": {TEXT}, "v": [{{}}]}}"#
        ),
    ] {
        assert_eq!(read(&json), bare);
        assert_eq!(notification(&json), Notification::IncomingMessage(Box::new(bare.clone())));
    }
    assert_eq!(notification(TEXT), bare.clone().into());

    // A message with an event name or unrelated data is not an envelope.
    let beside = with(r#""message_type": "text", "event": "incoming_message""#);
    assert_eq!(beside.message_type, MessageType::Text);
    let beside = with(r#""data": [1, "x"], "message_type": "text""#);
    assert_eq!(beside.message_type, MessageType::Text);
}

#[test]
fn envelope_with_a_status() {
    let data = r#"{"message_id": "wamid.abc", "status": "delivered", "timestamp": "2026-01-01T00:00:00Z", "x": 1.5}"#;
    for json in [
        format!(r#"{{"event": "message_status", "data": {data}}}"#),
        format!(r#"{{"data": {data}, "event": "message_status"}}"#),
        format!(r#"{{"phone_number": "1", "event": "message_status", "labels": 5, "data": {data}}}"#),
    ] {
        let status = status(&json);
        assert_eq!(status.message_id.as_deref(), Some("wamid.abc"));
        assert_eq!(status.status, "delivered");
        assert_eq!(status.timestamp.as_deref(), Some("2026-01-01T00:00:00Z"));
        // A status update is not accepted as a message.
        assert!(serde_json::from_str::<IncomingMessage>(&json).is_err());
    }

    let number = r#"{"event": "message_status", "data": {"message_id": 12, "timestamp": 1767225600}}"#;
    let status = status(number);
    assert_eq!(status.message_id.as_deref(), Some("12"));
    assert_eq!(status.status, "");
    assert_eq!(status.timestamp.as_deref(), Some("1767225600"));
}

#[test]
fn a_status_update_may_lack_any_field() {
    for json in [
        r#"{"event": "message_status"}"#,
        r#"{"event": "message_status", "data": null}"#,
        r#"{"event": "message_status", "data": {}}"#,
        r#"{"event": "message_status", "data": [1]}"#,
        r#"{"data": [1], "event": "message_status"}"#,
        r#"{"event": "message_status", "data": {"message_id": "", "status": null, "timestamp": true}}"#,
    ] {
        assert_eq!(status(json), MessageStatus::default(), "{json}");
    }
    for json in [
        r#"{"event": "message_status", "data": {"message_id": "a", "status": "read", "timestamp": 1.5}}"#,
        r#"{"event": "message_status", "message_id": "a", "status": "read"}"#,
        r#"{"status": "read", "message_id": "a", "event": "message_status"}"#,
        r#"{"message_id": "a", "status": "read"}"#,
    ] {
        let status = status(json);
        assert_eq!((status.message_id.as_deref(), &*status.status), (Some("a"), "read"), "{json}");
    }
    // A message may have a `message_id` and a `status` as well.
    let message = with(r#""message_id": "a", "status": "read""#);
    assert_eq!(message.phone_number, "4915550100200");
}

#[test]
fn unknown_events_are_not_errors() {
    for json in [
        r#"{"event": "label_changed", "data": {"phone_number": [], "labels": {"old": 1.5}}}"#,
        r#"{"data": {"labels": {"old": 1.5}}, "event": "label_changed"}"#,
        r#"{"event": "label_changed", "labels": {"old": 1.5}, "phone_number": 1}"#,
        r#"{"event": "label_changed", "data": "x"}"#,
        r#"{"event": "label_changed", "data": null}"#,
        r#"{"event": "label_changed"}"#,
    ] {
        let expected = Notification::Other { event: "label_changed".into() };
        assert_eq!(notification(json), expected);
        assert!(serde_json::from_str::<IncomingMessage>(json).is_err(), "{json}");
    }
}

#[test]
fn serialized_payloads_can_be_deserialized() {
    let referral = r#""referral": {"source_type": "story"}, "incoming_message": false"#;
    for message in [read(TEXT), with(r#""message_type": "sticker""#), with(referral)] {
        let json = serde_json::to_string(&message).unwrap();
        assert_eq!(read(&json), message);
    }
    let json = r#"{"event": "message_status", "data": {"message_id": "a", "status": "read"}}"#;
    let status = status(json);
    let json = serde_json::to_string(&status).unwrap();
    assert_eq!(serde_json::from_str::<MessageStatus>(&json).unwrap(), status);
}

#[test]
fn a_status_is_read_with_and_without_its_envelope_and_other_payloads_are_refused() {
    let status = |json: &str| serde_json::from_str::<MessageStatus>(json).map_err(|error| error.to_string());
    let read = status(r#"{"message_id": "1", "status": "read", "phone_number": "49"}"#).unwrap();
    assert_eq!((read.message_id.as_deref(), &*read.status), (Some("1"), "read"));
    for enveloped in [
        r#"{"event": "message_status", "data": {"message_id": "1", "status": "read"}}"#,
        r#"{"data": {"message_id": "1", "status": "read", "phone_number": "49"}, "event": "message_status"}"#,
    ] {
        assert_eq!(status(enveloped).as_ref(), Ok(&read), "{enveloped}");
    }
    assert_eq!(status("{}").unwrap(), MessageStatus::default());
    for other in [
        TEXT,
        r#"{"event": "incoming_message", "data": {"phone_number": "49"}}"#,
        r#"{"event": "template_approved", "data": {}}"#,
    ] {
        assert!(status(other).unwrap_err().starts_with("event is not a message status"), "{other}");
    }
}

#[test]
fn reads_from_slices_readers_and_values() {
    let expected = read(TEXT);
    let slice: IncomingMessage = serde_json::from_slice(TEXT.as_bytes()).unwrap();
    assert_eq!(slice, expected);
    let reader: IncomingMessage = serde_json::from_reader(TEXT.as_bytes()).unwrap();
    assert_eq!(reader, expected);
    let value: serde_json::Value = serde_json::from_str(TEXT).unwrap();
    assert_eq!(serde_json::from_value::<IncomingMessage>(value).unwrap(), expected);
    // A key with an escape cannot be borrowed.
    let escaped = read(r#"{"phone\u005fnumber": 1}"#);
    assert_eq!(escaped.phone_number, "1");
}

#[test]
fn wrong_types_are_errors() {
    for wrong in ["true", "1.5", "-1", "[]", "{}"] {
        for name in [
            "conversation_paragraph",
            "recipient_name",
            "user_id",
            "last_message_of_user",
            "last_message_of_bot",
            "message_type",
            "attachment_url",
            "note",
            "note_automation",
            "send_by",
            "event",
        ] {
            error_for(&format!(r#""{name}": {wrong}"#));
        }
    }
    for wrong in [
        "5",
        "true",
        "{}",
        "[true]",
        r#"["text"]"#,
        "[[]]",
        r#"[{"content": {}}]"#,
        r#""not json""#,
        r#""{}""#,
        r#""[5.5.]""#,
        r#""[{}] []""#,
        r#""\"[]\"""#, // a string in the string
    ] {
        error_for(&format!(r#""last_messages": {wrong}"#));
    }
    for wrong in ["", "null", "5", "true", "[]", r#""text""#, "{", "[{}]"] {
        assert!(serde_json::from_str::<IncomingMessage>(wrong).is_err());
        assert!(serde_json::from_str::<Notification>(wrong).is_err());
    }
    assert!(serde_json::from_slice::<IncomingMessage>(b"{\"phone_number\": \"\xff\"}").is_err());
}

#[test]
fn depth_is_bounded() {
    let arrays = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let objects = |depth: usize| r#"{"a":"#.repeat(depth) + "1" + &"}".repeat(depth);
    for depth in [200, 200_000] {
        error_for(&format!(r#""last_messages": {}"#, arrays(depth)));
        error_for(&format!(r#""last_messages": "{}""#, arrays(depth)));
        error_for(&format!(r#""last_messages": "{}""#, "[".repeat(depth)));
        error_for(&format!(r#""labels": {}"#, arrays(depth)));
        error_for(&format!(r#""note": {}"#, objects(depth)));
        error_for(&format!(r#""data": {}, "event": "message_status""#, objects(depth)));

        let string = serde_json::to_string(&format!(r#"[{{"content": {}}}]"#, objects(depth)));
        error_for(&format!(r#""last_messages": {}"#, string.unwrap()));
    }

    // Envelopes within envelopes are not opened.
    let nested = r#"{"event":"incoming_message","data":"#.repeat(50) + TEXT + &"}".repeat(50);
    assert!(serde_json::from_str::<IncomingMessage>(&nested).is_err());
}

#[test]
fn errors_do_not_quote_the_payload() {
    for (field, name) in [
        (r#""user_last_message_time": "secret""#, "user_last_message_time"),
        (r#""incoming_message": "secret""#, "incoming_message"),
        (r#""last_messages": "secret""#, "last_messages"),
        (r#""last_messages": "[\"secret\"]""#, "last_messages"),
        (r#""last_messages": ["secret"]"#, ""),
        (r#""referral": "secret""#, ""),
        (r#""note": {"a": "secret"}"#, ""),
    ] {
        let error = error_for(field);
        assert!(error.contains(name), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
}
