//! The known answers in `tests/vectors/answers/`, as JSON.

use std::fs;

use serde_json::{Value, json};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/answers");

/// Returns the known answers of all providers.
pub fn answers() -> Vec<Value> {
    let names = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut providers: Vec<_> =
        names.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    providers.sort();
    providers.iter().flat_map(|provider| answers_of(provider)).collect()
}

/// Returns the known answers of a provider. Their files leave out fields with the usual values.
pub fn answers_of(provider: &str) -> Vec<Value> {
    let text = fs::read_to_string(format!("{FOLDER}/{provider}.json")).unwrap();
    let mut answers: Vec<Value> = serde_json::from_str(&text).unwrap();
    for answer in answers.iter_mut().map(|answer| answer.as_object_mut().unwrap()) {
        let usual = [
            ("provider", json!(provider)),
            ("method", json!("POST")),
            ("url", json!("https://receiver.example/webhook")),
            ("now_unix", json!(1_800_000_000)),
        ];
        for (field, value) in usual {
            answer.entry(field).or_insert(value);
        }
    }
    answers
}
