//! What is the next work item called: numbers that people can read to each
//! other over the telephone.

use std::sync::{Mutex, PoisonError};

use sqlx::PgPool;
use tokio::sync::oneshot;

use crate::ReadError;

/// The numbers of work items. They may leave some out, and give none twice.
#[derive(Debug, Clone)]
pub struct Numbers {
    pool: PgPool,
}

impl Numbers {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Sees to it that the numbers go on behind those that are taken: after a
    /// log was brought back from an export.
    pub async fn go_on_behind_taken(&self) -> Result<(), ReadError> {
        sqlx::query!(
            r#"
            select setval(
                'incident_number',
                greatest(
                    (select last_value from incident_number),
                    (
                        select max(substring(key from '^INC([0-9]{7,18})$')::bigint)
                        from reservations
                        where scope = 'incident.number'
                    )
                )
            ) as "last!"
            "#
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(())
    }

    /// The next `count` numbers of a practice, such as `INC0000042`.
    pub async fn next_numbers(&self, practice: &str, count: u32) -> Result<Vec<String>, ReadError> {
        let (prefix, sequence) = match practice {
            "incident" => ("INC", "incident_number"),
            other => {
                return Err(ReadError::FilterInvalid(format!(
                    "there are no numbers for the practice {other:?}"
                )));
            }
        };
        let numbers = sqlx::query_scalar!(
            r#"
            select nextval($1::text::regclass) as "number!"
            from generate_series(1, $2::bigint)
            "#,
            sequence,
            i64::from(count),
        )
        .fetch_all(&self.pool)
        .await?;
        let named = numbers
            .into_iter()
            .map(|number| format!("{prefix}{number:07}"));
        Ok(named.collect())
    }
}

/// Gives the numbers of a practice to those who ask for one each. All who ask at
/// the same time get theirs from one statement.
#[derive(Debug)]
pub struct NextNumbers {
    numbers: Numbers,
    practice: &'static str,
    waiting: Mutex<Vec<oneshot::Sender<String>>>,
    asking: tokio::sync::Mutex<()>,
}

impl NextNumbers {
    /// The numbers of a practice.
    pub fn new(numbers: Numbers, practice: &'static str) -> Self {
        Self {
            numbers,
            practice,
            waiting: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The next number.
    pub async fn next(&self) -> Result<String, ReadError> {
        loop {
            let mut number = self.wait();
            let _asking = self.asking.lock().await;
            if let Ok(number) = number.try_recv() {
                return Ok(number);
            }
            let waiting = std::mem::take(&mut *self.lock());
            let count = u32::try_from(waiting.len()).unwrap_or(u32::MAX);
            let numbers = self.numbers.next_numbers(self.practice, count).await?;
            for (waiting, number) in waiting.into_iter().zip(numbers) {
                // Whoever has gone away leaves a number out.
                let _gone = waiting.send(number);
            }
            if let Ok(number) = number.try_recv() {
                return Ok(number);
            }
        }
    }

    fn wait(&self) -> oneshot::Receiver<String> {
        let (give, get) = oneshot::channel();
        self.lock().push(give);
        get
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<oneshot::Sender<String>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
