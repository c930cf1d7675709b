//! Keys and exports: what they do, what they refuse, and how it is stored.

use cqrs_es::test::TestFramework;

use super::{
    ExportFormat, ExportRefusal, Exported, LogExport, LogExportCommand, LogExportEvent, SealKeys,
    SealKeysCommand, SealKeysEvent, SealKeysRefusal,
};
use crate::context::{Channel, Context};
use crate::fixtures::{administrator, agent, at, auditor};
use crate::text::Text;

fn by_the_desk() -> Context {
    agent().through(Channel::Process)
}

fn adopt() -> SealKeysCommand {
    SealKeysCommand::Adopt {
        verifier_key: "log+1+A".to_owned(),
    }
}

fn adopted() -> SealKeysEvent {
    SealKeysEvent::SealKeyAdopted {
        verifier_key: "log+1+A".to_owned(),
    }
}

fn rotate(to: &str) -> SealKeysCommand {
    SealKeysCommand::Rotate {
        to: to.to_owned(),
        from_size: 7,
    }
}

fn rotated() -> SealKeysEvent {
    SealKeysEvent::SealKeyRotated {
        from: "log+1+A".to_owned(),
        to: "log+2+B".to_owned(),
        from_size: 7,
    }
}

fn record() -> LogExportCommand {
    LogExportCommand::Record(exported())
}

fn exported() -> Exported {
    Exported {
        format: ExportFormat::CloudEvents,
        from_position: 1,
        to_position: 9,
        aggregate_types: vec!["incident".to_owned()],
        aggregate_id: None,
        event_types: Vec::new(),
        recorded_from: None,
        recorded_to: Some(at(9)),
        events: 4,
        sha256: "00".to_owned(),
        checkpoint_size: Some(9),
    }
}

#[test]
fn one_key_hands_over_to_the_next() {
    TestFramework::<SealKeys>::with(by_the_desk())
        .given_no_previous_events()
        .when(adopt())
        .then_expect_events(vec![adopted()]);
    TestFramework::<SealKeys>::with(administrator())
        .given(vec![adopted()])
        .when(rotate("log+2+B"))
        .then_expect_events(vec![rotated()]);
    TestFramework::<SealKeys>::with(administrator())
        .given(vec![adopted(), rotated()])
        .when(rotate("log+2+B"))
        .then_expect_error(SealKeysRefusal::SameKey);
}

#[test]
fn a_log_has_one_first_key() {
    TestFramework::<SealKeys>::with(by_the_desk())
        .given(vec![adopted()])
        .when(adopt())
        .then_expect_error(SealKeysRefusal::AlreadyAdopted);
    TestFramework::<SealKeys>::with(administrator())
        .given_no_previous_events()
        .when(rotate("log+2+B"))
        .then_expect_error(SealKeysRefusal::NotAdopted);
}

fn accept_loss(sealed_size: i64) -> SealKeysCommand {
    SealKeysCommand::AcceptLoss {
        lost_size: 12,
        lost_root: "AAAA".to_owned(),
        sealed_size,
        reason: Text::new("the disk is gone").unwrap(),
    }
}

fn loss_accepted() -> SealKeysEvent {
    SealKeysEvent::LossAccepted {
        lost_size: 12,
        lost_root: "AAAA".to_owned(),
        sealed_size: 9,
        reason: Text::new("the disk is gone").unwrap(),
    }
}

#[test]
fn a_loss_is_recorded_and_nothing_else_is_called_one() {
    TestFramework::<SealKeys>::with(administrator())
        .given(vec![adopted()])
        .when(accept_loss(9))
        .then_expect_events(vec![loss_accepted()]);
    TestFramework::<SealKeys>::with(administrator())
        .given(vec![adopted()])
        .when(accept_loss(12))
        .then_expect_error(SealKeysRefusal::NothingLost);
    TestFramework::<SealKeys>::with(administrator())
        .given_no_previous_events()
        .when(accept_loss(9))
        .then_expect_error(SealKeysRefusal::NotAdopted);
}

#[test]
fn only_an_administrator_handles_keys() {
    TestFramework::<SealKeys>::with(auditor())
        .given(vec![adopted()])
        .when(rotate("log+2+B"))
        .then_expect_error(SealKeysRefusal::NotAdministrator);
}

#[test]
fn an_export_is_recorded_once_and_by_those_who_may_take_evidence_away() {
    TestFramework::<LogExport>::with(auditor())
        .given_no_previous_events()
        .when(record())
        .then_expect_events(vec![LogExportEvent::LogExported(exported())]);
    TestFramework::<LogExport>::with(auditor())
        .given(vec![LogExportEvent::LogExported(exported())])
        .when(record())
        .then_expect_error(ExportRefusal::AlreadyRecorded);
    TestFramework::<LogExport>::with(agent())
        .given_no_previous_events()
        .when(record())
        .then_expect_error(ExportRefusal::NotAuditor);
}

#[test]
fn stored_events_are_frozen() {
    let events = (
        vec![adopted(), rotated(), loss_accepted()],
        LogExportEvent::LogExported(exported()),
    );
    insta::assert_json_snapshot!("events", events);
}
