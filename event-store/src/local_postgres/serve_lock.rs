//! One service a data directory.

use std::fs::{File, TryLockError};
use std::io::{Read, Write};
use std::path::Path;

use super::directory;
use crate::StoreError;

/// Held by the process that serves a data directory; a second one is refused.
/// The lock ends with the process, however that ends.
#[derive(Debug)]
pub struct ServeLock {
    _file: File,
}

impl ServeLock {
    /// Takes the lock, or says which process has it.
    pub fn acquire(data_dir: &Path) -> Result<Self, StoreError> {
        directory::create(data_dir)?;
        let path = data_dir.join("serve.lock");
        let mut file = directory::open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => {
                let pid = std::process::id();
                file.set_len(0)
                    .and_then(|()| writeln!(file, "{pid}"))
                    .map_err(StoreError::io(&path))?;
                Ok(Self { _file: file })
            }
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid)
                    .map_err(StoreError::io(&path))?;
                Err(StoreError::AlreadyServing {
                    path: data_dir.to_owned(),
                    pid: pid.trim().parse().unwrap_or_default(),
                })
            }
            Err(TryLockError::Error(error)) => Err(StoreError::io(path)(error)),
        }
    }
}
