//! What the events of an incident make of its rows.

use std::sync::Arc;

use domain::ids::WorkItemId;
use domain::incident::{Command, HoldReason, Incident};
use domain::work_item::{LinkTarget, Relation, SupportLine, Visibility, WorkCommand};
use projections::incident_detail::IncidentDetail;
use projections::work_item_history::HistoryRow;
use projections::work_queue::{GroupBy, WorkItemFilter, WorkQueueRow};
use projections::{Decoded, DeskEvent};
use uuid::Uuid;

use crate::desk::{Desk, intake, person, team, text, to_team};
use crate::journey::live;

async fn row(desk: &Desk, id: Uuid) -> WorkQueueRow {
    desk.read()
        .work_queue()
        .by_ids(&[id])
        .await
        .unwrap()
        .remove(0)
}

async fn detail(desk: &Desk, id: Uuid) -> IncidentDetail {
    desk.read()
        .incident_detail()
        .by_ids(&[id])
        .await
        .unwrap()
        .remove(0)
}

/// What the service folds for a read as of a position.
async fn folded(
    desk: &Desk,
    id: Uuid,
) -> (
    Option<WorkQueueRow>,
    Option<IncidentDetail>,
    Vec<HistoryRow>,
) {
    let (mut row, mut detail, mut history) = (None, None, Vec::<HistoryRow>::new());
    for event in desk.stream(id).await {
        let event = Decoded::new(Arc::new(event)).unwrap();
        WorkQueueRow::apply(&mut row, &event);
        IncidentDetail::apply(&mut detail, &event);
        let before = history.last().map(|step| step.status.clone());
        history.extend(HistoryRow::from_event(&event, before.as_deref()));
    }
    (row, detail, history)
}

#[tokio::test]
async fn whatever_happens_the_stored_rows_are_the_fold_of_the_stream_and_agree_with_the_aggregate()
{
    let desk = Desk::open().await;
    let ids = live(&desk, 1, 30, 40).await;
    desk.catch_up().await;
    for id in ids {
        let (row, detail, history) = folded(&desk, id).await;
        let (row, detail) = (row.unwrap(), detail.unwrap());
        assert_eq!(self::row(&desk, id).await, row);
        assert_eq!(self::detail(&desk, id).await, detail);
        let stored = desk
            .read()
            .work_item_history()
            .history(&[id], None, 0, 10_000)
            .await
            .unwrap();
        assert_eq!(stored, history);

        let mut aggregate = Incident::default();
        for event in desk.stream(id).await {
            let DeskEvent::Incident(event) = projections::decode(&event).unwrap() else {
                panic!()
            };
            cqrs_es::Aggregate::apply(&mut aggregate, event);
        }
        assert_eq!(row.status, aggregate.status().as_ref());
        assert_eq!(history.last().unwrap().status, row.status);
        assert_eq!(row.is_open, aggregate.is_open());
        assert_eq!(detail.confirm_by, aggregate.confirm_by());
        let work = aggregate.work();
        assert_eq!(row.handling, work.handling.as_ref());
        assert_eq!(row.team_id, work.team.as_ref().map(|team| team.id.0));
        assert_eq!(
            row.person.as_deref(),
            work.person.as_ref().map(domain::ids::PersonId::as_str)
        );
        assert_eq!(row.feedback_given, work.feedback_given);
        assert_eq!(row.archived, work.archived);
        assert_eq!(row.custom_fields, work.custom_fields);
        assert_eq!(row.watchers.len(), work.watchers.len());
        assert_eq!(row.cis.len(), work.cis.len());
        assert_eq!(
            row.external_references.len(),
            work.external_references.len()
        );
        assert_eq!(row.version, i64::try_from(history.len()).unwrap());
        assert_eq!(row.position, history.last().unwrap().position);
    }
    desk.close().await;
}

