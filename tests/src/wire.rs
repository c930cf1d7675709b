//! The wire between a desk and its database, which can be cut: to the desk,
//! PostgreSQL is then gone.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// A wire from a port of its own to a server.
pub struct Wire {
    address: SocketAddr,
    to: String,
    carrying: Mutex<Option<JoinSet<()>>>,
}

impl Wire {
    /// Lays a wire to the server at an address, `HOST:PORT`.
    pub async fn to(server: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let wire = Self {
            address: listener.local_addr().unwrap(),
            to: server.to_owned(),
            carrying: Mutex::new(None),
        };
        *wire.carrying.lock().await = Some(carry(listener, &wire.to));
        wire
    }

    /// Where the wire begins.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Cuts the wire: connections break, and new ones are refused.
    pub async fn cut(&self) {
        if let Some(mut carrying) = self.carrying.lock().await.take() {
            carrying.shutdown().await;
        }
    }

    /// Mends the wire, on the same port.
    pub async fn mend(&self) {
        self.cut().await;
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        let listener = socket.listen(64).unwrap();
        *self.carrying.lock().await = Some(carry(listener, &self.to));
    }
}

/// Carries bytes both ways for everybody who comes, until the set is ended.
fn carry(listener: TcpListener, to: &str) -> JoinSet<()> {
    let to = Arc::<str>::from(to);
    let mut carrying = JoinSet::new();
    carrying.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((mut from, _)) = listener.accept().await {
            let to = to.clone();
            connections.spawn(async move {
                if let Ok(mut server) = TcpStream::connect(&*to).await {
                    // Either side may go away at any time.
                    let _ended = tokio::io::copy_bidirectional(&mut from, &mut server).await;
                }
            });
        }
    });
    carrying
}
