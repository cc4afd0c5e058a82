use serde_json::{Map, Value, json};

/// The fields of the body.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) json: Value,
    /// The body is a form if this is not empty.
    pub(super) form: Vec<(String, String)>,
}

impl Fields {
    /// Sets the value at a JSON pointer, unless it exists.
    pub(super) fn add(&mut self, pointer: &str, value: Value) {
        if self.json.pointer(pointer).is_none() {
            self.set(pointer, value);
        }
    }

    pub(super) fn set(&mut self, pointer: &str, value: Value) {
        let mut place = &mut self.json;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let index = step.parse::<usize>().ok();
            if let (Some(_), true) = (index, place.is_null() || place.as_object().is_some_and(Map::is_empty))
            {
                *place = json!([]);
            }
            place = match place {
                // A step that is not an index refers to the first item, and an index beyond the end to the last.
                Value::Array(items) => {
                    if items.is_empty() {
                        items.push(Value::Null);
                    }
                    let last = index.unwrap_or(0).min(items.len() - 1);
                    let Some(item) = items.get_mut(last) else { return };
                    item
                }
                other => {
                    if !other.is_object() {
                        *other = json!({});
                    }
                    let Value::Object(members) = other else { return };
                    members.entry(step).or_insert(Value::Null)
                }
            };
        }
        *place = value;
    }
}
