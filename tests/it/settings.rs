//! Every option of the programs is an environment variable, too, and stands in
//! the book. The programs are asked, by `--help` of each of their commands.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tests::program::{printed, run};

const BOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/book/src/settings.md");

/// What `--help` says of one command.
#[derive(Default)]
struct Help {
    subcommands: Vec<String>,
    /// Each option with its variable.
    options: Vec<(String, Option<String>)>,
}

impl Help {
    fn of(program: &str, command: &[String]) -> Self {
        let arguments: Vec<&str> = command
            .iter()
            .map(String::as_str)
            .chain(["--help"])
            .collect();
        let text = printed(&run(program, &arguments));
        let mut help = Self::default();
        let mut section = "";
        for line in text.lines() {
            let indented = line.len() - line.trim_start().len();
            let first = line.split_whitespace().next().unwrap_or_default();
            if indented == 0 && line.ends_with(':') {
                section = line;
            } else if section == "Commands:" && indented == 2 && first != "help" {
                help.subcommands.push(first.to_owned());
            } else if section == "Options:" && (2..=6).contains(&indented) && first.starts_with('-')
            {
                let option = line.split([' ', ',']).find(|word| word.starts_with("--"));
                help.options.push((option.unwrap().to_owned(), None));
            }
            if let (Some((_, rest)), Some(option)) =
                (line.split_once("[env: "), help.options.last_mut())
            {
                let name: String = rest
                    .chars()
                    .take_while(|letter| letter.is_ascii_uppercase() || *letter == '_')
                    .collect();
                option.1 = Some(name);
            }
        }
        help.options
            .retain(|(option, _)| !matches!(option.as_str(), "--help" | "--version"));
        help
    }
}

/// The commands of a program that do something, from its root.
fn commands(program: &str) -> Vec<(Vec<String>, Help)> {
    let mut found = Vec::new();
    let mut waiting = vec![Vec::new()];
    while let Some(command) = waiting.pop() {
        let help = Help::of(program, &command);
        for subcommand in &help.subcommands {
            waiting.push([command.as_slice(), std::slice::from_ref(subcommand)].concat());
        }
        if help.subcommands.is_empty() {
            found.push((command, help));
        }
    }
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

/// The table of the book: which option is which variable, and where it is.
fn table(program: &str) -> String {
    let commands = commands(program);
    let mut rows: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (command, help) in &commands {
        for (option, variable) in &help.options {
            let name = command.join(" ");
            let variable = variable
                .clone()
                .unwrap_or_else(|| panic!("{program} {name} {option} has no variable"));
            rows.entry((option.clone(), variable))
                .or_default()
                .push(name);
        }
    }
    let mut table = "| Option | Variable | Commands |\n|---|---|---|\n".to_owned();
    for ((option, variable), of) in rows {
        let of = if of.len() == commands.len() {
            "all".to_owned()
        } else {
            of.iter()
                .map(|name| format!("`{name}`"))
                .collect::<Vec<_>>()
                .join(", ")
        };
        let _ = writeln!(table, "| `{option}` | `{variable}` | {of} |");
    }
    table
}

#[test]
fn every_option_has_an_environment_variable_and_stands_in_the_book() {
    let book = std::fs::read_to_string(BOOK).unwrap();
    for program in ["docket", "docket-replay"] {
        let expected = format!("## `{program}`\n\n{}", table(program));
        assert!(
            book.contains(&expected),
            "docs/book/src/settings.md is to have:\n\n{expected}"
        );
    }
}

#[test]
fn a_variable_stands_for_one_option_in_all_commands_of_a_program() {
    for program in ["docket", "docket-replay"] {
        let mut meaning: BTreeMap<String, String> = BTreeMap::new();
        for (command, help) in commands(program) {
            for (option, variable) in help.options {
                let variable = variable.unwrap();
                let prefix = match program {
                    "docket" => "DOCKET_",
                    _ => "DOCKET_REPLAY_",
                };
                let shared = matches!(variable.as_str(), "DATABASE_URL" | "DOCKET_DATA_DIR");
                assert!(shared || variable.starts_with(prefix), "{variable}");
                let known = meaning.entry(variable.clone()).or_insert(option.clone());
                assert_eq!(*known, option, "{variable} of {}", command.join(" "));
            }
        }
    }
}
