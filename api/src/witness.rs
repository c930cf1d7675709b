//! `docket witness`: a witness for the logs of others (C2SP tlog-witness), to
//! be run by another department, on another machine. It is shown the heads of
//! a log, checks that each goes on from the last one that it has seen, signs
//! it and remembers it. It knows nothing of a desk but its public key.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use event_store::seal::{
    Checkpoint, Hash, KeptHeads, SignatureKind, SignedNote, Signer, SignerSource, VerifierKey,
    verify_consistency,
};
use tokio::sync::Mutex;

/// A witness, and what it has seen.
pub struct Witness {
    signer: Signer,
    /// The public keys of each log that it knows, by the log's name.
    logs: HashMap<String, Vec<VerifierKey>>,
    /// Where it keeps what it has seen.
    kept: KeptHeads,
    /// The last head of each log; held while one is judged and written down,
    /// so that none is ever taken back.
    seen: Mutex<HashMap<String, Checkpoint>>,
}

/// What the HTTP answer to a head is.
#[derive(Debug)]
enum Refusal {
    /// Nothing that can be understood.
    Malformed(String),
    /// A log that it does not know.
    Unknown,
    /// Signed by nobody whom it knows.
    Unsigned(String),
    /// It has seen a head of this size last.
    Saw(u64),
    /// What it has seen is not the beginning of this.
    Inconsistent(String),
    /// It could not write down what it has seen.
    Failed(String),
}

impl Witness {
    /// A witness that keeps its key and what it has seen in a directory, which
    /// is made with a new key if there is none.
    pub async fn open(
        directory: PathBuf,
        name: &str,
        logs: Vec<VerifierKey>,
    ) -> anyhow::Result<Self> {
        let source = SignerSource::Directory(directory.join("keys"));
        let public = directory.join("public-key");
        let signer = if public.exists() {
            let key = std::fs::read_to_string(&public)?;
            Signer::find(&source, &key.parse().context("public-key")?).await?
        } else {
            let signer = Signer::create(&source, name, SignatureKind::Cosignature).await?;
            std::fs::write(&public, format!("{}\n", signer.key()))?;
            signer
        };
        let mut known: HashMap<String, Vec<VerifierKey>> = HashMap::new();
        for key in logs {
            known.entry(key.name().to_owned()).or_default().push(key);
        }
        let kept = KeptHeads::new(directory);
        let mut seen = HashMap::new();
        for origin in known.keys() {
            if let Some(head) = kept.of(origin)? {
                seen.insert(origin.clone(), head.checkpoint);
            }
        }
        Ok(Self {
            signer,
            logs: known,
            kept,
            seen: Mutex::new(seen),
        })
    }

    /// The key by which its signatures are verified.
    pub fn key(&self) -> &VerifierKey {
        self.signer.key()
    }

    /// Its doors: heads come in, and what it has seen can be read.
    pub fn router(self) -> Router {
        Router::new()
            .route("/add-checkpoint", post(add_checkpoint))
            .route("/seen", get(show_seen))
            .with_state(Arc::new(self))
    }

    async fn judge(&self, body: &str) -> Result<String, Refusal> {
        let malformed = |problem: &str| Refusal::Malformed(problem.to_owned());
        let (request, note) = body
            .split_once("\n\n")
            .ok_or_else(|| malformed("an empty line parts the proof from the head"))?;
        let mut lines = request.lines();
        let old: u64 = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(|size| size.parse().ok())
            .ok_or_else(|| malformed("the first line is `old` and a size"))?;
        let proof = lines
            .map(|line| Hash::from_base64(line).ok_or_else(|| malformed("a hash is none")))
            .collect::<Result<Vec<_>, _>>()?;
        let note: SignedNote = note
            .parse()
            .map_err(|error| Refusal::Malformed(format!("{error}")))?;
        let head: Checkpoint = note
            .text
            .parse()
            .map_err(|error| Refusal::Malformed(format!("{error}")))?;
        let keys = self.logs.get(&head.origin).ok_or(Refusal::Unknown)?;
        let signed = keys.iter().map(|key| key.verify(&note));
        if !signed.clone().any(|verdict| verdict.is_ok()) {
            let verdicts: Vec<String> = signed
                .filter_map(Result::err)
                .map(|error| error.to_string())
                .collect();
            return Err(Refusal::Unsigned(verdicts.join("; ")));
        }
        if old > head.size {
            return Err(malformed("the old size is larger than that of the head"));
        }

        let mut seen = self.seen.lock().await;
        if let Some(last) = seen.get(&head.origin) {
            if last.size != old || (old == head.size && last.root != head.root) {
                return Err(Refusal::Saw(last.size));
            }
            verify_consistency(old, last.root, head.size, head.root, &proof)
                .map_err(|error| Refusal::Inconsistent(error.to_string()))?;
        } else if old != 0 {
            return Err(Refusal::Saw(0));
        } else if !proof.is_empty() {
            return Err(Refusal::Inconsistent("nothing needs no proof".to_owned()));
        }
        let failed = |error: &dyn std::fmt::Display| Refusal::Failed(error.to_string());
        let signature = self
            .signer
            .cosign(&note.text, now())
            .await
            .map_err(|error| failed(&error))?;
        // Written down before anybody hears that it was seen.
        self.kept
            .keep(&head.origin, note.to_string())
            .await
            .map_err(|error| failed(&error))?;
        seen.insert(head.origin.clone(), head);
        Ok(format!("{signature}\n"))
    }
}

fn now() -> u64 {
    u64::try_from(crate::clock::now().timestamp()).unwrap_or_default()
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: String) -> Response {
    let refusal = match witness.judge(&body).await {
        Ok(signature) => return signature.into_response(),
        Err(refusal) => refusal,
    };
    tracing::warn!(?refusal, "a head was not signed");
    match refusal {
        Refusal::Malformed(problem) => (StatusCode::BAD_REQUEST, problem).into_response(),
        Refusal::Unknown => StatusCode::NOT_FOUND.into_response(),
        Refusal::Unsigned(problem) => (StatusCode::FORBIDDEN, problem).into_response(),
        Refusal::Saw(size) => {
            let kind = [(header::CONTENT_TYPE, "text/x.tlog.size")];
            (StatusCode::CONFLICT, kind, format!("{size}\n")).into_response()
        }
        Refusal::Inconsistent(problem) => {
            (StatusCode::UNPROCESSABLE_ENTITY, problem).into_response()
        }
        Refusal::Failed(problem) => {
            tracing::error!(problem, "a head could not be written down");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The last head of each log, one behind the other: what `docket-replay verify
/// --witness` takes.
async fn show_seen(State(witness): State<Arc<Witness>>) -> Response {
    let mut text = String::new();
    for origin in witness.logs.keys() {
        if let Ok(Some(head)) = witness.kept.of(origin) {
            text.push_str(&head.note.to_string());
            text.push('\n');
        }
    }
    text.into_response()
}
