//! The data directory: what lies where in it, whose it is, and its locks.

use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;
use sha2::{Digest, Sha256};

use super::account::Account;
use crate::StoreError;

/// The cluster's name in the data directory.
const CLUSTER: &str = "postgres";

/// A data directory that the server can use.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    socket_dir: PathBuf,
    pub(super) account: Option<Account>,
}

/// Proof that no other process starts or stops the server meanwhile.
#[derive(Debug)]
pub(super) struct Starting {
    _file: File,
}

impl Directory {
    /// The longest path of a Unix socket that every system takes.
    const LONGEST_SOCKET: usize = 103;

    /// Makes the directory as far as it is missing.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, StoreError> {
        let account = Account::of_server()?;
        create(data_dir)?;
        let root = std::fs::canonicalize(data_dir).map_err(StoreError::io(data_dir))?;
        if let Some(account) = &account {
            account.check_can_enter(&root)?;
        }
        let socket_dir = socket_dir_of(&root);
        let directory = Self {
            root,
            socket_dir,
            account,
        };
        directory.own(&directory.socket_dir)?;
        Ok(directory)
    }

    /// Whether a data directory holds a finished cluster. The cluster is made
    /// aside and then renamed, so that its name is enough.
    pub(super) fn has_cluster(data_dir: &Path) -> bool {
        data_dir.join(CLUSTER).is_dir()
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The database cluster itself.
    pub(super) fn cluster(&self) -> PathBuf {
        self.root.join(CLUSTER)
    }

    /// The cluster while it is being made.
    pub(super) fn unfinished_cluster(&self) -> PathBuf {
        self.root.join("postgres.new")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.root.join("postgres.log")
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The major version that the cluster was made with, if there is one.
    pub(super) fn cluster_version(&self) -> Option<u32> {
        let text = std::fs::read_to_string(self.cluster().join("PG_VERSION")).ok()?;
        text.trim().parse().ok()
    }

    /// Makes a directory that only the server's account may enter.
    pub(super) fn own(&self, path: &Path) -> Result<(), StoreError> {
        let uid = self
            .account
            .as_ref()
            .map_or_else(Uid::effective, |account| account.uid);
        match DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {
                if let Some(account) = &self.account {
                    chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw()))
                        .map_err(StoreError::io(path))?;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(StoreError::io(path)(error)),
        }
        // Found, not made, it may be a trap that somebody else has laid.
        let found = std::fs::symlink_metadata(path).map_err(StoreError::io(path))?;
        if !found.is_dir() || found.uid() != uid.as_raw() {
            return Err(StoreError::LocalServer {
                path: self.root.clone(),
                step: "be prepared",
                detail: format!("{} belongs to another account", path.display()),
            });
        }
        std::fs::set_permissions(path, Permissions::from_mode(0o700)).map_err(StoreError::io(path))
    }

    /// Waits until no other process starts or stops the server.
    pub(super) async fn lock_start(&self) -> Result<Starting, StoreError> {
        let path = self.root.join("postgres.start");
        let file = open_lock(&path)?;
        let locking = tokio::task::spawn_blocking(move || file.lock().map(|()| file));
        let locked = locking
            .await
            .unwrap_or_else(|error| Err(std::io::Error::other(error)));
        Ok(Starting {
            _file: locked.map_err(StoreError::io(path))?,
        })
    }

    /// Joins the users of the server.
    pub(super) fn lock_users(&self) -> Result<File, StoreError> {
        let path = self.users_file();
        let file = open_lock(&path)?;
        file.lock_shared().map_err(StoreError::io(path))?;
        Ok(file)
    }

    /// The lock on all users, if there are none.
    pub(super) fn lock_users_alone(&self) -> Result<Option<File>, StoreError> {
        let path = self.users_file();
        let file = open_lock(&path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io(path)(error)),
        }
    }

    fn users_file(&self) -> PathBuf {
        self.root.join("postgres.users")
    }
}

/// Makes a data directory. Root's has to let the server's account through;
/// what is private lies in directories of their own.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let mode = if Uid::effective().is_root() {
        0o711
    } else {
        0o700
    };
    DirBuilder::new()
        .recursive(true)
        .mode(mode)
        .create(path)
        .map_err(StoreError::io(path))
}

/// Opens a file that serves as a lock, readable by whoever is refused by it.
pub(super) fn open_lock(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(StoreError::io(path))
}

/// Inside the data directory, unless the socket's path would be too long or
/// could not be written in PostgreSQL's list of directories.
fn socket_dir_of(root: &Path) -> PathBuf {
    let inside = root.join("run");
    let text = inside.as_os_str().as_encoded_bytes();
    let fits = text.len() + "/.s.PGSQL.5432".len() <= Directory::LONGEST_SOCKET;
    let plain = text
        .iter()
        .all(|byte| !matches!(byte, b',' | b'"' | b'\'' | b'\\') && !byte.is_ascii_whitespace());
    if fits && plain {
        return inside;
    }
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
    std::env::temp_dir().join(format!("docket-{name:016x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_puts_the_socket_under_the_temporary_directory() {
        let short = socket_dir_of(Path::new("/var/lib/docket"));
        assert_eq!(short, Path::new("/var/lib/docket/run"));

        let long = format!("/srv/{}", "d".repeat(100));
        let elsewhere = socket_dir_of(Path::new(&long));
        assert!(
            elsewhere.starts_with(std::env::temp_dir()),
            "{}",
            elsewhere.display()
        );
        assert_eq!(elsewhere, socket_dir_of(Path::new(&long)));
        assert_ne!(elsewhere, socket_dir_of(Path::new(&format!("{long}e"))));
    }
}
