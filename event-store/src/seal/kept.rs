//! The last signed head of a log, kept in a file outside of its database:
//! beside the private key of the log, where those who administer the database
//! do not reach, or in the directory of a witness. Whoever empties the tables
//! of the seals, or brings them back from an older state, is contradicted by
//! this file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::checkpoint::Checkpoint;
use super::note::{NoteError, SignedNote};

/// A directory in which the last signed head of each log is kept, a file each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHeads {
    directory: PathBuf,
}

/// A signed head that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptHead {
    /// The file that holds it.
    pub path: PathBuf,
    /// The signed note.
    pub note: SignedNote,
    /// What the note says.
    pub checkpoint: Checkpoint,
}

/// Why heads could not be kept, or not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeptHeadError {
    /// The file could not be read or written.
    #[error("the last signed head is kept in {path}: {source}")]
    Io {
        /// The file or its directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file holds no signed head.
    #[error("the last signed head was kept in {path}, and cannot be read there: {problem}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: NoteError,
    },
}

impl KeptHead {
    /// How many events the head covers.
    pub fn size(&self) -> i64 {
        i64::try_from(self.checkpoint.size).unwrap_or(i64::MAX)
    }
}

impl KeptHeads {
    const EXTENSION: &str = "checkpoint";

    /// The heads in a directory, which is made when the first one is kept.
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where the head of a log is kept: a file name of its own for each log.
    fn path_of(&self, origin: &str) -> PathBuf {
        let name = format!("{:x}.{}", Sha256::digest(origin), Self::EXTENSION);
        self.directory.join(name)
    }

    /// Where it is written down how far the review of a log has come.
    pub(super) fn review_of(&self, origin: &str) -> PathBuf {
        self.path_of(origin).with_extension("review")
    }

    /// The head of a log; nothing if none was kept.
    pub fn of(&self, origin: &str) -> Result<Option<KeptHead>, KeptHeadError> {
        read(self.path_of(origin))
    }

    /// The heads of all logs.
    pub fn all(&self) -> Result<Vec<KeptHead>, KeptHeadError> {
        let io = |source| KeptHeadError::Io {
            path: self.directory.clone(),
            source,
        };
        let files = match std::fs::read_dir(&self.directory) {
            Ok(files) => files,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(error)),
        };
        let mut heads = Vec::new();
        for file in files {
            let path = file.map_err(io)?.path();
            if path.extension().is_some_and(|own| own == Self::EXTENSION) {
                heads.extend(read(path)?);
            }
        }
        Ok(heads)
    }

    /// Puts a head into the place of the one before. It is on the disk, whole,
    /// when this returns: whoever looks finds the one or the other.
    pub async fn keep(&self, origin: &str, note: String) -> Result<(), KeptHeadError> {
        let (directory, path) = (self.directory.clone(), self.path_of(origin));
        let failed = path.clone();
        let written = tokio::task::spawn_blocking(move || write(&directory, &path, &note)).await;
        written
            .unwrap_or_else(|error| Err(error.into()))
            .map_err(|source| KeptHeadError::Io {
                path: failed,
                source,
            })
    }

    /// Puts the head of a log aside under another name, so that a smaller one
    /// may be kept. Returns where it is now.
    pub fn set_aside(&self, head: &KeptHead) -> Result<PathBuf, KeptHeadError> {
        let aside = head.path.with_extension(format!("lost-{}", head.size()));
        std::fs::rename(&head.path, &aside)
            .and_then(|()| File::open(&self.directory)?.sync_all())
            .map_err(|source| KeptHeadError::Io {
                path: head.path.clone(),
                source,
            })?;
        Ok(aside)
    }
}

fn read(path: PathBuf) -> Result<Option<KeptHead>, KeptHeadError> {
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeptHeadError::Io { path, source }),
    };
    let head = SignedNote::parse_all(&text).and_then(|mut notes| {
        let (Some(note), true) = (notes.pop(), notes.is_empty()) else {
            return Err(NoteError::Malformed("it is not one head"));
        };
        let checkpoint = note.text.parse()?;
        Ok((note, checkpoint))
    });
    match head {
        Ok((note, checkpoint)) => Ok(Some(KeptHead {
            path,
            note,
            checkpoint,
        })),
        Err(problem) => Err(KeptHeadError::Unreadable { path, problem }),
    }
}

fn write(directory: &Path, path: &Path, note: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let aside = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&aside)?;
    file.write_all(note.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&aside, path)?;
    // The new name, too, has to outlive the machine's power.
    File::open(directory)?.sync_all()
}
