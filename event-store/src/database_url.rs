//! The URL of a database in the forms that PostgreSQL's own programs take
//! (libpq). Of those the driver knows most, but wants a host before the path:
//! `postgresql://user@/db?host=/run/postgresql` names it behind.

use std::borrow::Cow;
use std::fmt::Write;
use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;

/// How to connect to the database that a URL names.
pub(crate) fn options_of(url: &str) -> Result<PgConnectOptions, sqlx::Error> {
    let url = url.trim();
    PgConnectOptions::from_str(&as_the_driver_takes_it(url))
}

fn as_the_driver_takes_it(url: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.into();
    };
    let (before, query) = match rest.split_once('?') {
        Some((before, query)) => (before, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = before.split_at(before.find('/').unwrap_or(before.len()));
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let mut taken = format!("{scheme}://");
    if let Some(user) = user {
        taken.push_str(user);
        taken.push('@');
    }
    if host.is_empty() || host.starts_with(':') {
        let names_host = |one: &str| one.starts_with("host=") || one.starts_with("hostaddr=");
        let is_named = query.is_some_and(|query| query.split('&').any(names_host));
        taken.push_str(&if is_named {
            // Any will do: the one that is named behind goes before it.
            "localhost".to_owned()
        } else {
            usual_host()
        });
    }
    taken.push_str(host);
    taken.push_str(path);
    if let Some(query) = query {
        taken.push('?');
        // To libpq a plus sign is one, to the driver a space.
        taken.push_str(&query.replace('+', "%2B"));
    }
    taken.into()
}

/// Where a server is looked for when nothing says where, as the host of a URL.
fn usual_host() -> String {
    let usual = PgConnectOptions::new_without_pgpass();
    let Some(socket) = usual.get_socket() else {
        return usual.get_host().to_owned();
    };
    let mut host = String::new();
    for byte in socket.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() {
            host.push(char::from(*byte));
        } else {
            // Writing to a string cannot fail.
            let _written = write!(host, "%{byte:02X}");
        }
    }
    host
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_forms_of_libpq_are_understood() {
        let socket = Some("/run/pg");
        for (url, host, socket, port, database) in [
            (
                "postgres://li@db.internal/docket",
                "db.internal",
                None,
                5432,
                Some("docket"),
            ),
            (
                "postgresql://li@db.internal:5433",
                "db.internal",
                None,
                5433,
                None,
            ),
            (
                "postgresql://li@/docket?host=/run/pg",
                "",
                socket,
                5432,
                Some("docket"),
            ),
            (
                "postgresql://li@/docket?host=/run/pg&port=5433",
                "",
                socket,
                5433,
                Some("docket"),
            ),
            (
                "postgresql://li@/docket?host=%2Frun%2Fpg",
                "",
                socket,
                5432,
                Some("docket"),
            ),
            (
                "postgresql://li@%2Frun%2Fpg:5433/docket",
                "",
                socket,
                5433,
                Some("docket"),
            ),
            (
                "postgresql://li@:5433/docket?host=/run/pg",
                "",
                socket,
                5433,
                Some("docket"),
            ),
            (
                "postgresql://li@/docket?port=5433&host=db.internal",
                "db.internal",
                None,
                5433,
                Some("docket"),
            ),
            (
                "postgresql://li:pa%40ss@/docket?hostaddr=127.0.0.1",
                "127.0.0.1",
                None,
                5432,
                Some("docket"),
            ),
            (
                "postgresql:///docket?host=/run/pg&user=li",
                "",
                socket,
                5432,
                Some("docket"),
            ),
            (
                "postgresql://?host=/run/pg&user=li&dbname=docket",
                "",
                socket,
                5432,
                Some("docket"),
            ),
            (
                " postgresql://li@db.internal/docket\r\n",
                "db.internal",
                None,
                5432,
                Some("docket"),
            ),
        ] {
            let options = options_of(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(
                options.get_socket().map(|path| &**path),
                socket.map(Path::new),
                "{url}"
            );
            if socket.is_none() {
                assert_eq!(options.get_host(), host, "{url}");
            }
            assert_eq!(options.get_port(), port, "{url}");
            assert_eq!(options.get_database(), database, "{url}");
            assert_eq!(options.get_username(), "li", "{url}");
        }
    }

    #[test]
    fn without_a_host_the_usual_place_is_looked_at() {
        let usual = PgConnectOptions::new_without_pgpass();
        let options = options_of("postgresql://li@/docket").unwrap();
        assert_eq!(options.get_socket(), usual.get_socket());
        assert_eq!(options.get_host(), usual.get_host());
    }
}
