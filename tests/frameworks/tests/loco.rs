//! loco, whose controllers are axum handlers.

use frameworks::{Order, assert_guarded, listen, webhooks};
use loco_rs::{
    Result,
    app::{AppContext, Hooks},
    bgworker::Queue,
    boot::{BootResult, StartMode, create_app, run_app},
    config::Config,
    controller::{AppRoutes, Routes},
    environment::Environment,
    prelude::async_trait,
    task::Tasks,
};
use serde_json::json;
use tokio::net::TcpListener;
use tower_webhook::{Delivery, Event};

use axum::{extract::State, routing::post};

async fn on_order(State(context): State<AppContext>, _: Delivery, order: Event<Order>) -> Result<String> {
    assert_eq!(context.environment, Environment::Test);
    Ok(format!("order {}", order.number))
}

struct App;

#[async_trait]
impl Hooks for App {
    fn app_name() -> &'static str {
        "app"
    }

    fn routes(_: &AppContext) -> AppRoutes {
        AppRoutes::with_default_routes()
            .add_route(Routes::new().add("/webhook", post(on_order).layer(webhooks())))
    }

    async fn boot(mode: StartMode, environment: &Environment, config: Config) -> Result<BootResult> {
        create_app::<Self>(mode, environment, config).await
    }

    async fn connect_workers(_: &AppContext, _: &Queue) -> Result<()> {
        Ok(())
    }

    fn register_tasks(_: &mut Tasks) {}
}

#[tokio::test]
async fn routes() {
    let config = json!({
        "logger": { "enable": false, "level": "off", "format": "json" },
        "server": { "port": 0, "host": "localhost", "middlewares": {} },
        "workers": { "mode": "ForegroundBlocking" },
        "cache": { "kind": "Null" },
    });
    let config: Config = serde_json::from_value(config).unwrap();
    let context = AppContext::builder(Environment::Test, config).build();
    let app = run_app::<App>(&StartMode::ServerOnly, context).await.unwrap().router.unwrap();
    let (listener, address) = listen();
    let listener = TcpListener::from_std(listener).unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    assert_guarded(address).await;
}
