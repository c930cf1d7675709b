//! The load generator: connections that are kept open, each sending one
//! prepared request after the other and looking at every answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::pace::{Latencies, Pace};

/// Where requests are sent, and by whom.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    address: SocketAddr,
    host: HeaderValue,
    authorization: HeaderValue,
}

impl Door {
    /// The GraphQL of a service, with a token.
    pub(crate) fn new(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        Ok(Self {
            address,
            host: HeaderValue::from_str(&address.to_string())?,
            authorization: HeaderValue::from_str(&format!("Bearer {token}"))?,
        })
    }

    async fn connect(&self) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Connection {
            sender,
            door: self.clone(),
        })
    }
}

/// One connection.
struct Connection {
    sender: SendRequest<Full<Bytes>>,
    door: Door,
}

impl Connection {
    /// Sends a request and returns the answer, which must be one without
    /// errors.
    async fn ask(&mut self, body: Bytes) -> anyhow::Result<Bytes> {
        let request = Request::builder()
            .method(Method::POST)
            .uri("/graphql")
            .header(HOST, &self.door.host)
            .header(AUTHORIZATION, &self.door.authorization)
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))?;
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let status = response.status();
        let answer = response.into_body().collect().await?.to_bytes();
        let text = std::str::from_utf8(&answer)?;
        if !status.is_success()
            || !text.starts_with(r#"{"data":{"#)
            || text.contains(r#""errors":"#)
        {
            let start: String = text.chars().take(500).collect();
            bail!("{status}: {start}");
        }
        Ok(answer)
    }
}

/// A request as it goes over the wire.
pub(crate) fn request(query: &str, variables: &Value) -> Bytes {
    Bytes::from(json!({ "query": query, "variables": variables }).to_string())
}

/// Sends requests for a while, over one connection for each list of them, each
/// list from its beginning again when it is at its end. What happens within
/// the warm-up does not count.
pub(crate) async fn run(
    door: &Door,
    lists: &[Vec<Bytes>],
    warm_up: Duration,
    time: Duration,
) -> anyhow::Result<Pace> {
    let mut connections = JoinSet::new();
    let counts_from = Instant::now() + warm_up;
    let end = counts_from + time;
    for list in lists {
        let (door, list) = (door.clone(), list.clone());
        connections.spawn(async move {
            let mut connection = door.connect().await?;
            let mut latencies = Latencies::default();
            for body in list.into_iter().cycle() {
                let sent = Instant::now();
                connection.ask(body).await?;
                let answered = Instant::now();
                if answered >= end {
                    break;
                }
                if sent >= counts_from {
                    latencies.record(answered - sent);
                }
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Latencies::default();
    while let Some(connection) = connections.join_next().await {
        latencies.add(&connection??);
    }
    Ok(Pace::of(&latencies, time))
}

/// Sends each request once, over so many connections, and returns the answers
/// in the order of the requests.
pub(crate) async fn send_all(
    door: &Door,
    requests: Vec<Bytes>,
    connections: usize,
) -> anyhow::Result<Vec<Value>> {
    let requests = Arc::new(requests);
    let next = Arc::new(AtomicUsize::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..connections {
        let (door, requests, next) = (door.clone(), Arc::clone(&requests), Arc::clone(&next));
        senders.spawn(async move {
            let mut connection = door.connect().await?;
            let mut answers = Vec::new();
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(place) else {
                    break;
                };
                let answer: Value =
                    serde_json::from_slice(&connection.ask(request.clone()).await?)?;
                answers.push((place, answer));
            }
            anyhow::Ok(answers)
        });
    }
    let mut answers = Vec::new();
    while let Some(sender) = senders.join_next().await {
        answers.extend(sender.context("a connection")??);
    }
    answers.sort_by_key(|(place, _)| *place);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}
