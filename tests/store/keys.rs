//! Keys and owner tokens.

use tower_webhook::store::{Key, Token};

#[test]
fn tokens_differ() {
    let threads: Vec<_> =
        (0..4).map(|_| std::thread::spawn(|| (0..1000).map(|_| Token::mint()).collect::<Vec<_>>())).collect();
    let tokens: std::collections::HashSet<_> =
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(tokens.len(), 4000);
    for token in tokens {
        let bytes = token.to_bytes();
        assert_eq!(bytes.map(|byte| format!("{byte:02x}")).concat(), token.to_string());
        // Both halves are set: one distinguishes processes, the other the tokens of one process.
        let (process, number) = bytes.split_at(8);
        assert!(process != [0; 8] && number != [0; 8], "{token}");
    }
}

#[test]
fn keys_are_bounded_and_distinct() {
    let long = "x".repeat(1 << 20);
    let key = Key::new(&long, &long);
    assert!(key.as_str().len() < 150);
    assert_ne!(key, Key::new(&long, &format!("{long}x")));
    assert_eq!(Key::new("s", &"x".repeat(128)).id().len(), 128);
    assert!(Key::new("s", &"x".repeat(129)).id().starts_with("sha256-"));
    assert_ne!(Key::new("a:b", "c"), Key::new("a", "b:c"));
    let key = Key::new("a:b", "c");
    assert_eq!((key.scope(), key.id()), ("a:b", "c"));
    assert_eq!((key.as_str(), key.to_string()), ("a:b:c", "a:b:c".to_owned()));
}
