//~ E0308
//~ expected `Arc<Invoice>`, found `Invoice`
use tower_webhook::Event;

struct Invoice {
    number: u32,
}

fn number(Event(Invoice { number }): Event<Invoice>) -> u32 {
    number
}

fn main() {
    let _ = number;
}
