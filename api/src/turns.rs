//! Whose turn it is: commands on one object are decided one after the other, so
//! that sixty people who comment on one incident at once are all heard. Between
//! replicas the log decides who was first, and the other decides anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

/// The objects that commands are being carried out on, each with those who wait.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lines: Mutex<HashMap<(&'static str, Uuid), Line>>,
}

#[derive(Debug, Default)]
struct Line {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// How many hold or wait for the lock.
    people: usize,
}

/// A turn on one object; the next one begins when it is dropped.
#[derive(Debug)]
pub(crate) struct Turn<'t> {
    // Dropped in this order: a line is only taken away when its lock is free.
    _guard: OwnedMutexGuard<()>,
    _place: Place<'t>,
}

/// A place in the line of an object, given up when it is dropped.
#[derive(Debug)]
struct Place<'t> {
    turns: &'t Turns,
    object: (&'static str, Uuid),
}

impl Turns {
    /// Waits for the turn on an object, in the order of asking.
    pub(crate) async fn wait(&self, aggregate_type: &'static str, id: Uuid) -> Turn<'_> {
        let (place, lock) = self.enter((aggregate_type, id));
        Turn {
            _guard: lock.lock_owned().await,
            _place: place,
        }
    }

    fn enter(&self, object: (&'static str, Uuid)) -> (Place<'_>, Arc<tokio::sync::Mutex<()>>) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(object).or_default();
        line.people += 1;
        let place = Place {
            turns: self,
            object,
        };
        (place, Arc::clone(&line.lock))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let lines = &mut self
            .turns
            .lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get_mut(&self.object) {
            line.people -= 1;
            if line.people == 0 {
                lines.remove(&self.object);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(turns: &Turns) -> usize {
        turns
            .lines
            .lock()
            .unwrap()
            .values()
            .map(|line| line.people)
            .sum()
    }

    #[tokio::test]
    async fn one_after_the_other_on_one_object_and_nobody_waits_for_another_object() {
        let turns = Turns::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let first = turns.wait("incident", one).await;
        let _elsewhere = turns.wait("incident", other).await;
        let mut second = Box::pin(turns.wait("incident", one));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        drop(first);
        let _second = second.await;
    }

    #[tokio::test]
    async fn who_goes_away_leaves_nothing_behind() {
        let turns = Turns::default();
        let first = turns.wait("incident", Uuid::nil()).await;
        let mut second = Box::pin(turns.wait("incident", Uuid::nil()));
        assert!(futures_util::poll!(second.as_mut()).is_pending());
        assert_eq!(waiting(&turns), 2);
        drop(second);
        assert_eq!(waiting(&turns), 1);
        drop(first);
        assert!(turns.lines.lock().unwrap().is_empty());
    }
}
