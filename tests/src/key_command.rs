//! A private key behind a command, as in a security module: the project's
//! example of one, which signs with OpenSSL.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use api::seals::SealSettings;
use event_store::seal::{SignerSource, VerifierKey};
use tempfile::TempDir;

use crate::program::printed;

/// A security module in a directory of its own.
pub struct KeyCommand {
    directory: TempDir,
}

impl KeyCommand {
    /// Makes a key under the name of a log.
    pub fn new(name: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let path = |file: &str| directory.path().join(file);
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "ed25519", "-out"])
            .arg(path("key.pem"))
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(made.success(), "openssl makes no key");
        std::fs::write(path("name"), name).unwrap();
        let signer = concat!(env!("CARGO_MANIFEST_DIR"), "/evidence/signer");
        std::os::unix::fs::symlink(signer, path("signer")).unwrap();
        Self { directory }
    }

    /// The command.
    pub fn path(&self) -> PathBuf {
        self.directory.path().join("signer")
    }

    /// The public key, as the command prints it.
    pub fn key(&self) -> VerifierKey {
        let asked = Command::new(self.path())
            .arg("public-key")
            .output()
            .unwrap();
        printed(&asked).parse().unwrap()
    }

    /// How a log is sealed by it; its last head is kept in the module's
    /// directory.
    pub fn seals(&self) -> SealSettings {
        SealSettings {
            source: SignerSource::Command(self.path()),
            ..SealSettings::with_keys(self.heads())
        }
    }

    /// Where the last head is kept.
    pub fn heads(&self) -> PathBuf {
        self.directory.path().join("heads")
    }

    /// Locks the module, which signs nothing then, or unlocks it.
    pub fn lock(&self, is_locked: bool) {
        let lock = self.directory.path().join("locked");
        if is_locked {
            std::fs::write(lock, "").unwrap();
        } else {
            std::fs::remove_file(lock).unwrap();
        }
    }
}
