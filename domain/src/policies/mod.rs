//! Reactions: what the desk itself does when something has happened. Pure
//! functions from events to what follows; process managers in the service run
//! them, each with its own checkpoint and with command ids that derive from
//! the event, so that a repeated event does nothing twice.

pub mod auto_close;
