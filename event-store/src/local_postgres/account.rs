//! Who the server runs as: PostgreSQL refuses to be root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, User};

use crate::StoreError;

/// An account that the server runs as instead of root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

impl Account {
    /// The account to change to, or nothing if we are not root and the server
    /// simply runs as we do.
    pub(super) fn of_server() -> Result<Option<Self>, StoreError> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        let known = ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten());
        let user = known.ok_or(StoreError::NoAccount)?;
        Ok(Some(Self {
            name: user.name,
            uid: user.uid,
            gid: user.gid,
        }))
    }

    /// Refuses a directory that the account cannot enter, by trying.
    pub(super) fn check_can_enter(&self, directory: &Path) -> Result<(), StoreError> {
        let status = Command::new("/bin/sh")
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(directory)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .uid(self.uid.as_raw())
            .gid(self.gid.as_raw())
            .status()
            .map_err(StoreError::io("/bin/sh"))?;
        if status.success() {
            Ok(())
        } else {
            Err(StoreError::Unreachable {
                account: self.name.clone(),
                path: directory.to_owned(),
            })
        }
    }
}
