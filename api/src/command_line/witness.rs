//! `docket witness`.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use event_store::seal::VerifierKey;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::witness::Witness;

#[derive(Debug, Args)]
pub(super) struct WitnessArgs {
    /// The directory of its key and of what it has seen; made if it is not
    /// there. It must outlive the machine of the desk.
    #[arg(long, value_name = "DIR", env = "DOCKET_WITNESS_DIR")]
    directory: PathBuf,

    /// What it is called: a URL without its scheme, such as
    /// audit.example.cn/witness.
    #[arg(long, value_name = "NAME", env = "DOCKET_WITNESS_NAME")]
    name: String,

    /// The public key of a log that it witnesses, as `docket seal keys` prints
    /// it. May be repeated; after a rotation both keys are named.
    #[arg(
        long,
        value_name = "KEY",
        required = true,
        env = "DOCKET_WITNESS_LOG_KEYS",
        value_delimiter = ';'
    )]
    log_key: Vec<VerifierKey>,

    /// The address to listen on.
    #[arg(
        long,
        value_name = "HOST:PORT",
        default_value = "127.0.0.1:8090",
        env = "DOCKET_WITNESS_LISTEN"
    )]
    listen: SocketAddr,
}

/// Witnesses until SIGTERM or SIGINT. Prints the public key and the address.
pub(super) async fn run(args: WitnessArgs) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let witness = Witness::open(args.directory, &args.name, args.log_key).await?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("cannot listen on {}", args.listen))?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", witness.key())?;
    writeln!(out, "http://{}", listener.local_addr()?)?;
    out.flush()?;
    axum::serve(listener, witness.router())
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await?;
    Ok(())
}
