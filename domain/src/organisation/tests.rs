//! Teams and tokens: what they do, what they refuse, and how it is stored.

use std::collections::BTreeSet;
use std::fmt::Debug;

use cqrs_es::DomainEvent;
use cqrs_es::test::{AggregateResultValidator, TestFramework};
use serde::Serialize;
use serde::de::DeserializeOwned;
use strum::VariantNames;

use super::{
    ApiToken, Team, TeamCommand, TeamEvent, TeamRefusal, TokenCommand, TokenEvent, TokenRefusal,
};
use crate::context::{Channel, Context, Role};
use crate::fixtures::{administrator, agent, at, coordinator, line, person};
use crate::ids::TeamId;
use crate::work_item::SupportLine;
use crate::{Decider, Refusal};

fn when<A: Decider>(
    given: Vec<A::Event>,
    by: Context,
    command: A::Command,
) -> AggregateResultValidator<A> {
    TestFramework::with(by).given(given).when(command)
}

fn found() -> TeamCommand {
    TeamCommand::Found {
        code: line("network"),
        name: line("网络组"),
        line: SupportLine::Second,
        department: line("Head office"),
    }
}

fn founded() -> TeamEvent {
    TeamEvent::TeamFounded {
        code: line("network"),
        name: line("网络组"),
        line: SupportLine::Second,
        department: line("Head office"),
    }
}

fn add() -> TeamCommand {
    TeamCommand::AddMember {
        person: person("zhang.wei"),
        name: line("张伟"),
    }
}

fn added() -> TeamEvent {
    TeamEvent::MemberAdded {
        person: person("zhang.wei"),
        name: line("张伟"),
    }
}

fn remove() -> TeamCommand {
    TeamCommand::RemoveMember {
        person: person("zhang.wei"),
    }
}

fn removed() -> TeamEvent {
    TeamEvent::MemberRemoved {
        person: person("zhang.wei"),
    }
}

fn deactivate(open_items: u64) -> TeamCommand {
    TeamCommand::Deactivate { open_items }
}

fn dissolved() -> Vec<TeamEvent> {
    vec![founded(), TeamEvent::TeamDeactivated {}]
}

#[test]
fn a_team_is_founded_takes_people_in_lets_them_go_and_rests() {
    let closed = vec![TeamEvent::TeamDeactivated {}];
    let steps = [
        (vec![], found(), founded()),
        (vec![founded()], add(), added()),
        (vec![founded(), added()], remove(), removed()),
        (vec![founded(), added(), removed()], add(), added()),
        (
            vec![founded()],
            deactivate(0),
            TeamEvent::TeamDeactivated {},
        ),
        (
            dissolved(),
            TeamCommand::Reactivate,
            TeamEvent::TeamReactivated {},
        ),
        // Whoever was in it may leave it still.
        (
            [vec![founded(), added()], closed].concat(),
            remove(),
            removed(),
        ),
    ];
    for (given, command, event) in steps {
        when::<Team>(given, administrator(), command).then_expect_events(vec![event]);
    }
}

fn team_cases() -> Vec<(Vec<TeamEvent>, Context, TeamCommand, TeamRefusal)> {
    let (by, with_member) = (administrator, vec![founded(), added()]);
    vec![
        (vec![], by(), add(), TeamRefusal::NotFound),
        (vec![], by(), deactivate(0), TeamRefusal::NotFound),
        (
            vec![founded()],
            by(),
            TeamCommand::NameLead { person: None },
            TeamRefusal::LeadUnchanged,
        ),
        (vec![founded()], by(), found(), TeamRefusal::AlreadyFounded),
        (dissolved(), by(), found(), TeamRefusal::AlreadyFounded),
        (with_member, by(), add(), TeamRefusal::AlreadyMember),
        (vec![founded()], by(), remove(), TeamRefusal::NotMember),
        (dissolved(), by(), add(), TeamRefusal::NotActive),
        (dissolved(), by(), remove(), TeamRefusal::NotMember),
        (
            vec![founded()],
            by(),
            deactivate(2),
            TeamRefusal::HasOpenItems { items: 2 },
        ),
        (dissolved(), by(), deactivate(0), TeamRefusal::NotActive),
        (
            vec![founded()],
            by(),
            TeamCommand::Reactivate,
            TeamRefusal::AlreadyActive,
        ),
        (
            vec![],
            coordinator(),
            found(),
            TeamRefusal::NotAdministrator,
        ),
    ]
}

#[test]
fn a_team_refuses_what_its_rules_forbid() {
    for (given, by, command, refusal) in team_cases() {
        when::<Team>(given, by, command).then_expect_error(refusal);
    }
}

#[test]
fn an_import_founds_the_teams_that_it_meets() {
    when::<Team>(vec![], agent().through(Channel::Import), found())
        .then_expect_events(vec![founded()]);
}

#[test]
fn the_same_code_is_the_same_team_on_every_desk() {
    let id = TeamId::from_code("network");
    assert_eq!(id.to_string(), "a2d65d61-e639-5cb9-9084-3f5219e6b7cb");
    assert_ne!(id, TeamId::from_code("desk"));
}

fn issue() -> TokenCommand {
    TokenCommand::Issue {
        name: person("dashboard"),
        role: Role::Auditor,
        secret_sha256: "ab".repeat(32),
        expires_at: Some(at(120)),
    }
}

fn issued() -> TokenEvent {
    TokenEvent::TokenIssued {
        name: person("dashboard"),
        role: Role::Auditor,
        secret_sha256: "ab".repeat(32),
        expires_at: Some(at(120)),
    }
}

