//! The binary, run as an auditor runs it, on real logs.

#![expect(
    clippy::unwrap_used,
    reason = "a test that panics has failed, in its helpers too"
)]

mod asking;
mod calling;
mod desk;
mod exceptions;
mod exporting;
mod process_log;
mod program;
mod rebuilding;
mod sealing;
mod shell;
mod verifying;
