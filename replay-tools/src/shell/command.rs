//! What can be said at the prompt.

use domain::likeness::folded;
use event_store::Filter;

use crate::mark::Mark;

/// A command of the prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Command {
    /// Goes on by some events.
    Next(i64),
    /// Goes back by some events.
    Back(i64),
    /// Goes to a place in the log.
    Goto(Mark),
    /// Shows the event, envelope and payload.
    Show,
    /// Shows what the event changed.
    Changes,
    /// Shows an object as it stands here: the one that is named, or the one
    /// that the event is about.
    Object(Option<String>),
    /// Shows what happened to an object up to here.
    History(Option<String>),
    /// Says where this is.
    Where,
    /// Goes to the next event of its kind, or to the one before.
    Find {
        /// Which events.
        wanted: Filter,
        /// Whether it is looked for before this place.
        backwards: bool,
    },
    /// Says what can be said.
    Help,
    /// Ends.
    Quit,
}

/// What `help` says.
pub(super) const HELP: &str = "\
next [N]               goes on by one event, or by N
back [N]               goes back by one event, or by N
goto POSITION|TIME     goes to a position, or to the last one recorded by a time
find [back] TYPE       goes to the next event of a type, such as Resolved
find [back] actor NAME goes to the next event of an actor
show                   the event: its envelope and its payload
changes                what the event changed, field by field, before and after
object [NAME]          an object as it stands here: a number, a UUID, a team's
                       code, priority_matrix or category_tree; without a name
                       the one that the event is about
history [NAME]         what happened to it up to here
where                  the position, its time, and the end of the log
quit                   ends; so does the end of the input

The first letters of a word are enough: n, b, g, f, s, c, o, hi, w, q.";

const WORDS: [&str; 11] = [
    "next", "back", "goto", "find", "show", "changes", "object", "help", "history", "where", "quit",
];

/// Reads a line; nothing in an empty one.
pub(super) fn parse(line: &str) -> Result<Option<Command>, String> {
    let line = line.trim();
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    if word.is_empty() || word.starts_with('#') {
        return Ok(None);
    }
    let unknown = || format!("there is no command {word:?}; `help` lists them");
    let known = WORDS
        .into_iter()
        .find(|known| known.starts_with(&word.to_lowercase()))
        .ok_or_else(unknown)?;
    let named = || (!rest.is_empty()).then(|| rest.to_owned());
    let command = match known {
        "next" => Command::Next(steps(rest)?),
        "back" => Command::Back(steps(rest)?),
        "goto" => Command::Goto(rest.parse()?),
        "find" => find(rest)?,
        "object" => Command::Object(named()),
        "history" => Command::History(named()),
        _ if !rest.is_empty() => return Err(format!("{known} takes nothing behind it")),
        "show" => Command::Show,
        "changes" => Command::Changes,
        "where" => Command::Where,
        "help" => Command::Help,
        "quit" => Command::Quit,
        _ => return Err(unknown()),
    };
    Ok(Some(command))
}

fn steps(rest: &str) -> Result<i64, String> {
    if rest.is_empty() {
        return Ok(1);
    }
    rest.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("{rest:?} is no number of events"))
}

fn find(rest: &str) -> Result<Command, String> {
    let mut words = rest.split_whitespace().peekable();
    let backwards = words.next_if_eq(&"back").is_some();
    let wanted = match (words.next(), words.next()) {
        (Some("actor"), Some(name)) => Filter {
            actor: Some(folded(name)),
            ..Filter::default()
        },
        (Some(event_type), None) if event_type != "actor" => Filter {
            event_types: Some(vec![event_type.to_owned()]),
            ..Filter::default()
        },
        _ => return Err("write find [back] TYPE, or find [back] actor NAME".to_owned()),
    };
    Ok(Command::Find { wanted, backwards })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Command {
        parse(line).unwrap().unwrap()
    }

    #[test]
    fn a_word_may_be_shortened() {
        assert_eq!(parsed("next"), Command::Next(1));
        assert_eq!(parsed(" n 5 "), Command::Next(5));
        assert_eq!(parsed("b"), Command::Back(1));
        assert_eq!(parsed("h"), Command::Help);
        assert_eq!(parsed("hi INC1"), Command::History(Some("INC1".to_owned())));
        assert_eq!(parsed("g 7"), Command::Goto(Mark::Position(7)));
        assert_eq!(parse("   "), Ok(None));
        assert_eq!(parse("# a remark in a script"), Ok(None));
    }

    #[test]
    fn events_are_found_by_type_or_actor_in_both_directions() {
        let Command::Find { wanted, backwards } = parsed("find back Resolved") else {
            panic!("it is another command");
        };
        assert!(backwards);
        assert_eq!(wanted.event_types, Some(vec!["Resolved".to_owned()]));
        let Command::Find { wanted, backwards } = parsed("find actor li.wei") else {
            panic!("it is another command");
        };
        assert!(!backwards);
        assert_eq!(wanted.actor.as_deref(), Some("li.wei"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_says_how_it_would() {
        for (line, said) in [
            ("jump", "`help` lists them"),
            ("next x", "no number of events"),
            ("next -1", "no number of events"),
            ("goto", "neither a position nor a time"),
            ("show all", "takes nothing behind it"),
            ("find", "write find"),
            ("find actor", "write find"),
            ("find a b", "write find"),
        ] {
            let refused = parse(line).unwrap_err();
            assert!(refused.contains(said), "{line}: {refused}");
        }
    }
}
