//! Who there is: teams and the people in them, and the tokens by which
//! programs act. People as aggregates of their own, units and positions
//! follow; until then a person is a name in a team.

/// What the codes of teams are reserved under: each is one team's.
pub const TEAM_CODES: &str = "team.code";

mod team;
mod token;

#[cfg(test)]
mod tests;

pub use team::{Team, TeamCommand, TeamEvent, TeamRefusal};
pub use token::{ApiToken, TokenCommand, TokenEvent, TokenRefusal};
