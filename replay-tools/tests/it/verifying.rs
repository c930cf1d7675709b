//! `verify`: a log that is whole is found whole, and nothing else is.

use serde_json::json;

use crate::desk::{Desk, comment};
use crate::program::run;

#[tokio::test]
async fn a_log_that_nobody_touched_is_whole() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    desk.journey("INC0000002").await;
    let head = desk.head().await;

    let ran = desk.replay(&["verify", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let found = ran.json();
    let whole = json!({"ok": true, "head": head, "firstBadPosition": null, "problem": null});
    for (name, expected) in whole.as_object().unwrap() {
        assert_eq!(&found[name], expected, "{name}");
    }
    assert_eq!(ran.stderr, "");

    let ran = desk.replay(&["verify"]).await;
    assert_eq!(ran.code, 0);
    let expected = format!("The log is whole: {head} events in 6 streams, the last at");
    assert!(ran.stdout.starts_with(&expected), "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn an_empty_log_is_whole() {
    let desk = Desk::empty().await;
    let ran = desk.replay(&["verify"]).await;
    assert_eq!(
        (ran.code, &*ran.stdout),
        (0, "The log is whole: it is empty.\n")
    );
    let ran = desk.replay(&["verify", "--json"]).await;
    assert_eq!(ran.json()["head"], 0);
    desk.close().await;
}

/// An event written by an earlier version of the desk is read by today's.
#[tokio::test]
async fn an_old_version_of_an_event_is_not_held_against_the_log() {
    let desk = Desk::open().await;
    let id = desk.journey("INC0000001").await;
    let head = desk.head().await;
    desk.tamper(&format!(
        r#"
        insert into events
        select {head} + 1, aggregate_type, aggregate_id, sequence + 1, 'PutOnHold', '1.0',
            '{{"type":"PutOnHold","waiting_for":"供应商"}}', metadata, gen_random_uuid(), 0,
            request_hash, recorded_at
        from events where position = {head};
        update log_head set position = {head} + 1;
        "#
    ))
    .await;
    let ran = desk.replay(&["verify"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    let ran = desk.replay(&["history", &id.to_string()]).await;
    assert!(ran.stdout.contains("hold_reason: Supplier"), "{ran:?}");
    desk.close().await;
}

/// A way to alter the log, where it shows first, and what is said of it. The
/// log has a registration of several events at positions 9 and up, and ends
/// with four commands of one event each; `first` and `last` stand for the ends
/// of the incident's stream.
struct Tampering {
    sql: &'static str,
    position: Where,
    said: &'static str,
}

enum Where {
    At(i64),
    FromTheEnd(i64),
}

use Where::{At, FromTheEnd};

const TAMPERINGS: &[Tampering] = &[
    Tampering {
        sql: "update events set payload = replace(payload::text, 'VPN', 'WAN')::json where position = 9;
              update events set payload = replace(payload::text, '{\"', '{ \"')::json where position = 9",
        position: At(9),
        said: "has a payload that is not as the log writes it (RFC 8785)",
    },
    Tampering {
        sql: "update events set payload = replace(payload::text, '\"summary\"', '\"Summary\"')::json where position = 9",
        position: At(9),
        said: "has a payload that is not as the log writes it",
    },
    Tampering {
        sql: "update events set payload = '{\"type\":\"Resumed\"}' where position = {last}",
        position: FromTheEnd(0),
        said: "is called \"Resolved\", and its payload says \"Resumed\"",
    },
    Tampering {
        sql: "update events set payload = '{\"type\":\"Resolved\"}' where position = {last}",
        position: FromTheEnd(0),
        said: "cannot be read: data did not match",
    },
    Tampering {
        sql: "update events set metadata = '{\"actor\":\"nobody\"}' where position = {last}",
        position: FromTheEnd(0),
        said: "an envelope that cannot be read: missing field `effective_at`",
    },
    Tampering {
        sql: "update events set metadata = replace(metadata::text, 'li.wei', 'wang.fang')::json where position = 10",
        position: At(10),
        said: "does not go on with its command",
    },
    Tampering {
        sql: "delete from events where position = 3",
        position: At(3),
        said: "position 3 is missing: the next event is at 4",
    },
    Tampering {
        sql: "delete from events where position = 1",
        position: At(1),
        said: "position 1 is missing: the next event is at 2",
    },
    Tampering {
        sql: "delete from events where position = {last}",
        position: FromTheEnd(0),
        said: "is missing: the log ends at",
    },
    Tampering {
        sql: "delete from events",
        position: At(1),
        said: "position 1 is missing: the log ends at 0",
    },
    Tampering {
        sql: "update log_head set position = position - 2",
        position: FromTheEnd(1),
        said: "behind its head",
    },
    Tampering {
        sql: "update log_head set recorded_at = recorded_at + interval '1 hour'",
        position: FromTheEnd(0),
        said: "the head of the log was recorded at",
    },
    Tampering {
        sql: "delete from log_head",
        position: FromTheEnd(0),
        said: "the head of the log is gone",
    },
    // Removed, and the rest renumbered so that no position is missing.
    Tampering {
        sql: "delete from events where position = {last} - 2;
              update events set position = position - 1 where position = {last} - 1;
              update events set position = position - 1 where position = {last};
              update log_head set position = position - 1",
        position: FromTheEnd(2),
        said: "follows event",
    },
    // The same, and the sequences, too: the accepting is gone.
    Tampering {
        sql: "delete from events where position = {first};
              update events set sequence = sequence - 1, position = position - 1 where position = {first} + 1;
              update events set sequence = sequence - 1, position = position - 1 where position = {first} + 2;",
        position: At(9),
        said: "is number 1 of its command",
    },
    Tampering {
        sql: "update events set position = -1 where position = {last};
              update events set position = {last} where position = {last} - 1;
              update events set position = {last} - 1 where position = -1;",
        position: FromTheEnd(1),
        said: "before event",
    },
    Tampering {
        sql: "update events set position = {last} - 1 where position = {last}",
        position: FromTheEnd(1),
        said: "stands in the log twice",
    },
    Tampering {
        sql: "update events set sequence = sequence - 1 where position = {last}",
        position: FromTheEnd(0),
        said: "stands in the log twice",
    },
    Tampering {
        sql: "update events set sequence = 77 where position = {last}",
        position: FromTheEnd(0),
        said: "is missing: event 77",
    },
    Tampering {
        sql: "update events set recorded_at = recorded_at - interval '1 day' where position = {last} - 1",
        position: FromTheEnd(1),
        said: "before the position that it follows",
    },
    Tampering {
        sql: "update events set recorded_at = recorded_at + interval '1 day' where position = {last} - 2",
        position: FromTheEnd(1),
        said: "before the position that it follows",
    },
    Tampering {
        sql: "update events set recorded_at = 'infinity' where position = 5",
        position: At(5),
        said: "the server sent a row of another form",
    },
    Tampering {
        sql: "update events set command_index = 3 where position = 10",
        position: At(10),
        said: "is number 3 of its command",
    },
    Tampering {
        sql: "update events set command_id = gen_random_uuid() where position = 11",
        position: At(11),
        said: "is number 2 of its command",
    },
    Tampering {
        sql: "update events set request_hash = 'short' where position = 7",
        position: At(7),
        said: "the hash of the request does not have 16 bytes",
    },
    Tampering {
        sql: "update events set request_hash = request_hash where position = 7;
              update events set request_hash = (select request_hash from events where position = 7) where position = 10",
        position: At(10),
        said: "hash of its command's request",
    },
    Tampering {
        sql: "update events set command_id = (select command_id from events where position = 2) where position = {last}",
        position: FromTheEnd(0),
        said: "stands in the log already",
    },
    Tampering {
        sql: "update events set aggregate_id = 'somebody' where position = {last}",
        position: FromTheEnd(0),
        said: "the aggregate id \"somebody\" is not a UUID",
    },
    Tampering {
        sql: "update events set aggregate_type = 'incidents' where aggregate_type = 'incident'",
        position: At(9),
        said: "of a kind that this program does not know: \"incidents\"",
    },
    Tampering {
        sql: "update events set event_version = '7.0' where position = {last}",
        position: FromTheEnd(0),
        said: "cannot be read: this program knows version 1.0",
    },
    // Well-formed, and a contradiction of what happened before.
    Tampering {
        sql: "update events set event_type = 'PriorityOverridden',
              payload = '{\"from\":\"P5\",\"reason\":\"x\",\"to\":\"P1\",\"type\":\"PriorityOverridden\"}'
              where position = {last} - 1",
        position: FromTheEnd(1),
        said: "names another priority before it than the incident had",
    },
    // A stream without its beginning, renumbered.
    Tampering {
        sql: "update events set aggregate_id = gen_random_uuid(), sequence = 1 where position = {last}",
        position: FromTheEnd(0),
        said: "begins a stream, which an event of its kind cannot do",
    },
];

/// What the database itself would not let pass is taken away as well, so that
/// nothing but the verifier is left to see it.
const UNGUARDED: &str = "
    alter table events drop constraint events_pkey;
    alter table events drop constraint events_stream;
    alter table events drop constraint events_command;
    alter table events drop constraint events_numbered_from_one;
    alter table events drop constraint events_request_hash;
    create table pristine_events as table events;
    create table pristine_head as table log_head;";

const RESTORED: &str = "
    truncate events, log_head;
    insert into events table pristine_events;
    insert into log_head table pristine_head;";

#[tokio::test]
async fn whatever_is_altered_is_found_with_its_position() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let (first, last) = (Desk::SETUP + 1, desk.head().await);
    desk.tamper(UNGUARDED).await;
    for tampering in TAMPERINGS {
        let sql = tampering
            .sql
            .replace("{first}", &first.to_string())
            .replace("{last}", &last.to_string());
        desk.tamper(&format!("{RESTORED} {sql}")).await;
        let position = match tampering.position {
            At(position) => position,
            FromTheEnd(back) => last - back,
        };
        let ran = desk.replay(&["verify", "--json"]).await;
        assert_eq!(ran.code, 1, "{sql}: {ran:?}");
        let found = ran.json();
        assert_eq!(found["ok"], false, "{sql}");
        assert_eq!(found["firstBadPosition"], position, "{sql}: {found}");
        let problem = found["problem"].as_str().unwrap();
        assert!(problem.contains(tampering.said), "{sql}: {problem}");
    }
    desk.tamper(RESTORED).await;
    let ran = desk.replay(&["verify", "--json"]).await;
    assert_eq!(ran.code, 0, "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn of_many_things_that_are_wrong_the_first_one_is_named() {
    let desk = Desk::open().await;
    desk.journey("INC0000001").await;
    let head = desk.head().await;
    desk.tamper(&format!(
        "update events set sequence = 50 where position = {head};
         update events set payload = '{{\"type\":\"Resumed\"}}' where position = {head} - 1;
         update events set recorded_at = recorded_at - interval '1 day' where position = {head} - 2;
         update log_head set recorded_at = null;"
    ))
    .await;
    let found = desk.replay(&["verify", "--json"]).await.json();
    assert_eq!(found["firstBadPosition"], head - 2, "{found}");
    let ran = desk.replay(&["verify"]).await;
    assert_eq!(ran.code, 1);
    let said = format!(
        "The log is altered or broken. First bad position: {}\n",
        head - 2
    );
    assert!(ran.stdout.starts_with(&said), "{ran:?}");
    assert_eq!(ran.stdout.lines().count(), 2, "{ran:?}");
    desk.close().await;
}

#[tokio::test]
async fn what_is_appended_meanwhile_does_no_harm() {
    let desk = Desk::open().await;
    let id = desk.register("INC0000001").await;
    let mut verdicts = Vec::new();
    {
        let appending = async {
            loop {
                desk.command(id, "09:00", comment("and again")).await;
            }
        };
        let verifying = async {
            for _ in 0..5 {
                verdicts.push(desk.replay(&["verify", "--json"]).await);
            }
        };
        tokio::select! {
            () = verifying => {}
            () = appending => {}
        }
    }
    for ran in &verdicts {
        assert_eq!(ran.code, 0, "{ran:?}");
    }
    let heads: Vec<_> = verdicts
        .iter()
        .map(|ran| ran.json()["head"].as_i64().unwrap())
        .collect();
    assert!(heads.is_sorted() && heads[0] < heads[4], "{heads:?}");
    desk.close().await;
}

#[tokio::test]
async fn a_check_that_cannot_run_says_so_and_is_no_verdict() {
    let desk = Desk::open().await;
    desk.tamper("alter table events rename column payload to content")
        .await;
    let ran = desk.replay(&["verify", "--json"]).await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(ran.stderr.contains("payload"), "{ran:?}");
    desk.close().await;

    let ran = run(&[
        "verify",
        "--database-url",
        "postgres://docket@127.0.0.1:1/none",
    ])
    .await;
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(
        ran.stderr
            .starts_with("docket-replay: the database cannot be opened"),
        "{ran:?}"
    );
    assert_eq!(ran.stderr.lines().count(), 1);
}
