//! What each of the smaller examples is about.

use crate::documented::{Documented, paste};

#[test]
fn axum_and_hyper_leave_other_routes_alone() {
    for name in ["axum", "hyper"] {
        let program = Documented::of(name).start(&[]);
        let health = paste(&program.address(), "curl -i http://127.0.0.1:3000/health");
        assert_eq!((health[0].status, &*health[0].body), (200, "healthy\n"), "{name}");
    }
}

#[test]
fn batch_handles_each_message_once() {
    let documented = Documented::of("batch");
    let program = documented.start(&[]);
    paste(&program.address(), documented.paste());
    program.says(r#"wamid.1: 4915550100200 says Some("hello")"#);
    program.says("wamid.1 was handled before");
    program.says(r#"wamid.2: 4915550100200 says Some("are you there?")"#);
}
