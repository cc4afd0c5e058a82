//! A way to a server on which answers get lost, and which may come to lead to another.

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
    to_lose: Arc<AtomicU32>,
    server: Arc<AtomicU16>,
}

impl Proxy {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let proxy = Self { port, to_lose: Arc::default(), server: Arc::new(AtomicU16::new(server)) };
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

    /// New connections lead there; those that exist stay as they are.
    pub fn lead_to(&self, server: u16) {
        self.server.store(server, Ordering::SeqCst);
    }

    /// The next answer is lost, and its connection with it.
    pub fn lose_an_answer(&self) {
        self.to_lose.store(1, Ordering::SeqCst);
    }

    pub fn has_lost_it(&self) -> bool {
        self.to_lose.load(Ordering::SeqCst) == 0
    }

    async fn pass(self, client: TcpStream, server: TcpStream) {
        let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
            (client.into_split(), server.into_split());
        let questions = tokio::spawn(async move { copy(&mut from_client, &mut to_server).await });
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = from_server.read(&mut bytes).await {
            let lost = self.to_lose.swap(0, Ordering::SeqCst) > 0;
            if lost || to_client.write_all(&bytes[..length]).await.is_err() {
                break;
            }
        }
        questions.abort();
    }
}
