/// One or more event types in the provider's spelling, for [`only_events`](crate::WebhookLayer::only_events)
/// and [`EventRouter::on`](crate::EventRouter::on).
///
/// Converts from a string, or an array, slice or `Vec` of strings. Event types are compared byte by byte.
///
/// ```
/// use tower_webhook::EventTypes;
///
/// let one = EventTypes::from("push");
/// let several = EventTypes::from(["issues", "issue_comment"]);
/// let configured = EventTypes::from(vec!["invoice.paid".to_owned()]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTypes(pub(crate) Vec<String>);

impl EventTypes {
    pub(crate) fn contains(&self, event_type: &str) -> bool {
        self.0.iter().any(|listed| listed == event_type)
    }

    fn of<T: Into<String>>(event_types: impl IntoIterator<Item = T>) -> Self {
        Self(event_types.into_iter().map(Into::into).collect())
    }
}

impl From<&str> for EventTypes {
    fn from(event_type: &str) -> Self {
        Self::of([event_type])
    }
}

impl From<String> for EventTypes {
    fn from(event_type: String) -> Self {
        Self::of([event_type])
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for EventTypes {
    fn from(event_types: [T; N]) -> Self {
        Self::of(event_types)
    }
}

impl<T: Into<String> + Clone> From<&[T]> for EventTypes {
    fn from(event_types: &[T]) -> Self {
        Self::of(event_types.iter().cloned())
    }
}

impl<T: Into<String>> From<Vec<T>> for EventTypes {
    fn from(event_types: Vec<T>) -> Self {
        Self::of(event_types)
    }
}
