//! Asks a person about the lines of a sample in the terminal, with one key for each answer.

use super::write_answers;
use crate::cli::terminal::Terminal;
use crate::report::{Answer, AnswerSheet, Audit, AuditOutcome, AuditSide, Judgement, item_view};
use anyhow::{Context, Result};
use console::{Key, Term};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Number of answers after which the figures are shown.
const ANSWERS_PER_ESTIMATE: usize = 20;
/// The keys, for people.
const HELP: &str = "c chaff   p prose   u can't say   b back   w why   r result   q quit\n";

/// A person's turn at a sample.
pub(super) struct Session<'a> {
    audit: &'a Audit,
    sheet: &'a mut AnswerSheet,
    by: &'a str,
    /// Where answers are written, after each of them.
    path: PathBuf,
    /// Items that were answered in this session, in order.
    done: Vec<usize>,
}

/// What a key means.
enum Command {
    Answer(Judgement),
    Back,
    Why,
    Result,
    Quit,
    Unknown,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        audit: &'a Audit,
        sheet: &'a mut AnswerSheet,
        by: &'a str,
        path: PathBuf,
    ) -> Self {
        Self {
            audit,
            sheet,
            by,
            path,
            done: Vec::new(),
        }
    }

    /// Asks until every item is answered or the person quits.
    pub(super) fn run(&mut self, terminal: &mut Terminal) -> Result<()> {
        let mut keys = Keys::new();
        let mut next = self.first_open(0);
        while let Some(item) = next {
            self.show(item, terminal);
            let asked = Instant::now();
            next = match self.command(item, &mut keys, terminal)? {
                Command::Answer(judgement) => {
                    self.answer(item, judgement, asked.elapsed().as_secs_f64())?;
                    if self.answered().is_multiple_of(ANSWERS_PER_ESTIMATE) {
                        self.print_estimate(terminal);
                    }
                    self.first_open(0)
                }
                Command::Back => {
                    let last = self.done.pop();
                    if let Some(last) = last {
                        self.sheet.remove(last, self.by);
                    }
                    Some(last.unwrap_or(item))
                }
                _ => break,
            };
        }
        if next.is_none() {
            terminal.print("All lines are answered.\n");
        }
        self.print_estimate(terminal);
        terminal.print("dechaff audit --result says what follows from the answers.\n");
        Ok(())
    }

    /// Returns the first item from `start` on that this person did not answer.
    fn first_open(&self, start: usize) -> Option<usize> {
        (start..self.audit.items.len()).find(|&item| !self.sheet.has(item, self.by))
    }

    /// Returns the number of items that this person answered.
    fn answered(&self) -> usize {
        (0..self.audit.items.len())
            .filter(|&item| self.sheet.has(item, self.by))
            .count()
    }

    fn show(&self, item: usize, terminal: &mut Terminal) {
        let number = format!("{} of {}", item + 1, self.audit.items.len());
        let view = item_view(self.audit, item, &number, terminal.has_colour());
        terminal.print(&view);
    }

    /// Reads keys until one answers the item, goes back or quits.
    fn command(&self, item: usize, keys: &mut Keys, terminal: &mut Terminal) -> Result<Command> {
        terminal.print(HELP);
        loop {
            match keys.next()? {
                Command::Why => terminal.print(&format!("{}\n", self.audit.items[item].why)),
                Command::Result => self.print_estimate(terminal),
                Command::Unknown => terminal.print(HELP),
                command => return Ok(command),
            }
        }
    }

    fn answer(&mut self, item: usize, answer: Judgement, seconds: f64) -> Result<()> {
        let facts = &self.audit.items[item];
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.sheet.add(Answer {
            item,
            line: facts.line,
            answer,
            side: facts.side,
            words: facts.words,
            rule: facts
                .rule
                .clone()
                .filter(|_| facts.side == AuditSide::Removed),
            by: self.by.to_owned(),
            at: now.map_or(0, |now| now.as_secs()),
            seconds: (seconds * 10.0).round() / 10.0,
        });
        self.done.push(item);
        write_answers(self.audit, self.sheet, &self.path)
    }

    fn print_estimate(&self, terminal: &mut Terminal) {
        let outcome = AuditOutcome::new(self.audit, self.sheet);
        terminal.print(&format!("\n{}\n", outcome.sentences(&self.audit.level)));
    }
}

/// Where keys come from.
enum Keys {
    Terminal(Term),
    /// One byte for each key; white space is skipped.
    Input(io::Bytes<io::StdinLock<'static>>),
}

impl Keys {
    fn new() -> Self {
        if io::stdin().is_terminal() {
            Self::Terminal(Term::stdout())
        } else {
            Self::Input(io::stdin().lock().bytes())
        }
    }

    /// Waits for the next key. The end of the input quits.
    fn next(&mut self) -> Result<Command> {
        let key = match self {
            Self::Terminal(term) => match term.read_key() {
                Ok(Key::Char(key)) => key,
                Ok(Key::ArrowLeft | Key::Backspace) => 'b',
                Ok(Key::Escape | Key::CtrlC) => 'q',
                Ok(_) => '?',
                Err(error) if error.kind() == io::ErrorKind::Interrupted => 'q',
                Err(error) => return Err(error).context("cannot read a key"),
            },
            Self::Input(bytes) => {
                let bytes = bytes.by_ref().filter_map(|byte| byte.ok());
                let mut keys = bytes.filter(|byte| !byte.is_ascii_whitespace());
                keys.next().map_or('q', char::from)
            }
        };
        Ok(match key.to_ascii_lowercase() {
            'c' => Command::Answer(Judgement::Chaff),
            'p' => Command::Answer(Judgement::Prose),
            'u' | ' ' => Command::Answer(Judgement::Unsure),
            'b' => Command::Back,
            'w' => Command::Why,
            'r' => Command::Result,
            'q' => Command::Quit,
            _ => Command::Unknown,
        })
    }
}
