//! Who signs: a private key in a file that nobody else may read, or a command
//! that has the key, such as one that asks a security module.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::note::{NoteError, Signature, SignatureKind, SignedNote, VerifierKey, cosigned};

/// Where private keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignerSource {
    /// Files in a directory, each named after the id of its key.
    Directory(PathBuf),
    /// A command. With the argument `public-key` it prints the verifier key;
    /// with `sign` it reads a message from standard input and prints the
    /// Ed25519 signature in base64.
    Command(PathBuf),
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// A key file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Others may read the key.
    #[error(
        "{path} may be read by others (mode {mode:o}): a private key is for its owner alone; \
         chmod 600 it, and rotate the key if somebody may have read it"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The file holds no private key, or another one.
    #[error("{path} {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The private key is not here.
    #[error(
        "the private key {id} that seals this log is not in {directory}: put its file there \
         (DOCKET_SEAL_KEYS names another directory), or name the command that has it"
    )]
    Missing {
        /// The id of the key.
        id: String,
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// The command has another key than that of the log.
    #[error("the command {command} has the key {has}, and the log is sealed by {wanted}")]
    OtherKey {
        /// The command.
        command: PathBuf,
        /// The key it has.
        has: String,
        /// The key of the log.
        wanted: String,
    },
    /// The command failed, or said something else than it should.
    #[error("the command {command} did not {action}: {problem}")]
    Command {
        /// The command.
        command: PathBuf,
        /// What it was to do.
        action: &'static str,
        /// How it ended.
        problem: String,
    },
    /// The name that a key is to have is none.
    #[error(transparent)]
    Name(#[from] NoteError),
}

/// A private key, and the public one that belongs to it.
#[derive(Debug)]
pub struct Signer {
    key: VerifierKey,
    secret: Secret,
}

enum Secret {
    Key(Box<SigningKey>),
    Command(PathBuf),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(_) => formatter.write_str("Key(..)"),
            Self::Command(command) => formatter.debug_tuple("Command").field(command).finish(),
        }
    }
}

impl Signer {
    /// The public key.
    pub fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Makes a new key under a name, or asks the command for the one it has.
    pub async fn create(
        source: &SignerSource,
        name: &str,
        kind: SignatureKind,
    ) -> Result<Self, SignerError> {
        match source {
            SignerSource::Directory(directory) => Self::create_file(directory, name, kind),
            SignerSource::Command(command) => Self::of_command(command).await,
        }
    }

    /// Finds the private key to a public one.
    pub async fn find(source: &SignerSource, key: &VerifierKey) -> Result<Self, SignerError> {
        match source {
            SignerSource::Directory(directory) => Self::read_file(directory, key),
            SignerSource::Command(command) => {
                let signer = Self::of_command(command).await?;
                if signer.key == *key {
                    return Ok(signer);
                }
                Err(SignerError::OtherKey {
                    command: command.clone(),
                    has: signer.key.to_string(),
                    wanted: key.to_string(),
                })
            }
        }
    }

    /// Signs a text and adds the signature to its note.
    pub async fn sign(&self, note: &mut SignedNote) -> Result<(), SignerError> {
        let bytes = self.ed25519(&note.text).await?;
        note.signatures.push(self.signature(bytes.to_vec()));
        Ok(())
    }

    /// Says that a text was seen at a time, in seconds since 1970.
    pub async fn cosign(&self, text: &str, time: u64) -> Result<Signature, SignerError> {
        let mut bytes = time.to_be_bytes().to_vec();
        bytes.extend(self.ed25519(&cosigned(time, text)).await?);
        Ok(self.signature(bytes))
    }

    fn signature(&self, bytes: Vec<u8>) -> Signature {
        Signature {
            name: self.key.name().to_owned(),
            key_id: self.key.id(),
            bytes,
        }
    }

    async fn ed25519(&self, message: &str) -> Result<[u8; 64], SignerError> {
        match &self.secret {
            Secret::Key(key) => Ok(key.sign(message.as_bytes()).to_bytes()),
            Secret::Command(command) => {
                let printed = ask(command, "sign", message).await?;
                let signature = STANDARD.decode(printed.trim()).ok();
                signature
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or_else(|| SignerError::Command {
                        command: command.clone(),
                        action: "sign",
                        problem: "it printed no Ed25519 signature in base64".to_owned(),
                    })
            }
        }
    }

    async fn of_command(command: &Path) -> Result<Self, SignerError> {
        let printed = ask(command, "public-key", "").await?;
        Ok(Self {
            key: printed.parse()?,
            secret: Secret::Command(command.to_owned()),
        })
    }

