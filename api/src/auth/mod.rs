//! Who is asking, and whether they may. Tokens are the only way in at
//! present; sign-in for people will be another, and ends in the same
//! [`Actor`](domain::Actor).

pub mod policy;
mod token;

pub use token::{IssuedToken, authenticate, find_token, issue_token};
