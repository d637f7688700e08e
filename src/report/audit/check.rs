//! Lines that people judged, compared with what a cleaner does to them now.

use super::Judgement;
use crate::report::{ADDED, REMOVED, count, escape_line, paint};
use serde_json::{Value, json};

/// A judged line and what a cleaner does to it now.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckedLine {
    /// Index of the item in the sample.
    pub item: usize,
    /// The name of the document.
    pub document: String,
    /// The number of the line, from 1.
    pub line: usize,
    /// The text of the line.
    pub text: String,
    /// What the person said.
    pub judged: Judgement,
    /// Whether the line was removed when it was judged, at least in part.
    pub was_removed: bool,
    /// The share of the words of the item that is removed now, 0 to 1.
    pub removed: f64,
    /// The rules that remove a part of the line now.
    pub rules: Vec<String>,
}

/// What changed for a judged line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// Prose that was kept is removed.
    ProseLost,
    /// Prose is removed, as it was before.
    ProseStillLost,
    /// Prose that was removed is kept.
    ProseSaved,
    /// Chaff that was kept is removed.
    ChaffRemoved,
    /// Chaff that was removed is kept.
    ChaffLeft,
    /// As it should be, or as it was.
    None,
}

impl CheckedLine {
    /// Returns what changed. A line counts as removed if any of its words is.
    #[must_use]
    pub fn change(&self) -> Change {
        let is_removed = self.removed > 0.0;
        match (self.judged, self.was_removed, is_removed) {
            (Judgement::Prose, false, true) => Change::ProseLost,
            (Judgement::Prose, true, true) => Change::ProseStillLost,
            (Judgement::Prose, true, false) => Change::ProseSaved,
            (Judgement::Chaff, false, true) => Change::ChaffRemoved,
            (Judgement::Chaff, true, false) => Change::ChaffLeft,
            _ => Change::None,
        }
    }
}

impl Change {
    /// All changes that are listed, the worst first.
    const LISTED: [Self; 5] = [
        Self::ProseLost,
        Self::ProseStillLost,
        Self::ChaffLeft,
        Self::ProseSaved,
        Self::ChaffRemoved,
    ];

    /// Returns the name of the change in JSON.
    fn name(self) -> &'static str {
        match self {
            Self::ProseLost => "prose-lost",
            Self::ProseStillLost => "prose-still-lost",
            Self::ProseSaved => "prose-saved",
            Self::ChaffRemoved => "chaff-removed",
            Self::ChaffLeft => "chaff-left",
            Self::None => "none",
        }
    }

    /// Describes the change of several lines.
    fn describe(self) -> &'static str {
        match self {
            Self::ProseLost => "prose that was kept is removed",
            Self::ProseStillLost => "prose is removed, as before",
            Self::ProseSaved => "prose that was removed is kept",
            Self::ChaffRemoved => "chaff that was kept is removed",
            Self::ChaffLeft => "chaff that was removed is kept",
            Self::None => "as before",
        }
    }

    fn is_bad(self) -> bool {
        matches!(
            self,
            Self::ProseLost | Self::ProseStillLost | Self::ChaffLeft
        )
    }
}

/// Returns what became of a judged line as JSON.
#[must_use]
pub fn checked_json(line: &CheckedLine) -> Value {
    json!({
        "document": line.document, "line": line.line, "text": line.text, "judged": line.judged,
        "was_removed": line.was_removed, "removed": line.removed, "rules": line.rules,
        "change": line.change().name(),
    })
}

/// Returns the judged lines that are removed but prose, or that changed, grouped by change, and a
/// summary.
#[must_use]
pub fn checked_text(lines: &[CheckedLine], colour: bool) -> String {
    let mut text = String::new();
    for change in Change::LISTED {
        let changed: Vec<&CheckedLine> = lines
            .iter()
            .filter(|line| line.change() == change)
            .collect();
        if changed.is_empty() {
            continue;
        }
        let lines = count(changed.len() as u64, "line");
        text.push_str(&format!("{lines}: {}\n", change.describe()));
        for line in changed {
            let style = if change.is_bad() { REMOVED } else { ADDED };
            text.push_str(&format!(
                "  {}:{}: {}{}\n",
                escape_line(&line.document),
                line.line,
                paint(&escape_line(&line.text), style, colour),
                by_rules(&line.rules)
            ));
        }
    }
    let judged = count(lines.len() as u64, "judged line");
    let unchanged = lines
        .iter()
        .filter(|line| line.change() == Change::None)
        .count();
    text.push_str(&format!(
        "{judged}, {unchanged} as before or as they should be\n"
    ));
    text
}

fn by_rules(rules: &[String]) -> String {
    if rules.is_empty() {
        String::new()
    } else {
        format!(" ({})", escape_line(&rules.join(", ")))
    }
}
