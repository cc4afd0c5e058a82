//! Random operations on a store. A sequence of operations that fails is reduced to a shorter one that still fails.

use std::time::Duration;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{TestCaseResult, TestRunner},
};
use tower_webhook::store::{Key, Store, Token};

use crate::model::{Allowance, KEYS, Op, Reference, perform};

const TOKENS: usize = 3;

pub(crate) fn run(cases: u32, judge: impl Fn(Vec<Op>) -> TestCaseResult) {
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config).run(&vec(op(), 1..60), judge).unwrap_or_else(|failure| panic!("{failure}"));
}

fn op() -> impl Strategy<Value = Op> {
    let (key, token, time) = (0..KEYS, 0..TOKENS, 1..5_u32);
    let at = (key.clone(), token, time.clone());
    prop_oneof![
        4 => at.clone().prop_map(|(key, token, lease)| Op::Claim { key, token, lease }),
        1 => at.clone().prop_map(|(key, token, lease)| Op::Extend { key, token, lease }),
        2 => at.clone().prop_map(|(key, token, window)| Op::Complete { key, token, window }),
        1 => at.prop_map(|(key, token, _)| Op::Release { key, token }),
        1 => key.prop_map(|key| Op::Forget { key }),
        2 => time.prop_map(|time| Op::Advance { time }),
    ]
}

/// Runs the operations on `store` one after the other, and checks their results. `advance` advances the store's clock.
pub(crate) async fn judge<S: Store>(
    store: &S,
    advance: impl AsyncFn(Duration),
    allowance: Allowance,
    ops: Vec<Op>,
) -> TestCaseResult {
    let keys: [_; KEYS] = std::array::from_fn(|key| Key::new("reference", &key.to_string()));
    let tokens: [_; TOKENS] = std::array::from_fn(|_| Token::mint());
    let mut reference = Reference::new(allowance);
    for op in ops {
        let answer = perform(op, store, &keys, &tokens, allowance.unit, &advance).await;
        let before = reference.clone();
        prop_assert!(reference.allows(op, answer), "{op:?} returned {answer:?} in the state {before:?}");
    }
    Ok(())
}
