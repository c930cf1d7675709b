//! Where the desk's data lies when nobody says where.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};

/// The data directory of a desk for which none was named: the machine's for
/// root, the user's own for everybody else (`$XDG_DATA_HOME/docket`, usually
/// `~/.local/share/docket`).
pub fn default_data_dir() -> PathBuf {
    let user = Uid::effective();
    if user.is_root() {
        return PathBuf::from("/var/lib/docket");
    }
    let home = || User::from_uid(user).ok().flatten().map(|user| user.dir);
    of_user(
        std::env::var_os("XDG_DATA_HOME"),
        std::env::var_os("HOME"),
        home,
    )
}

/// The XDG specification has relative paths ignored.
fn of_user(
    data_home: Option<OsString>,
    home: Option<OsString>,
    home_of_account: impl FnOnce() -> Option<PathBuf>,
) -> PathBuf {
    let absolute = |path: Option<OsString>| {
        path.map(PathBuf::from)
            .filter(|path: &PathBuf| path.is_absolute())
    };
    let data_home = absolute(data_home).or_else(|| {
        absolute(home)
            .or_else(home_of_account)
            .map(|home| home.join(".local/share"))
    });
    data_home
        .as_deref()
        .unwrap_or(Path::new("/var/lib"))
        .join("docket")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_data_home_comes_first_then_the_home_then_the_account() {
        let account = || Some(PathBuf::from("/home/account"));
        assert_eq!(
            of_user(Some("/data".into()), Some("/home/li".into()), account),
            Path::new("/data/docket")
        );
        assert_eq!(
            of_user(Some("relative".into()), Some("/home/li".into()), account),
            Path::new("/home/li/.local/share/docket")
        );
        assert_eq!(
            of_user(None, None, account),
            Path::new("/home/account/.local/share/docket")
        );
    }
}