fn revoked() -> Vec<TokenEvent> {
    vec![issued(), TokenEvent::TokenRevoked {}]
}

#[test]
fn a_token_is_issued_once_and_revoked_once() {
    let cli = agent().through(Channel::Cli);
    for by in [administrator(), cli] {
        when::<ApiToken>(vec![], by.clone(), issue()).then_expect_events(vec![issued()]);
        when::<ApiToken>(vec![issued()], by, TokenCommand::Revoke)
            .then_expect_events(vec![TokenEvent::TokenRevoked {}]);
    }
}

fn token_cases() -> Vec<(Vec<TokenEvent>, Context, TokenCommand, TokenRefusal)> {
    let by = administrator;
    vec![
        (vec![], by(), TokenCommand::Revoke, TokenRefusal::NotFound),
        (vec![issued()], by(), issue(), TokenRefusal::AlreadyIssued),
        (revoked(), by(), issue(), TokenRefusal::AlreadyIssued),
        (
            revoked(),
            by(),
            TokenCommand::Revoke,
            TokenRefusal::AlreadyRevoked,
        ),
        // Dated back, and made when it would have ended.
        (
            vec![],
            Context {
                known_at: at(120),
                ..by()
            },
            issue(),
            TokenRefusal::EndedAlready { at: at(120) },
        ),
        (
            vec![],
            coordinator(),
            issue(),
            TokenRefusal::NotAdministrator,
        ),
        (
            vec![issued()],
            agent(),
            TokenCommand::Revoke,
            TokenRefusal::NotAdministrator,
        ),
    ]
}

#[test]
fn a_token_refuses_what_its_rules_forbid() {
    for (given, by, command, refusal) in token_cases() {
        when::<ApiToken>(given, by, command).then_expect_error(refusal);
    }
}

#[test]
fn no_rule_is_without_a_case_that_breaks_it() {
    let teams = team_cases().into_iter().map(|(.., refusal)| refusal.code());
    let tokens = token_cases()
        .into_iter()
        .map(|(.., refusal)| refusal.code());
    let rules = TeamRefusal::VARIANTS.iter().chain(TokenRefusal::VARIANTS);
    assert_eq!(
        teams.chain(tokens).collect::<BTreeSet<_>>(),
        rules.map(|&code| code.to_owned()).collect()
    );
}

fn team_events() -> Vec<TeamEvent> {
    vec![
        founded(),
        added(),
        removed(),
        TeamEvent::TeamDeactivated {},
        TeamEvent::TeamLeadNamed {
            from: None,
            to: Some(person("zhang.wei")),
        },
        TeamEvent::TeamLeadNamed {
            from: Some(person("zhang.wei")),
            to: None,
        },
        TeamEvent::TeamReactivated {},
    ]
}

fn token_events() -> Vec<TokenEvent> {
    let without_end = TokenEvent::TokenIssued {
        name: person("dashboard"),
        role: Role::Agent,
        secret_sha256: "ab".repeat(32),
        expires_at: None,
    };
    vec![issued(), without_end, TokenEvent::TokenRevoked {}]
}

/// What was stored reads as what was written, and so does the state.
fn reads_back<A>(events: Vec<A::Event>, variants: &[&str])
where
    A: Decider + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let mut state = A::default();
    let mut names = BTreeSet::new();
    for event in events {
        let value = serde_json::to_value(&event).unwrap();
        assert_eq!(value["type"], event.event_type());
        assert_eq!(event.event_version(), "1.0");
        assert_eq!(serde_json::from_value::<A::Event>(value).unwrap(), event);
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<A::Event>(&text).unwrap(), event);
        names.insert(event.event_type());
        state.apply(event);
        let kept = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<A>(&kept).unwrap(), state);
    }
    assert_eq!(
        names,
        variants.iter().map(|&name| name.to_owned()).collect()
    );
}

#[test]
fn every_event_of_a_team_is_stored_like_this() {
    insta::assert_json_snapshot!("team", team_events());
    reads_back::<Team>(team_events(), TeamEvent::VARIANTS);
}

#[test]
fn every_event_of_a_token_is_stored_like_this() {
    insta::assert_json_snapshot!("token", token_events());
    reads_back::<ApiToken>(token_events(), TokenEvent::VARIANTS);
}

#[test]
fn sd_13_a_team_is_led_by_one_of_its_members_or_by_nobody() {
    let name = |who: Option<&str>| TeamCommand::NameLead {
        person: who.map(person),
    };
    let led = |from: Option<&str>, to: Option<&str>| TeamEvent::TeamLeadNamed {
        from: from.map(person),
        to: to.map(person),
    };
    let zhang = Some("zhang.wei");
    let team = vec![founded(), added()];
    when::<Team>(team.clone(), administrator(), name(zhang))
        .then_expect_events(vec![led(None, zhang)]);
    when::<Team>(vec![founded()], administrator(), name(zhang))
        .then_expect_error(TeamRefusal::NotMember);
    let led_by_zhang = [team, vec![led(None, zhang)]].concat();
    when::<Team>(led_by_zhang.clone(), administrator(), name(zhang))
        .then_expect_error(TeamRefusal::LeadUnchanged);
    when::<Team>(led_by_zhang.clone(), administrator(), name(None))
        .then_expect_events(vec![led(zhang, None)]);
    // Whoever leaves the team leads it no longer.
    when::<Team>(
        [led_by_zhang, vec![removed()]].concat(),
        administrator(),
        name(None),
    )
    .then_expect_error(TeamRefusal::LeadUnchanged);
}