#[tokio::test]
async fn hand_overs_are_counted_and_those_to_another_department_apart() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    let assign = |name: &str, line| WorkCommand::Assign {
        to: to_team(team(name, line)),
    };
    // The first assignment and one within the team hand nothing over.
    desk.coordinator(id, assign("IT Network", SupportLine::Second))
        .await;
    let mut again = to_team(team("IT Network", SupportLine::Second));
    again.person = Some(person("wang.fang"));
    again.person_is_member = true;
    desk.coordinator(id, WorkCommand::Assign { to: again })
        .await;
    desk.coordinator(id, assign("IT Desktop", SupportLine::Second))
        .await;
    desk.coordinator(
        id,
        WorkCommand::Return {
            reason: text("not ours"),
        },
    )
    .await;
    desk.coordinator(id, assign("Finance Systems", SupportLine::Second))
        .await;
    desk.catch_up().await;
    let row = row(&desk, id).await;
    assert_eq!((row.hand_over_count, row.cross_department_count), (3, 1));
    assert_eq!(row.team_name.as_deref(), Some("Finance Systems"));
    assert_eq!((row.line, row.status.as_str()), (Some(2), "Assigned"));
    desk.close().await;
}

#[tokio::test]
async fn a_life_from_first_contact_to_reopening_leaves_its_times_and_words() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    desk.start_work(id, "IT Network").await;
    let waiting = Command::PutOnHold {
        reason: HoldReason::Requester,
        text: Some(text("screenshot, please")),
        until: None,
    };
    desk.coordinator(id, waiting).await;
    desk.catch_up().await;
    let held = detail(&desk, id).await;
    assert_eq!(held.hold_reason.as_deref(), Some("Requester"));
    assert_eq!(row(&desk, id).await.stage, "Suspended");

    desk.requester(
        id,
        WorkCommand::Comment {
            visibility: Visibility::Public,
            text: text("here it is"),
        },
    )
    .await;
    desk.catch_up().await;
    assert_eq!(row(&desk, id).await.status, "InProgress");
    assert_eq!(
        row(&desk, id).await.last_contact_at,
        None,
        "the requester's own words are no contact"
    );
    assert_eq!(detail(&desk, id).await.hold_reason, None);

    desk.comment(id, "we are on it").await;
    desk.coordinator(id, Command::RestoreService).await;
    desk.resolve(id).await;
    desk.catch_up().await;
    let resolved = row(&desk, id).await;
    assert!(
        resolved.last_contact_at < resolved.restored_at
            && resolved.restored_at < resolved.resolved_at
    );
    assert!(
        resolved.tracked_at.is_some(),
        "they were told how it stands"
    );
    assert!(!resolved.feedback_given && resolved.is_open);
    let answered = detail(&desk, id).await;
    assert_eq!(
        answered.resolution_solution.as_deref(),
        Some("Certificate renewed")
    );
    assert!(answered.confirm_by.is_some());

    desk.comment(id, "it works again").await;
    desk.coordinator(
        id,
        Command::Close {
            no_feedback_reason: None,
        },
    )
    .await;
    desk.catch_up().await;
    let closed = row(&desk, id).await;
    assert!(!closed.is_open && closed.closed_at.is_some() && closed.feedback_given);
    assert_eq!(detail(&desk, id).await.closed_by.as_deref(), Some("Desk"));

    desk.requester(
        id,
        Command::Reopen {
            reason: text("it is back"),
        },
    )
    .await;
    desk.catch_up().await;
    let reopened = row(&desk, id).await;
    assert_eq!(
        (reopened.cycle, reopened.closed_at, reopened.resolved_at),
        (2, None, None)
    );
    assert!(!reopened.feedback_given && reopened.tracked_at.is_none());
    let reopened = detail(&desk, id).await;
    assert_eq!(reopened.reopen_reason.as_deref(), Some("it is back"));
    assert_eq!((reopened.closed_by, reopened.resolution_code), (None, None));
    desk.close().await;
}

