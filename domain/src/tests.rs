//! What all of the domain has in common.

use std::collections::BTreeSet;

use strum::VariantNames;

use crate::text::TextRefused;
use crate::work_item::WorkRefusal;
use crate::{audit, configuration, incident, organisation};

/// Every code that a refusal can have. `INCIDENT_WORK` is not one: there the
/// kernel's own code stands.
fn codes() -> Vec<&'static str> {
    [
        audit::ExportRefusal::VARIANTS,
        audit::SealKeysRefusal::VARIANTS,
        configuration::Error::VARIANTS,
        incident::Error::VARIANTS,
        organisation::TeamRefusal::VARIANTS,
        organisation::TokenRefusal::VARIANTS,
        TextRefused::VARIANTS,
        WorkRefusal::VARIANTS,
    ]
    .concat()
    .into_iter()
    .filter(|code| *code != "INCIDENT_WORK")
    .collect()
}

#[test]
fn programs_rely_on_these_codes() {
    insta::assert_snapshot!("codes", codes().join("\n"));
}

#[test]
fn each_rule_has_a_code_of_its_own() {
    let distinct: BTreeSet<_> = codes().into_iter().collect();
    assert_eq!(distinct.len(), codes().len());
}

#[test]
fn a_code_is_in_capitals_and_begins_with_its_practice() {
    let practices = [
        "CONFIGURATION_",
        "INCIDENT_",
        "LOG_EXPORT_",
        "SEAL_KEYS_",
        "TEAM_",
        "TOKEN_",
        "TEXT_",
        "WORK_ITEM_",
    ];
    for code in codes() {
        assert!(
            practices.iter().any(|practice| code.starts_with(practice)),
            "{code}"
        );
        assert!(
            code.chars().all(|c| c.is_ascii_uppercase() || c == '_'),
            "{code}"
        );
    }
}
