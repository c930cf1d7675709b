//! `docket-replay prove`: proofs that others can check without the log.

use anyhow::Context;
use clap::{Args, Subcommand};
use event_store::Audit;
use event_store::seal::{SealedTree, StoredCheckpoint, entry_of, leaf_hash};
use serde_json::json;

use crate::Verdict;
use crate::output::Output;

/// What is to be proved.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// That an event is in the log: its entry, and a proof that others can
    /// check (C2SP tlog-proof).
    Inclusion {
        /// The event's position.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        position: i64,
        /// The size of the signed head that the proof leads to; without it, the
        /// last one.
        #[arg(
            long,
            value_name = "SIZE",
            value_parser = clap::value_parser!(i64).range(1..),
            env = "DOCKET_REPLAY_SIZE"
        )]
        size: Option<i64>,
    },
    /// That the log of one size is the beginning of that of another one.
    Consistency {
        /// The smaller size.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        from: i64,
        /// The larger size; without it, that of the last signed head.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        to: Option<i64>,
    },
}

/// Prints a proof.
pub(crate) async fn run(
    audit: &Audit,
    arguments: &Arguments,
    output: &mut Output,
) -> anyhow::Result<Verdict> {
    let tree = audit.seals();
    match arguments.what {
        What::Inclusion { position, size } => {
            let head = head(&tree, size).await?;
            inclusion(audit, &tree, position, head, output).await?;
        }
        What::Consistency { from, to } => consistency(&tree, from, to, output).await?,
    }
    Ok(Verdict::Well)
}

/// The signed head of a size, or the last one.
async fn head(tree: &SealedTree, size: Option<i64>) -> anyhow::Result<StoredCheckpoint> {
    let Some(size) = size else {
        return tree.latest().await?.context("the log is not sealed yet");
    };
    let behind = tree.checkpoints(size - 1, 1).await?;
    behind
        .into_iter()
        .find(|head| head.size == size)
        .with_context(|| format!("no head of {size} events was signed"))
}

async fn inclusion(
    audit: &Audit,
    tree: &SealedTree,
    position: i64,
    head: StoredCheckpoint,
    output: &mut Output,
) -> anyhow::Result<()> {
    let hashes = tree.inclusion_proof(position, head.size).await?;
    let event = audit
        .event(position)
        .await?
        .with_context(|| format!("the event at position {position} is missing"))?;
    let entry = entry_of(&event);
    let note = tree.cosigned_note(&head).await?;
    let hashes: Vec<String> = hashes.iter().map(|hash| hash.to_base64()).collect();
    if output.is_json() {
        return output.json(&json!({
            "position": position,
            "entry": entry,
            "leafHash": leaf_hash(entry.as_bytes()).to_base64(),
            "size": head.size,
            "hashes": hashes,
            "rootHash": head.root.to_base64(),
            "checkpoint": note,
        }));
    }
    // The entry goes with the proof as its extra data.
    let extra = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(&entry)
    };
    output.line("c2sp.org/tlog-proof@v1")?;
    output.line(format_args!("extra {extra}"))?;
    output.line(format_args!("index {}", position - 1))?;
    for hash in &hashes {
        output.line(hash)?;
    }
    output.line("")?;
    output.line(note.trim_end_matches('\n'))
}

async fn consistency(
    tree: &SealedTree,
    from: i64,
    to: Option<i64>,
    output: &mut Output,
) -> anyhow::Result<()> {
    let to = match to {
        Some(to) => to,
        None => {
            tree.latest()
                .await?
                .context("the log is not sealed yet")?
                .size
        }
    };
    let hashes = tree.consistency_proof(from, to).await?;
    let (old, new) = (tree.root(from).await?, tree.root(to).await?);
    if output.is_json() {
        return output.json(&json!({
            "fromSize": from,
            "toSize": to,
            "fromRootHash": old.to_base64(),
            "toRootHash": new.to_base64(),
            "hashes": hashes.iter().map(|hash| hash.to_base64()).collect::<Vec<_>>(),
        }));
    }
    output.line(format_args!("from {from} {}", old.to_base64()))?;
    output.line(format_args!("to {to} {}", new.to_base64()))?;
    for hash in hashes {
        output.line(hash.to_base64())?;
    }
    Ok(())
}
