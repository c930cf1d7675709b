//! Where the commands come from: somebody at a terminal, with a line that can
//! be edited, or a script on standard input.

use std::io::IsTerminal;
use std::sync::mpsc as blocking;

use anyhow::Context;
use rustyline::DefaultEditor;
use rustyline::error::ReadlineError;
use tokio::io::{AsyncBufReadExt, BufReader, Stdin};
use tokio::sync::mpsc;

/// The lines that are given.
pub(super) enum Lines {
    /// Somebody writes them.
    Terminal(Terminal),
    /// A script has them.
    Script(tokio::io::Lines<BufReader<Stdin>>),
}

/// A thread of its own that reads: it waits for keys, which cannot be
/// interrupted, and must not keep the program from ending.
pub(super) struct Terminal {
    prompts: blocking::Sender<String>,
    lines: mpsc::Receiver<Result<Option<String>, ReadlineError>>,
}

impl Lines {
    pub(super) fn open() -> anyhow::Result<Self> {
        if std::io::stdin().is_terminal() {
            Ok(Self::Terminal(Terminal::open()?))
        } else {
            let lines = BufReader::new(tokio::io::stdin()).lines();
            Ok(Self::Script(lines))
        }
    }

    /// Whether nobody can say something else when a command was refused.
    pub(super) fn is_script(&self) -> bool {
        matches!(self, Self::Script(_))
    }

    /// The next line; nothing at the end.
    pub(super) async fn next(&mut self, prompt: String) -> anyhow::Result<Option<String>> {
        const UNREADABLE: &str = "standard input cannot be read";
        match self {
            Self::Script(lines) => lines.next_line().await.context(UNREADABLE),
            Self::Terminal(terminal) => {
                if terminal.prompts.send(prompt).is_err() {
                    return Ok(None);
                }
                let line = terminal.lines.recv().await.transpose();
                Ok(line.context(UNREADABLE)?.flatten())
            }
        }
    }
}

impl Terminal {
    fn open() -> anyhow::Result<Self> {
        let mut editor = DefaultEditor::new().context("the terminal cannot be used")?;
        let (prompts, asked) = blocking::channel::<String>();
        let (answers, lines) = mpsc::channel(1);
        std::thread::spawn(move || {
            while let Ok(prompt) = asked.recv() {
                let answer = read(&mut editor, &prompt);
                if answers.blocking_send(answer).is_err() {
                    return;
                }
            }
        });
        Ok(Self { prompts, lines })
    }
}

fn read(editor: &mut DefaultEditor, prompt: &str) -> Result<Option<String>, ReadlineError> {
    match editor.readline(prompt) {
        Ok(line) => {
            editor.add_history_entry(&line)?;
            Ok(Some(line))
        }
        // Ctrl-C drops the line that was begun, Ctrl-D ends.
        Err(ReadlineError::Interrupted) => Ok(Some(String::new())),
        Err(ReadlineError::Eof) => Ok(None),
        Err(error) => Err(error),
    }
}
