//! A place in the log as somebody names it: by a position, or by a time.

use std::str::FromStr;

use anyhow::bail;
use chrono::{DateTime, Utc};
use event_store::Audit;

use crate::as_of::moment;

/// A place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Its position.
    Position(i64),
    /// A time; the place is the last position recorded by then.
    Time(DateTime<Utc>),
}

impl FromStr for Mark {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Ok(position) = text.parse::<i64>() {
            return if position >= 0 {
                Ok(Self::Position(position))
            } else {
                Err("a position is not negative".to_owned())
            };
        }
        moment(text)
            .map(Self::Time)
            .map_err(|how| format!("neither a position nor a time; {how}"))
    }
}

impl Mark {
    /// The position that is meant, which the log must have reached.
    pub(crate) async fn position(self, audit: &Audit, head: i64) -> anyhow::Result<i64> {
        match self {
            Self::Position(position) if position > head => {
                bail!("there is no position {position} yet: the log ends at {head}")
            }
            Self::Position(position) => Ok(position),
            Self::Time(at) => Ok(audit.position_at(at).await?.min(head)),
        }
    }

    /// The first position that a range beginning here has.
    pub(crate) async fn first(self, audit: &Audit, head: i64) -> anyhow::Result<i64> {
        match self {
            Self::Position(_) => Ok(self.position(audit, head).await?.max(1)),
            // What was recorded at that very moment belongs to the range.
            Self::Time(at) => {
                let before = at - chrono::TimeDelta::microseconds(1);
                Ok(audit.position_at(before).await? + 1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_position_and_everything_else_a_time() {
        assert_eq!("1284".parse(), Ok(Mark::Position(1284)));
        assert_eq!(
            "2026-03-01 09:00".parse(),
            Ok(Mark::Time("2026-03-01T09:00:00Z".parse().unwrap()))
        );
        assert!("-1".parse::<Mark>().unwrap_err().contains("negative"));
        assert!("yesterday".parse::<Mark>().unwrap_err().contains("neither"));
    }
}