    fn create_file(directory: &Path, name: &str, kind: SignatureKind) -> Result<Self, SignerError> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|error| SignerError::Io {
            path: directory.to_owned(),
            source: error.into(),
        })?;
        let signing = SigningKey::from_bytes(&seed);
        let key = VerifierKey::new(name, kind, signing.verifying_key())?;
        let path = directory.join(file_name(&key));
        let io = |source| SignerError::Io {
            path: path.clone(),
            source,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(io)?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(io)?;
        writeln!(file, "{}", private_text(&key, &seed))
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        Ok(Self {
            key,
            secret: Secret::Key(Box::new(signing)),
        })
    }

    fn read_file(directory: &Path, key: &VerifierKey) -> Result<Self, SignerError> {
        let path = directory.join(file_name(key));
        let io = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => SignerError::Missing {
                id: key.id_text(),
                directory: directory.to_owned(),
            },
            _ => SignerError::Io {
                path: path.clone(),
                source,
            },
        };
        let mode = std::fs::metadata(&path).map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(SignerError::Open { path, mode });
        }
        let text = std::fs::read_to_string(&path).map_err(io)?;
        let seed = seed_of(&text).ok_or(SignerError::File {
            path: path.clone(),
            problem: "holds no private key (PRIVATE+KEY+name+id+...)",
        })?;
        let signing = SigningKey::from_bytes(&seed);
        let own = VerifierKey::new(key.name(), key.kind(), signing.verifying_key())?;
        if own != *key {
            return Err(SignerError::File {
                path,
                problem: "holds another private key than its name says",
            });
        }
        Ok(Self {
            key: own,
            secret: Secret::Key(Box::new(signing)),
        })
    }
}

/// What the file of a key is called.
fn file_name(key: &VerifierKey) -> String {
    format!("{}.key", key.id_text())
}

/// A private key as Go's note package writes it.
fn private_text(key: &VerifierKey, seed: &[u8; 32]) -> String {
    let mut bytes = vec![1];
    bytes.extend(seed);
    format!(
        "PRIVATE+KEY+{}+{}+{}",
        key.name(),
        key.id_text(),
        STANDARD.encode(bytes)
    )
}

fn seed_of(text: &str) -> Option<[u8; 32]> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let rest = text.strip_prefix("PRIVATE+KEY+")?;
    let encoded = rest.splitn(3, '+').nth(2)?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (kind, seed) = bytes.split_first()?;
    (*kind == 1).then_some(())?;
    seed.try_into().ok()
}

/// Runs a command with an action and an input, and returns what it prints.
async fn ask(command: &Path, action: &'static str, input: &str) -> Result<String, SignerError> {
    const LIMIT: Duration = Duration::from_secs(10);
    let failed = |problem: String| SignerError::Command {
        command: command.to_owned(),
        action,
        problem,
    };
    let running = async {
        let mut child = Command::new(command)
            .arg(action)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input says why by its status.
            let _written = stdin.write_all(input.as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(LIMIT, running)
        .await
        .map_err(|_| failed("it did not end in time".to_owned()))?
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{}: {}", output.status, said.trim())));
    }
    String::from_utf8(output.stdout).map_err(|_| failed("it printed no text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_is_found_again_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let source = SignerSource::Directory(directory.path().join("keys"));
        let made = Signer::create(&source, "desk.example/log", SignatureKind::Ed25519)
            .await
            .unwrap();
        let mut note = SignedNote::new("text\n".to_owned());
        let found = Signer::find(&source, made.key()).await.unwrap();
        found.sign(&mut note).await.unwrap();
        assert_eq!(made.key().verify(&note), Ok(None));

        let file = directory.path().join("keys").join(file_name(made.key()));
        let permissions = std::fs::metadata(&file).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = Signer::find(&source, made.key()).await.unwrap_err();
        assert!(matches!(refused, SignerError::Open { mode: 0o640, .. }));
        std::fs::remove_file(&file).unwrap();
        let refused = Signer::find(&source, made.key()).await.unwrap_err();
        assert!(matches!(refused, SignerError::Missing { .. }));
    }

    #[tokio::test]
    async fn a_cosignature_says_when() {
        let directory = tempfile::tempdir().unwrap();
        let source = SignerSource::Directory(directory.path().to_owned());
        let witness = Signer::create(&source, "witness.example", SignatureKind::Cosignature)
            .await
            .unwrap();
        let mut note = SignedNote::new("log\n5\nAAAA\n".to_owned());
        let signature = witness.cosign(&note.text, 1_700_000_000).await.unwrap();
        note.signatures.push(signature);
        assert_eq!(witness.key().verify(&note), Ok(Some(1_700_000_000)));
        note.signatures[0].bytes[7] ^= 1;
        assert!(witness.key().verify(&note).is_err());
    }

    #[tokio::test]
    async fn a_command_that_fails_is_quoted() {
        let source = SignerSource::Command("/bin/false".into());
        let error = Signer::create(&source, "x", SignatureKind::Ed25519)
            .await
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("did not public-key: exit status: 1"),
            "{error}"
        );
    }
}