#[tokio::test]
async fn inc_25_the_history_says_what_was_before_and_after_who_and_why() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    desk.start_work(id, "IT Network").await;
    desk.coordinator(
        id,
        WorkCommand::Return {
            reason: text("not ours"),
        },
    )
    .await;
    desk.comment(id, "one moment").await;
    desk.catch_up().await;
    let history = desk
        .read()
        .work_item_history()
        .history(&[id], None, 0, 100)
        .await
        .unwrap();
    let names: Vec<&str> = history
        .iter()
        .map(|step| step.event_type.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "Registered",
            "Classified",
            "PrioritySet",
            "Assigned",
            "AssignmentAccepted",
            "Returned",
            "CommentAdded"
        ]
    );
    let returned = &history[5];
    assert_eq!(returned.status_before.as_deref(), Some("InProgress"));
    assert_eq!(returned.status_after(), Some("Returned"));
    assert_eq!(returned.reason.as_deref(), Some("not ours"));
    assert_eq!(
        (returned.actor.as_str(), returned.role.as_deref()),
        ("li.wei", Some("Coordinator"))
    );
    let team = returned
        .changes
        .iter()
        .find(|change| change.field == "team")
        .unwrap();
    assert_eq!(
        (team.before.as_deref(), team.after.as_deref()),
        (Some("IT Network"), None)
    );
    assert_eq!(history[6].text.as_deref(), Some("one moment"));
    assert_eq!(history[6].status_after(), None);
    assert_eq!(history[0].status_after(), Some("New"));

    let model = desk.read();
    let rest = model
        .work_item_history()
        .history(&[id], None, history[2].position, 2)
        .await
        .unwrap();
    assert_eq!(rest, history[3..5]);
    desk.close().await;
}

#[tokio::test]
async fn sd_21_internal_comments_are_given_out_only_on_request_and_each_item_has_its_own_limit() {
    let desk = Desk::open().await;
    let (one, other) = (desk.register().await, desk.register().await);
    for id in [one, other] {
        for words in ["first", "second", "third"] {
            desk.comment(id, words).await;
        }
        let internal = WorkCommand::Comment {
            visibility: Visibility::Internal,
            text: text("hm"),
        };
        desk.coordinator(id, internal).await;
    }
    desk.catch_up().await;
    let history = desk.read().work_item_history();
    let public = history.comments(&[one, other], false, 0, 2).await.unwrap();
    let words: Vec<_> = public
        .iter()
        .map(|step| (step.item_id, step.text.as_deref().unwrap()))
        .collect();
    assert_eq!(
        words,
        [
            (one, "first"),
            (one, "second"),
            (other, "first"),
            (other, "second")
        ]
    );
    let all = history.comments(&[one], true, 0, 10).await.unwrap();
    assert_eq!(all.len(), 4);
    assert_eq!(all[3].visibility.as_deref(), Some("Internal"));
    let later = history
        .comments(&[one], true, all[1].position, 10)
        .await
        .unwrap();
    assert_eq!(later, all[2..]);
    desk.close().await;
}

#[tokio::test]
async fn links_are_seen_from_both_ends_and_gone_when_taken_back() {
    let desk = Desk::open().await;
    let (top, middle, bottom) = (
        desk.register().await,
        desk.register().await,
        desk.register().await,
    );
    let to = |id: Uuid, number: i64| LinkTarget {
        id: WorkItemId(id),
        number: format!("INC{number:07}"),
        leads_back: false,
        is_open: true,
    };
    let link = |relation, target| WorkCommand::Link { relation, target };
    desk.coordinator(top, link(Relation::ParentOf, to(middle, 2)))
        .await;
    desk.coordinator(middle, link(Relation::ParentOf, to(bottom, 3)))
        .await;
    desk.coordinator(top, link(Relation::RelatesTo, to(bottom, 3)))
        .await;
    desk.coordinator(
        top,
        WorkCommand::Unlink {
            relation: Relation::RelatesTo,
            target: WorkItemId(bottom),
        },
    )
    .await;
    desk.catch_up().await;

    let links = desk.read().work_item_link();
    let seen = links.links(&[middle]).await.unwrap();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        (
            seen[0].is_source,
            seen[0].other,
            seen[0].other_number.as_str()
        ),
        (false, top, "INC0000001")
    );
    assert_eq!(
        (
            seen[1].is_source,
            seen[1].other,
            seen[1].other_number.as_str()
        ),
        (true, bottom, "INC0000003")
    );
    assert!(seen.iter().all(|link| link.relation == "ParentOf"));

    desk.coordinator(
        middle,
        WorkCommand::Unlink {
            relation: Relation::ParentOf,
            target: WorkItemId(bottom),
        },
    )
    .await;
    desk.catch_up().await;
    assert_eq!(links.links(&[middle]).await.unwrap(), seen[..1]);
    desk.close().await;
}

