//! A tracing subscriber that records spans and events of all levels.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex, Once},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::{DefaultGuard, set_default, set_global_default},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

#[derive(Clone, Default)]
pub struct Seen {
    kept: Arc<Mutex<Kept>>,
    without_spans: bool,
}

#[derive(Default)]
struct Kept {
    ended: Vec<Spanned>,
    events: Vec<Logged>,
    deliveries: Vec<Logged>,
    /// All spans and events as text.
    text: String,
}

/// A span that has ended.
#[derive(Clone, Debug)]
pub struct Spanned {
    pub name: &'static str,
    pub target: &'static str,
    pub level: Level,
    pub declared: Vec<&'static str>,
    fields: Fields,
}

/// An event and its spans, the outermost first.
#[derive(Clone, Debug)]
pub struct Logged {
    pub spans: Vec<&'static str>,
    pub target: String,
    pub level: Level,
    fields: Fields,
}

#[derive(Clone, Debug, Default)]
struct Fields(Vec<(&'static str, String)>);

impl Seen {
    /// Records what this thread logs until the guard is dropped.
    pub fn start() -> (Self, DefaultGuard) {
        // `tracing` caches for each call site whether a subscriber is interested in it. A global subscriber that
        // discards everything keeps threads without a subscriber from disabling the call sites of other threads.
        static GLOBAL: Once = Once::new();
        GLOBAL.call_once(|| set_global_default(tracing_subscriber::registry()).unwrap());
        let seen = Self::default();
        let guard = set_default(seen.subscriber());
        (seen, guard)
    }

    pub fn start_without_spans() -> (Self, DefaultGuard) {
        let seen = Self { without_spans: true, ..Self::default() };
        let guard = set_default(seen.subscriber());
        (seen, guard)
    }

    fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        tracing_subscriber::registry().with(self.clone())
    }

    /// Takes the `delivery ended` events since the last call.
    pub fn deliveries(&self) -> Vec<Logged> {
        std::mem::take(&mut self.kept.lock().unwrap().deliveries)
    }

    /// Takes the other events since the last call.
    pub fn events(&self) -> Vec<Logged> {
        std::mem::take(&mut self.kept.lock().unwrap().events)
    }

    /// Takes the only other event since the last call.
    #[track_caller]
    pub fn event(&self) -> Logged {
        let events = self.events();
        assert_eq!(events.len(), 1, "{events:?}");
        events[0].clone()
    }

    /// Takes the spans that have ended since the last call.
    pub fn spans(&self) -> Vec<Spanned> {
        std::mem::take(&mut self.kept.lock().unwrap().ended)
    }

    /// Takes the only span that has ended since the last call.
    #[track_caller]
    pub fn span(&self) -> Spanned {
        let spans = self.spans();
        assert_eq!(spans.len(), 1, "{spans:?}");
        spans[0].clone()
    }

    /// Returns everything that was recorded, as text.
    pub fn text(&self) -> String {
        self.kept.lock().unwrap().text.clone()
    }

    #[track_caller]
    pub fn assert_silent_about(&self, secrets: &[&str]) {
        let text = self.text();
        assert!(!text.is_empty());
        for secret in secrets {
            assert!(!text.contains(secret), "{secret:?} is in {text}");
        }
    }
}

impl Spanned {
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }

    /// Returns the recorded fields in order.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.0.iter().map(|(name, value)| (*name, &**value)).collect()
    }
}

impl Logged {
    /// Returns the fields in order.
    pub fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.0.iter().map(|(name, value)| (*name, &**value)).collect()
    }

    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)
    }
}

impl Fields {
    /// Returns the value of a field. Asserts that the field was recorded at most once, because a subscriber that writes
    /// text would repeat the field.
    #[track_caller]
    fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|field| field.0 == name);
        let value = values.next();
        assert!(values.next().is_none(), "{name} was recorded twice: {self:?}");
        value.map(|field| &*field.1)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Seen {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        !(self.without_spans && metadata.is_span())
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        self.kept.lock().unwrap().text.push_str(&format!("{attributes:?} {fields:?}\n"));
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        values.record(&mut fields);
        self.kept.lock().unwrap().text.push_str(&format!("{fields:?}\n"));
        context.span(id).unwrap().extensions_mut().get_mut::<Fields>().unwrap().0.extend(fields.0);
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let spans = context.event_scope(event).into_iter().flat_map(|scope| scope.from_root());
        let spans = spans.map(|span| span.name()).collect();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let metadata = event.metadata();
        let logged = Logged { spans, target: metadata.target().to_owned(), level: *metadata.level(), fields };
        let mut kept = self.kept.lock().unwrap();
        kept.text.push_str(&format!("{logged:?}\n"));
        match logged.field("message") {
            Some("delivery ended") => kept.deliveries.push(logged),
            _ => kept.events.push(logged),
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        let fields = span.extensions_mut().remove::<Fields>().unwrap_or_default();
        let metadata = span.metadata();
        let declared = metadata.fields().iter().map(|field| field.name()).collect();
        let (name, target, level) = (metadata.name(), metadata.target(), *metadata.level());
        self.kept.lock().unwrap().ended.push(Spanned { name, target, level, declared, fields });
    }
}
