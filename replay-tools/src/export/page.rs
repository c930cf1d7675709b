//! The page that goes with an export: how to verify it without us.

use crate::package::Manifest;

const TEXT: &str = include_str!("VERIFY.md");

/// The page for one export.
pub(crate) fn text(manifest: &Manifest, key: &str) -> String {
    TEXT.replace("{origin}", &manifest.origin)
        .replace("{events_file}", manifest.events_file())
        .replace("{events}", &manifest.events.to_string())
        .replace("{size}", &manifest.checkpoint_size.to_string())
        .replace("{root}", &manifest.root_hash)
        .replace("{key}", key)
        .replace(
            "{complete}",
            if manifest.complete {
                "all events of the sealed log"
            } else {
                "a part of the sealed log"
            },
        )
}