#[tokio::test]
async fn the_counts_are_those_of_the_table() {
    let desk = Desk::open().await;
    live(&desk, 7, 25, 20).await;
    desk.catch_up().await;
    live(&desk, 8, 15, 30).await;
    desk.catch_up().await;
    let wrong: i64 = sqlx::query_scalar(
        "select count(*) from (select * from work_queue_count where items > 0) c
         full join (select practice, team_id, status, priority, count(*) as items from work_queue
                    group by practice, team_id, status, priority) q
         using (practice, team_id, status, priority)
         where c.items is distinct from q.items",
    )
    .fetch_one(desk.pool())
    .await
    .unwrap();
    assert_eq!(wrong, 0);

    let queue = desk.read().work_queue();
    let everything = WorkItemFilter::default();
    assert_eq!(queue.total(&everything).await.unwrap(), 40);
    for by in [GroupBy::Status, GroupBy::Team, GroupBy::Priority] {
        let counts = queue.counts(&everything, by).await.unwrap();
        assert_eq!(counts.iter().map(|count| count.items).sum::<i64>(), 40);
        // The same, counted off the queue itself.
        let counted = WorkItemFilter {
            min_hand_overs: Some(0),
            ..WorkItemFilter::default()
        };
        assert_eq!(queue.counts(&counted, by).await.unwrap(), counts);
    }
    let teams = queue.counts(&everything, GroupBy::Team).await.unwrap();
    assert!(
        teams
            .iter()
            .all(|count| count.team_id.is_some() == count.team_name.is_some())
    );
    desk.close().await;
}

#[tokio::test]
async fn an_event_of_an_old_version_is_read_in_todays_shape() {
    let desk = Desk::open().await;
    let id = desk.register().await;
    desk.start_work(id, "IT Network").await;
    let version = i64::try_from(desk.stream(id).await.len()).unwrap();
    let payload =
        serde_json::json!({"type": "PutOnHold", "waiting_for": "the supplier's engineer"});
    desk.append_raw((id, version), "PutOnHold", "1.0", &payload)
        .await;
    desk.catch_up().await;
    let held = detail(&desk, id).await;
    assert_eq!(held.hold_reason.as_deref(), Some("Supplier"));
    assert_eq!(held.hold_text.as_deref(), Some("the supplier's engineer"));
    desk.close().await;
}

#[tokio::test]
async fn a_nul_character_in_an_event_is_shown_as_unknown_and_stops_nothing() {
    let desk = Desk::open().await;
    let id = desk.register_as(intake(9)).await;
    let version = i64::try_from(desk.stream(id).await.len()).unwrap();
    let payload = serde_json::json!({
        "type": "CommentAdded", "visibility": "Public", "text": "a\u{0}b", "from_requester": false,
    });
    desk.append_raw((id, version), "CommentAdded", "1.0", &payload)
        .await;
    desk.catch_up().await;
    let comments = desk
        .read()
        .work_item_history()
        .comments(&[id], true, 0, 10)
        .await
        .unwrap();
    assert_eq!(comments[0].text.as_deref(), Some("a\u{fffd}b"));
    desk.close().await;
}
