//! Finding PostgreSQL's binaries on this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::StoreError;

/// The programs of one PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    directory: PathBuf,
    /// The major version.
    pub(super) version: u32,
}

impl Binaries {
    /// The oldest version that the log's SQL is tested with.
    const OLDEST: u32 = 14;

    /// Finds the binaries of a version, or of any version that will do.
    pub(super) fn find(wanted: Option<u32>) -> Result<Self, StoreError> {
        Self::find_among(&places(), wanted)
    }

    fn find_among(places: &[PathBuf], wanted: Option<u32>) -> Result<Self, StoreError> {
        let fits = |found: &Self| match wanted {
            Some(version) => found.version == version,
            None => found.version >= Self::OLDEST,
        };
        places
            .iter()
            .filter_map(|directory| Self::in_directory(directory))
            .find(fits)
            .ok_or_else(|| missing(places, wanted))
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        let has_all = ["initdb", "postgres"]
            .iter()
            .all(|name| directory.join(name).is_file());
        if !has_all {
            return None;
        }
        let output = Command::new(directory.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        let version = major_version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self {
            directory: directory.to_owned(),
            version,
        })
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.directory.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.directory.join("postgres")
    }
}

fn missing(places: &[PathBuf], wanted: Option<u32>) -> StoreError {
    let looked: Vec<String> = places
        .iter()
        .map(|place| place.display().to_string())
        .collect();
    StoreError::NoPostgres {
        wanted: wanted
            .map(|version| format!(" {version}"))
            .unwrap_or_default(),
        package: wanted.map_or_else(
            || "postgresql".to_owned(),
            |version| format!("postgresql-{version}"),
        ),
        looked: looked.join(", "),
    }
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_version(text: &str) -> Option<u32> {
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let digits = number
        .split(|character: char| !character.is_ascii_digit())
        .next()?;
    digits.parse().ok()
}

/// Where binaries may be, the likeliest first.
fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    let path = std::env::var_os("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(
            String::from_utf8_lossy(&output.stdout).trim(),
        ));
    }
    for (parent, prefix, inner) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        places.extend(
            versions_below(Path::new(parent), prefix)
                .into_iter()
                .map(|version| version.join(inner)),
        );
    }
    places.extend(
        [
            "/opt/homebrew/bin",
            "/usr/local/pgsql/bin",
            "/usr/local/bin",
            "/usr/bin",
        ]
        .map(PathBuf::from),
    );
    places.retain(|place| !place.as_os_str().is_empty());
    let mut known = std::collections::HashSet::new();
    places.retain(|place| known.insert(place.clone()));
    places
}

/// The directories named by a version, the highest first.
fn versions_below(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_postgres_says() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_version("something else"), None);
    }

    #[test]
    fn without_postgresql_the_message_names_the_package_to_install() {
        let nowhere = [PathBuf::from("/nonexistent/bin")];
        let message = Binaries::find_among(&nowhere, None)
            .unwrap_err()
            .to_string();
        assert!(message.contains("apt-get install postgresql`"), "{message}");
        assert!(message.contains("/nonexistent/bin"), "{message}");

        let message = Binaries::find_among(&nowhere, Some(16))
            .unwrap_err()
            .to_string();
        assert!(message.contains("no PostgreSQL 16 was found"), "{message}");
        assert!(
            message.contains("apt-get install postgresql-16`"),
            "{message}"
        );
    }
}
