//! Asks a person about the lines of a sample in the terminal, with one key for each answer.

use super::write_answers;
use crate::cli::Exit;
use crate::cli::terminal::Terminal;
use crate::report::{
    Answer, AnswerSheet, Audit, AuditOutcome, AuditSide, Judgement, count, item_view,
};
use anyhow::{Context, Result};
use console::{Key, Term};
use std::io::{self, IsTerminal, Read};
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Number of answers after which the figures are shown.
const ANSWERS_PER_ESTIMATE: usize = 20;
/// The keys, for people.
const KEYS: &str = "c chaff   p prose   u can't say   b back   m more lines   w why   r result   ? help   q quit\n";
/// What to answer, for people.
const HELP: &str = "\
Prose is what the page is about: sentences, headings, lists, tables, code, facts about a product,
posts of a forum, captions. Chaff is what the site has put around it: menus, buttons, notices, calls
to share or subscribe, teasers of other pages, advertisements, lists of archives or tags. For lines in
between, such as names of authors, dates or tables of contents, decide once and stay with it; u is
always a fair answer. Each answer is saved at once.
";
/// Lines shown before and after an item, and how many more `m` shows.
const NEIGHBOURS: usize = 5;
const MORE_NEIGHBOURS: usize = 15;
/// The keys that are sent for Escape, and for the end of the input.
const ESCAPE: char = '\u{1b}';
const END_OF_INPUT: char = '\u{4}';

/// A person's turn at a sample.
pub(super) struct Session<'a> {
    audit: &'a Audit,
    sheet: &'a mut AnswerSheet,
    by: &'a str,
    /// Where answers are written, after each of them.
    path: PathBuf,
}

/// What a key means.
enum Command {
    Answer(Judgement),
    Back,
    More,
    Why,
    Result,
    Help,
    Quit,
    Interrupt,
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
        }
    }

    /// Asks until every item is answered or the person quits. Going back changes an answer and
    /// takes none away.
    pub(super) fn run(&mut self, terminal: &mut Terminal) -> Result<Exit> {
        let mut keys = Keys::new();
        let mut exit = Exit::Done;
        let mut next = self.first_open();
        while let Some(item) = next {
            self.show(item, NEIGHBOURS, terminal);
            let asked = Instant::now();
            next = match self.command(item, &mut keys, terminal)? {
                Command::Answer(judgement) => {
                    self.answer(item, judgement, asked.elapsed().as_secs_f64())?;
                    if self.answered().is_multiple_of(ANSWERS_PER_ESTIMATE) {
                        self.print_estimate(terminal);
                    }
                    self.first_open()
                }
                Command::Back => Some(item.saturating_sub(1)),
                Command::Interrupt => {
                    exit = Exit::Interrupted;
                    break;
                }
                _ => break,
            };
        }
        if next.is_none() {
            terminal.print("All lines are answered.\n");
        }
        self.print_estimate(terminal);
        terminal.print("dechaff audit --result says what follows from the answers.\n");
        Ok(exit)
    }

    /// Returns the first item that this person did not answer.
    fn first_open(&self) -> Option<usize> {
        (0..self.audit.items.len()).find(|&item| !self.sheet.has(item, self.by))
    }

    /// Returns the number of items that this person answered.
    fn answered(&self) -> usize {
        (0..self.audit.items.len())
            .filter(|&item| self.sheet.has(item, self.by))
            .count()
    }

    fn show(&self, item: usize, neighbours: usize, terminal: &mut Terminal) {
        let view = item_view(self.audit, item, neighbours, terminal.has_colour());
        terminal.print(&view);
        if let Some(answer) = self.sheet.get(item, self.by) {
            terminal.print(&format!("Your answer is: {}.\n", answer.answer.name()));
        }
        terminal.print(KEYS);
    }

    /// Reads keys until one answers the item, goes back or quits.
    fn command(&self, item: usize, keys: &mut Keys, terminal: &mut Terminal) -> Result<Command> {
        loop {
            match keys.next()? {
                Command::More => self.show(item, MORE_NEIGHBOURS, terminal),
                Command::Why => terminal.print(&format!("{}\n", self.audit.items[item].why)),
                Command::Result => self.print_estimate(terminal),
                Command::Help => terminal.print(&[HELP, KEYS].concat()),
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
        write_answers(self.audit, self.sheet, &self.path)
    }

    fn print_estimate(&self, terminal: &mut Terminal) {
        let outcome = AuditOutcome::new(self.audit, self.sheet);
        let text = if outcome.answered < ANSWERS_PER_ESTIMATE {
            let answers = count(outcome.answered as u64, "answer");
            format!("{answers} so far; the loss is estimated from {ANSWERS_PER_ESTIMATE} on.\n")
        } else {
            outcome.sentences(&self.audit.level)
        };
        terminal.print(&format!("\n{text}\n"));
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
            Self::Terminal(term) => terminal_key(term)?,
            Self::Input(bytes) => input_key(bytes)?,
        };
        Ok(match key.to_ascii_lowercase() {
            'c' => Command::Answer(Judgement::Chaff),
            'p' => Command::Answer(Judgement::Prose),
            'u' | ' ' => Command::Answer(Judgement::Unsure),
            'b' => Command::Back,
            'm' => Command::More,
            'w' => Command::Why,
            'r' => Command::Result,
            'q' | END_OF_INPUT => Command::Quit,
            '\u{3}' => Command::Interrupt,
            _ => Command::Help,
        })
    }
}

/// Waits for a key of a terminal. Keys that send an escape sequence mean nothing, except for the
/// left arrow, which goes back.
fn terminal_key(term: &Term) -> Result<char> {
    let key = match term.read_key_raw() {
        Ok(key) => key,
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok('\u{3}'),
        Err(error) => return Err(error).context("cannot read a key"),
    };
    Ok(match key {
        Key::Char(key) => key,
        Key::CtrlC => '\u{3}',
        Key::ArrowLeft | Key::Backspace => 'b',
        // The letter after these two is still to be read, and is no answer.
        Key::UnknownEscSeq(sequence) if sequence == ['O'] => {
            let _ = term.read_key_raw();
            ESCAPE
        }
        _ => ESCAPE,
    })
}

/// Reads a key from an input that is no terminal: the next byte that is not white space. Escape
/// sequences are skipped as a whole.
fn input_key(bytes: &mut impl Iterator<Item = io::Result<u8>>) -> Result<char> {
    loop {
        let Some(byte) = bytes.next() else {
            return Ok(END_OF_INPUT);
        };
        match char::from(byte.context("cannot read a key")?) {
            ESCAPE => {
                let introducer = bytes.next().transpose().context("cannot read a key")?;
                if introducer.is_some_and(|byte| b"[O".contains(&byte)) {
                    // A sequence ends with a letter or a tilde.
                    let _ = bytes.find(|byte| {
                        byte.as_ref()
                            .map_or(true, |byte| (b'@'..=b'~').contains(byte))
                    });
                }
            }
            key if key.is_ascii_whitespace() => {}
            key => return Ok(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_escape_sequences_are_no_keys() {
        let input = b" c\n\x1b[C\x1bOP\x1b[15~p\xff";
        let mut bytes = input.iter().map(|&byte| Ok(byte));
        let keys: Vec<char> = (0..4).map(|_| input_key(&mut bytes).unwrap()).collect();
        assert_eq!(keys, ['c', 'p', '\u{ff}', END_OF_INPUT]);
    }
}
