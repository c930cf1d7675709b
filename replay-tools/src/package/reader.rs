//! Reading an export again, in blocks of whole lines, with bounded memory.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use event_store::seal::{Hash, KeyChain};

use super::{CHECKPOINT, EVENTS_NDJSON, Head, KEYS, KeyEntry, LEAVES, Manifest};

/// An export on a disk, its small files read.
pub(crate) struct Package {
    pub(crate) directory: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) head: Head,
    pub(crate) keys: Vec<KeyEntry>,
}

impl Package {
    /// Opens an export.
    pub(crate) fn open(directory: &Path) -> anyhow::Result<Self> {
        let manifest = Manifest::read(directory)?;
        let head = Head::read(&super::read_text(&directory.join(CHECKPOINT))?)
            .with_context(|| format!("{CHECKPOINT} is no signed head"))?;
        let keys = serde_json::from_str(&super::read_text(&directory.join(KEYS))?)
            .with_context(|| format!("{KEYS} cannot be understood"))?;
        Ok(Self {
            directory: directory.to_owned(),
            manifest,
            head,
            keys,
        })
    }

    /// The keys of the log, checked.
    pub(crate) fn chain(&self) -> anyhow::Result<KeyChain> {
        let rows: Vec<_> = self.keys.iter().cloned().map(Into::into).collect();
        Ok(KeyChain::check(&rows)?)
    }

    /// The events as lines.
    pub(crate) fn lines(&self) -> anyhow::Result<Lines> {
        Lines::open(&self.directory.join(EVENTS_NDJSON))
    }

    /// The hashes of all events of the sealed log.
    pub(crate) fn leaves(&self) -> anyhow::Result<Leaves> {
        let path = self.directory.join(LEAVES);
        let file = File::open(&path).with_context(|| format!("{}", path.display()))?;
        Ok(Leaves { file, path })
    }
}

/// Blocks of whole lines.
pub(crate) struct Lines {
    file: File,
    path: PathBuf,
    /// The beginning of a line whose end has not been read yet.
    rest: Vec<u8>,
    is_at_end: bool,
}

impl Lines {
    const BLOCK: usize = 1 << 20;
    /// No event is longer.
    const LONGEST_LINE: usize = 64 << 20;

    fn open(path: &Path) -> anyhow::Result<Self> {
        Ok(Self {
            file: File::open(path).with_context(|| format!("{}", path.display()))?,
            path: path.to_owned(),
            rest: Vec::new(),
            is_at_end: false,
        })
    }

    /// The next lines, as one text that ends with a line feed; nothing at the
    /// end.
    pub(crate) fn next_block(&mut self) -> anyhow::Result<Option<Vec<u8>>> {
        while !self.is_at_end {
            let mut block = std::mem::take(&mut self.rest);
            let old = block.len();
            block.resize(old + Self::BLOCK, 0);
            let read = self
                .file
                .read(&mut block[old..])
                .with_context(|| format!("{}", self.path.display()))?;
            block.truncate(old + read);
            if read == 0 {
                self.is_at_end = true;
                if block.is_empty() {
                    return Ok(None);
                }
                bail!("{} ends in the middle of a line", self.path.display());
            }
            match block.iter().rposition(|byte| *byte == b'\n') {
                Some(end) => {
                    self.rest = block.split_off(end + 1);
                    return Ok(Some(block));
                }
                None if block.len() > Self::LONGEST_LINE => {
                    bail!("{} has a line that is too long", self.path.display())
                }
                None => self.rest = block,
            }
        }
        Ok(None)
    }
}

/// A line of the events without what editors and transfers put around it: a
/// byte order mark, a carriage return.
pub(crate) fn bare(line: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
    let line = line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line);
    line.trim_ascii_end()
}

/// The hashes of the leaves, block by block.
pub(crate) struct Leaves {
    file: File,
    path: PathBuf,
}

impl Leaves {
    /// The next hashes, so many at most; none at the end.
    pub(crate) fn next(&mut self, count: usize) -> anyhow::Result<Vec<Hash>> {
        let mut bytes = vec![0; count * 32];
        let mut filled = 0;
        while filled < bytes.len() {
            let read = self
                .file
                .read(&mut bytes[filled..])
                .with_context(|| format!("{}", self.path.display()))?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        if filled % 32 != 0 {
            bail!("{} ends in the middle of a hash", self.path.display());
        }
        bytes[..filled]
            .chunks(32)
            .map(|hash| Hash::try_from(hash).context("a hash"))
            .collect()
    }
}
