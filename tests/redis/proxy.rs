//! A TCP proxy that can drop a response and switch to another server.

use std::sync::{
    Arc,
    atomic::{AtomicU16, AtomicU32, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    to_drop: Arc<AtomicU32>,
    server: Arc<AtomicU16>,
}

impl Proxy {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, to_drop: Arc::default(), server: Arc::new(AtomicU16::new(server)) };
        let handle = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = proxy.server.load(Ordering::SeqCst);
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(proxy.clone().pass(client, server));
            }
        });
        handle
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Directs new connections to this server; existing ones are unaffected.
    pub fn switch_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
    }

    /// Drops the next response and closes its connection.
    pub fn drop_next_response(&self) {
        self.to_drop.store(1, Ordering::SeqCst);
    }

    pub fn has_dropped_response(&self) -> bool {
        self.to_drop.load(Ordering::SeqCst) == 0
    }

    async fn pass(self, client: TcpStream, server: TcpStream) {
        let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
            (client.into_split(), server.into_split());
        let requests = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            let is_dropped = self.to_drop.swap(0, Ordering::SeqCst) > 0;
            if is_dropped || to_client.write_all(&bytes[..length]).await.is_err() {
                break;
            }
        }
        requests.abort();
    }
}
