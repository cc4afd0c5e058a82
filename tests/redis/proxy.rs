//! A way to a server on which answers get lost.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream},
};

#[derive(Clone)]
pub struct Proxy {
    pub port: u16,
    to_lose: Arc<AtomicU32>,
}

impl Proxy {
    pub async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self { port: listener.local_addr().unwrap().port(), to_lose: Arc::default() };
        let handle = proxy.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(proxy.clone().pass(client, server));
            }
        });
        handle
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
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
