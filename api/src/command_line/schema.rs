//! `docket schema`.

use std::io::Write;

/// Prints the schema as SDL.
pub(super) fn print() -> anyhow::Result<()> {
    std::io::stdout().write_all(crate::graphql::sdl().as_bytes())?;
    Ok(())
}
