//! Heads in a file: on a share of another department, or on a medium that is
//! written once.

use std::path::{Path, PathBuf};

use event_store::seal::Sealed;
use tokio::io::AsyncWriteExt;

use super::outsider::ShowError;

/// Adds heads to a file, and changes nothing that stands in it.
pub(super) struct FileKeeper {
    path: PathBuf,
}

impl FileKeeper {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Adds a note and an empty line, and waits until they are on the medium.
    pub(super) async fn append(&self, head: &Sealed) -> Result<(), ShowError> {
        let written = async {
            let mut file = tokio::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .open(&self.path)
                .await?;
            file.write_all(format!("{}\n", head.note).as_bytes())
                .await?;
            file.sync_data().await
        };
        written
            .await
            .map_err(|error| ShowError::Failed(format!("{}: {error}", self.path.display())))
    }
}
