//~ E0432|E0433
//~ RedisStore
//~ the item is gated behind the `redis` feature
use tower_webhook::store::RedisStore;

fn main() {
    let _ = RedisStore::connect("redis://127.0.0.1");
}
