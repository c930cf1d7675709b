//! The timers of process managers.

use chrono::TimeDelta;
use projections::lease;
use projections::timer::{TimerChange, apply_changes, begin_anew};
use uuid::Uuid;

use crate::desk::Desk;

#[tokio::test]
async fn timers_and_the_place_in_the_log_change_together() {
    let desk = Desk::open().await;
    let timers = desk.read().timers();
    let options = desk.pool().connect_options();
    let mut held = lease(&options, "process auto_close").await.unwrap();
    let now = desk.now();
    let (early, late, stopped) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
    let start = |hours, source_position| TimerChange::Start {
        due_at: now + TimeDelta::hours(hours),
        source_position,
    };
    let changes = [
        (late, start(2, 1)),
        (early, start(9, 2)),
        (stopped, start(1, 3)),
        (early, start(1, 4)),
        (stopped, TimerChange::Stop),
        (late, TimerChange::TryAgain { at: now }),
    ];
    apply_changes(&mut held, ("auto_close", 1), &changes, 17)
        .await
        .unwrap();
    assert_eq!(timers.position("auto_close", 1).await.unwrap(), Some(17));
    assert_eq!(timers.position("auto_close", 2).await.unwrap(), None);
    assert_eq!(timers.position("another", 1).await.unwrap(), None);
    assert_eq!(
        timers.next_due("auto_close").await.unwrap(),
        Some(now + TimeDelta::hours(1))
    );
    assert_eq!(timers.next_due("another").await.unwrap(), None);

    assert!(timers.due("auto_close", now, 10).await.unwrap().is_empty());
    let due = timers
        .due("auto_close", now + TimeDelta::hours(3), 10)
        .await
        .unwrap();
    assert_eq!(
        due.iter().map(|timer| timer.key).collect::<Vec<_>>(),
        [early, late]
    );
    assert_eq!(due[0].source_position, 4);

    timers.park("auto_close", &due[..1]).await.unwrap();
    assert_eq!(
        timers.next_due("auto_close").await.unwrap(),
        Some(now + TimeDelta::hours(2))
    );
    apply_changes(
        &mut held,
        ("auto_close", 1),
        &[(early, TimerChange::TryAgain { at: now })],
        18,
    )
    .await
    .unwrap();
    assert_eq!(
        timers.next_due("auto_close").await.unwrap(),
        Some(now + TimeDelta::hours(1))
    );

    // Set again meanwhile: what was read before no longer counts.
    apply_changes(&mut held, ("auto_close", 1), &[(early, start(5, 19))], 19)
        .await
        .unwrap();
    timers.clear("auto_close", &due[..2]).await.unwrap();
    let left = timers
        .due("auto_close", now + TimeDelta::days(1), 10)
        .await
        .unwrap();
    assert_eq!(
        left.iter()
            .map(|timer| (timer.key, timer.source_position))
            .collect::<Vec<_>>(),
        [(early, 19)]
    );
    held.release().await;
    desk.close().await;
}

#[tokio::test]
async fn a_parked_timer_stays_parked_unless_an_event_lets_it_try_again() {
    let desk = Desk::open().await;
    let timers = desk.read().timers();
    let mut held = lease(&desk.pool().connect_options(), "process p")
        .await
        .unwrap();
    let (key, now) = (Uuid::now_v7(), desk.now());
    let start = TimerChange::Start {
        due_at: now,
        source_position: 1,
    };
    apply_changes(&mut held, ("p", 1), &[(key, start)], 1)
        .await
        .unwrap();
    let timer = timers.due("p", now, 1).await.unwrap().remove(0);
    timers.park("p", &[timer]).await.unwrap();
    apply_changes(&mut held, ("p", 1), &[], 2).await.unwrap();
    assert_eq!(timers.next_due("p").await.unwrap(), None);
    // Stopped and then told to try again: there is nothing to try.
    let changes = [
        (key, TimerChange::Stop),
        (key, TimerChange::TryAgain { at: now }),
    ];
    apply_changes(&mut held, ("p", 1), &changes, 3)
        .await
        .unwrap();
    assert!(timers.due("p", now, 1).await.unwrap().is_empty());
    held.release().await;
    desk.close().await;
}

#[tokio::test]
async fn what_is_tried_again_counts_as_of_the_event_that_lets_it() {
    let desk = Desk::open().await;
    let timers = desk.read().timers();
    let mut held = lease(&desk.pool().connect_options(), "process p")
        .await
        .unwrap();
    let (key, other, now) = (Uuid::now_v7(), Uuid::now_v7(), desk.now());
    let later = now + TimeDelta::hours(2);
    let start = TimerChange::Start {
        due_at: now,
        source_position: 1,
    };
    let again = TimerChange::TryAgain { at: later };
    // Whether it was tried before or not, and in one batch or in two.
    apply_changes(&mut held, ("p", 1), &[(key, start)], 1)
        .await
        .unwrap();
    let changes = [(key, again), (other, start), (other, again)];
    apply_changes(&mut held, ("p", 1), &changes, 2)
        .await
        .unwrap();
    assert!(timers.due("p", now, 9).await.unwrap().is_empty());
    let due = timers.due("p", later, 9).await.unwrap();
    let moments: Vec<_> = due.iter().map(|timer| timer.due_at).collect();
    assert_eq!(moments, [later, later]);
    // What a later version of the process does with them is its own.
    begin_anew(&mut held, "p").await.unwrap();
    assert_eq!(timers.next_due("p").await.unwrap(), None);
    held.release().await;
    desk.close().await;
}
