//~ E0277
//~ the trait bound `Invoice: Clone` is not satisfied
//~ required by a bound in `Event::<T>::into_inner`
//~ #[derive(Clone)]
use tower_webhook::Event;

struct Invoice {
    number: u32,
}

fn number(event: Event<Invoice>) -> u32 {
    event.into_inner().number
}

fn main() {
    let _ = number;
}
