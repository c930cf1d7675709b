//! How far an import is, for whoever watches it.

/// What an import calls now and then to say how far it is.
pub type Progress<'a> = dyn Fn(ProgressEvent) + Send + Sync + 'a;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProgressEvent {
    /// What it is doing.
    pub phase: Phase,
    /// How many bytes of the file it has read in this phase.
    pub bytes_read: u64,
    /// How many bytes the file has.
    pub bytes_total: u64,
    /// How many rows it has read in this phase.
    pub rows: u64,
}

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It reads the file once to learn which teams and categories are needed,
    /// and whether the file can be read at all.
    Surveying,
    /// It writes what the rows stand for.
    Recording,
}
