//! The rooms of the house, held against the code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, MetadataCommand};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap()
}

#[test]
fn dependencies_point_one_way() {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .unwrap();
    let ours: Vec<String> = metadata
        .packages
        .iter()
        .map(|package| package.name.to_string())
        .collect();
    let mut graph = BTreeMap::new();
    for package in &metadata.packages {
        let mut on: Vec<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
            .map(|dependency| dependency.name.as_str())
            .filter(|name| ours.iter().any(|own| own == name))
            .collect();
        on.sort_unstable();
        graph.insert(package.name.as_str(), on);
    }
    let may = |package: &str| -> &[&str] {
        match package {
            "domain" | "event-store" => &[],
            "projections" => &["domain", "event-store"],
            "api" | "replay-tools" => &["domain", "event-store", "projections"],
            "tests" => &[
                "api",
                "domain",
                "event-store",
                "projections",
                "replay-tools",
            ],
            other => panic!("{other} has no room in docs/ARCHITECTURE.md"),
        }
    };
    for (package, on) in graph {
        for dependency in on {
            assert!(
                may(package).contains(&dependency),
                "{package} must not depend on {dependency}"
            );
        }
    }
}

#[test]
fn third_party_versions_stand_in_the_root_manifest_only() {
    for entry in std::fs::read_dir(root()).unwrap() {
        let manifest = entry.unwrap().path().join("Cargo.toml");
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            continue;
        };
        let dependencies = text.split("dependencies]").skip(1).flat_map(str::lines);
        for line in dependencies.filter(|line| line.contains('=')) {
            assert!(
                line.contains("workspace = true"),
                "{}: {line}",
                manifest.display()
            );
        }
    }
}

#[test]
fn sql_stands_in_its_rooms_only() {
    for room in ["domain", "api", "replay-tools"] {
        for file in sources(&root().join(room).join("src")) {
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(
                !text.contains("sqlx::"),
                "{} speaks to the database itself",
                file.display()
            );
        }
    }
}

#[test]
fn the_domain_touches_nothing_outside() {
    for file in sources(&root().join("domain/src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for outside in [
            "std::fs",
            "std::net",
            "std::env",
            "std::time",
            "tokio::",
            "Utc::now",
            "now_v7",
            "rand::",
        ] {
            assert!(!text.contains(outside), "{} uses {outside}", file.display());
        }
    }
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![directory.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    assert!(!found.is_empty());
    found
}
