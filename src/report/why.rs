//! Explanations of single lines, for `dechaff explain --line`: why a line was removed or was not.
//!
//! A line is explained by the rules that remove it and the words that they match, the keep rules
//! that protect it, the score of the line model, and the near misses, which are rules that almost
//! match. `job` collects these facts in an [`ExplainedLine`]; a [`LineReport`] writes them as text
//! for people or as JSON.

use super::explain::{percent, push_weights, site_clause};
use super::rules::{effect_name, is_model, labelled_examples, names, near_categories};
use super::{
    ADDED, NAME, Name, REMOVED, SAVED, decimal, escape_control, escape_line, paint, quote, stats,
};
use anstyle::Style;
use dechaff_core::model::{Decision, LineScore};
use dechaff_core::verify::{Miss, Missed};
use dechaff_core::{
    Cleaned, Cue, Effect, FilterName, Level, Mark, Outcome, Removal, Rule, RuleId, RuleSet, Score,
    Span, Veto,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// A line of a document with the facts that explain what happened to it.
#[derive(Debug)]
pub struct ExplainedLine<'l> {
    /// The number of the line, from 1.
    pub number: usize,
    /// The line without its line end; of a blank line the line end.
    pub span: Span,
    /// The marks on the line, of rules that remove, protect or set cues.
    pub marks: Vec<Mark>,
    /// The marks on the line that keep rules vetoed.
    pub vetoes: Vec<Veto>,
    /// The score of the line model; `None` if it did not score the line.
    pub line_score: Option<&'l LineScore>,
    /// The rules that almost match the line.
    pub misses: Vec<Miss>,
}

/// A document whose lines are reported, with what the report needs to know of the run.
#[derive(Clone, Copy, Debug)]
pub struct LineReport<'t> {
    /// The name of the document.
    pub name: &'t Name<'t>,
    /// The document after cleaning.
    pub cleaned: &'t Cleaned<'t>,
    /// The rules, those that are off included.
    pub rules: &'t RuleSet,
    /// The level of the run.
    pub level: Level,
    /// Whether the line model scored any line of the document.
    pub is_scored: bool,
    /// Whether to print examples of the rules, and what weighed most in the line model.
    pub verbose: bool,
    /// Whether to print colour codes.
    pub colour: bool,
}

/// What happened to a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineStatus {
    Removed,
    InPart,
    Held,
    Kept,
}

impl LineStatus {
    /// Returns the status in words, as it follows the number of the line.
    fn description(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::InPart => "removed in part",
            Self::Held => "would be removed, but the document is held",
            Self::Kept => "kept",
        }
    }

    /// Returns the name that JSON output uses.
    fn name(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::InPart => "part",
            Self::Held => "held",
            Self::Kept => "kept",
        }
    }
}

impl LineReport<'_> {
    /// Returns the removals that touch a line, in order. They are found by binary search, since a
    /// document may have many.
    fn removals(&self, line: &ExplainedLine<'_>) -> &[Removal] {
        let found = self.cleaned.found();
        let from = found.partition_point(|removal| removal.span.end() <= line.span.start());
        let count = found[from..]
            .iter()
            .take_while(|removal| removal.span.overlaps(line.span))
            .count();
        &found[from..from + count]
    }

    /// Returns what happened to a line, from the bytes of it that removals cover. The line end does
    /// not count, so a line without text but with its end left is removed.
    fn status(&self, line: &ExplainedLine<'_>) -> LineStatus {
        let (start, end) = (line.span.start(), line.span.end());
        let removed: usize = self
            .removals(line)
            .iter()
            .map(|removal| removal.span.end().min(end) - removal.span.start().max(start))
            .sum();
        match removed {
            0 => LineStatus::Kept,
            _ if matches!(self.cleaned.outcome(), Outcome::Held { .. }) => LineStatus::Held,
            bytes if bytes == line.span.len() => LineStatus::Removed,
            _ => LineStatus::InPart,
        }
    }

    fn line_text(&self, line: &ExplainedLine<'_>) -> &str {
        self.cleaned.source()[line.span.range()].trim_end_matches(['\n', '\r'])
    }

    /// Returns the text that a mark covers in quotes. If the mark covers many other lines too, this
    /// is the text of the line instead, which the reader is looking for.
    fn matched_text(&self, line: &ExplainedLine<'_>, mark: &Mark) -> String {
        let text = &self.cleaned.source()[mark.span().range()];
        if text.len() > 4 * line.span.len() + 200 {
            quote(&self.cleaned.source()[line.span.range()])
        } else {
            quote(text)
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        paint(text, style, self.colour)
    }

    fn rule_name(&self, style: Style, rule: &Rule) -> String {
        self.paint(style, &rule.name)
    }

    /// Returns a line with the name of the document, to be printed above its text if several
    /// documents are explained.
    #[must_use]
    pub fn heading(&self) -> String {
        let name = escape_line(&self.name.to_string());
        format!("{}\n", self.paint(NAME, &format!("== {name} ==")))
    }

    /// Returns the explanations of `lines` as text for people, with a blank line between them. The
    /// name of the document is part of each.
    #[must_use]
    pub fn text(&self, lines: &[ExplainedLine<'_>]) -> String {
        lines
            .iter()
            .map(|line| self.explanation(line))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// Returns the explanation of a line: its status and text, then the facts for and against its
    /// removal in paragraphs. Near misses are left out if the line is removed anyway.
    fn explanation(&self, line: &ExplainedLine<'_>) -> String {
        let status = self.status(line);
        let style = if status == LineStatus::Kept {
            ADDED
        } else {
            REMOVED
        };
        let position = format!("{}:{}", escape_control(&self.name.to_string()), line.number);
        let mut text = format!(
            "{}: {}\n",
            self.paint(NAME, &position),
            self.paint(style, status.description())
        );
        let _ = writeln!(text, "  {}", escape_control(self.line_text(line)));
        self.push_rules(&mut text, line);
        self.push_vetoes(&mut text, line);
        self.push_other_marks(&mut text, line);
        let _ = writeln!(text, "\n  {}", self.model_sentence(line));
        if let Some(score) = line.line_score.filter(|_| self.verbose) {
            push_weights(&mut text, score, "    ");
        }
        if status != LineStatus::Removed {
            self.push_misses(&mut text, line);
        }
        text
    }

    /// Appends a paragraph for each rule that removes some of the line, with its matches on it.
    fn push_rules(&self, text: &mut String, line: &ExplainedLine<'_>) {
        let mut seen: Vec<RuleId> = Vec::new();
        for id in self.removals(line).iter().flat_map(Removal::rules) {
            if seen.contains(&id) {
                continue;
            }
            seen.push(id);
            self.push_rule(text, line, id);
        }
    }

    /// Appends the paragraph of a rule that removes some of the line: its name, what it removes,
    /// what it found, and an example of each side if the report is verbose. The line model has no
    /// matches or telling examples; the sentence about its score follows all rules.
    fn push_rule(&self, text: &mut String, line: &ExplainedLine<'_>, id: RuleId) {
        let rule = self.rules.get(id);
        let name = self.rule_name(NAME, rule);
        let is_model = is_model(rule);
        let _ = if is_model {
            writeln!(text, "\n  {name}\n    {}", rule.description)
        } else {
            writeln!(
                text,
                "\n  {name} ({}, {})\n    {}",
                rule.category, rule.confidence, rule.description
            )
        };
        let mut marks = line
            .marks
            .iter()
            .filter(|mark| mark.rule() == id)
            .peekable();
        if marks.peek().is_none() {
            text.push_str("    removes the rest of the line, which other removals left\n");
        }
        for mark in marks {
            let _ = if mark.score() == Score::RULE {
                writeln!(text, "    matches  {}", self.matched_text(line, mark))
            } else if rule.filter() == FilterName::Site {
                writeln!(text, "    {}", site_clause(mark.score()))
            } else {
                Ok(())
            };
        }
        if !self.verbose || is_model {
            return;
        }
        for (verb, examples) in labelled_examples(rule) {
            if let Some(example) = examples.iter().next() {
                let _ = writeln!(text, "    {verb:<8} {}", quote(example));
            }
        }
    }

    /// Appends a paragraph for each mark that a keep rule vetoed: the keep rule, the rule that
    /// would have removed the text, and the description of the keep rule.
    fn push_vetoes(&self, text: &mut String, line: &ExplainedLine<'_>) {
        for veto in &line.vetoes {
            let (rule, by) = (self.rules.get(veto.mark.rule()), self.rules.get(veto.by));
            let _ = writeln!(
                text,
                "\n  {} protects it from {}\n    {}",
                self.rule_name(SAVED, by),
                rule.name,
                by.description
            );
        }
    }

    /// Appends a paragraph for each mark that removes nothing itself: cues, and keep rules with
    /// nothing to veto on this line.
    fn push_other_marks(&self, text: &mut String, line: &ExplainedLine<'_>) {
        for mark in &line.marks {
            let rule = self.rules.get(mark.rule());
            let _ = match rule.effect {
                Effect::Cue(cue) => writeln!(
                    text,
                    "\n  {} removes nothing itself, but marks the line as {}",
                    self.rule_name(NAME, rule),
                    cue_meaning(cue)
                ),
                Effect::Keep if line.vetoes.iter().all(|veto| veto.by != mark.rule()) => writeln!(
                    text,
                    "\n  {} would protect it: {}",
                    self.rule_name(SAVED, rule),
                    self.matched_text(line, mark)
                ),
                _ => Ok(()),
            };
        }
    }

    /// Appends a paragraph of the rules that almost match the line, each with the reason why it
    /// does not remove it.
    fn push_misses(&self, text: &mut String, line: &ExplainedLine<'_>) {
        text.push_str(if line.misses.is_empty() {
            "\n  no near misses of other rules\n"
        } else {
            "\n  near misses:\n"
        });
        for miss in &line.misses {
            let rule = self.rules.get(miss.rule);
            let _ = writeln!(
                text,
                "    {}  {}",
                self.rule_name(NAME, rule),
                miss_reason(rule, miss, self.cleaned.source(), self.level)
            );
        }
    }

    /// Returns how the line model scored a line and what follows from the score, or why there is no
    /// score, in a sentence.
    fn model_sentence(&self, line: &ExplainedLine<'_>) -> String {
        let Some(line_score) = line.line_score else {
            let is_blank = self.line_text(line).trim().is_empty();
            return match (self.is_scored, is_blank) {
                (true, true) => "the line model does not score blank lines",
                (true, false) => "the line model did not score it",
                (false, _) => {
                    "the line model scored no line of this document: it is off, or the document \
                     has fewer than 4 lines or 40 words"
                }
            }
            .to_owned();
        };
        let sure = format!(
            "the line model is {} sure that it is chaff",
            percent(line_score.score)
        );
        let condition = format!(
            "level {} removes what it is more than {} sure of, in pages with {}",
            self.level,
            percent(line_score.threshold),
            line_score.page,
        );
        match line_score.decision {
            Decision::Removed => format!("{sure}; {condition}"),
            Decision::Below => format!("{sure}, which is not enough: {condition}"),
            Decision::Prose => "the line model keeps it: it is a long sentence in which no \
                                rule matches, the title, or a sentence that continues prose"
                .to_owned(),
            Decision::Mixed => {
                format!("{sure}, but leaves it to the rules, which remove a sentence of it")
            }
        }
    }

    /// Returns the explanation as JSON: the outcome of the document with all its removals and
    /// vetoes, and `lines` in detail. `line_scores` are those of the document, in order.
    #[must_use]
    pub fn json(&self, lines: &[ExplainedLine<'_>], line_scores: &[LineScore]) -> Value {
        let source = self.cleaned.source();
        let line_ends: Vec<usize> = source.match_indices('\n').map(|(at, _)| at).collect();
        let removals: Vec<Value> = self
            .cleaned
            .found()
            .iter()
            .map(|removal| self.removal_json(removal, &line_ends, line_scores))
            .collect();
        let saved: Vec<Value> = self
            .cleaned
            .vetoed()
            .iter()
            .map(|veto| {
                let span = veto.mark.span();
                json!({
                    "start": span.start(), "end": span.end(),
                    "line": line_number(&line_ends, span.start()), "text": &source[span.range()],
                    "rule": self.rules.get(veto.mark.rule()).name,
                    "by": self.rules.get(veto.by).name,
                })
            })
            .collect();
        let outcome = match self.cleaned.outcome() {
            Outcome::Clean => "clean",
            Outcome::Changed => "changed",
            Outcome::Held { .. } => "held",
        };
        json!({
            "path": self.name.path, "record": self.name.record, "id": self.name.id,
            "field": self.name.field, "level": self.level, "outcome": outcome,
            "bytes": source.len(), "removals": removals, "saved": saved,
            "lines": lines.iter().map(|line| self.line_json(line)).collect::<Vec<_>>(),
        })
    }

    /// Returns a removal as JSON. The `weights` are null unless the line model removed the span and
    /// scored a line of it.
    fn removal_json(
        &self,
        removal: &Removal,
        line_ends: &[usize],
        line_scores: &[LineScore],
    ) -> Value {
        let rule = self.rules.get(removal.rule);
        let span = removal.span;
        let next = line_scores.partition_point(|score| score.span.end() <= span.start());
        let line_score = line_scores
            .get(next)
            .filter(|score| removal.score != Score::RULE && score.span.overlaps(span));
        json!({
            "start": span.start(), "end": span.end(),
            "line": line_number(line_ends, span.start()),
            "text": &self.cleaned.source()[span.range()], "rule": rule.name,
            "also": names(&removal.also, self.rules), "category": rule.category,
            "confidence": rule.confidence, "score": decimal(removal.score),
            "weights": line_score.map(weights_json),
        })
    }

    /// Returns a line with its marks, its score and its near misses as JSON. The text leaves out
    /// what a reader does not need; here all of them are listed.
    fn line_json(&self, line: &ExplainedLine<'_>) -> Value {
        let rules: Vec<&str> = self
            .removals(line)
            .iter()
            .map(|removal| self.rules.get(removal.rule).name.as_str())
            .collect();
        json!({
            "line": line.number, "start": line.span.start(), "end": line.span.end(),
            "text": self.line_text(line), "fate": self.status(line).name(), "rules": rules,
            "marks": line.marks.iter().map(|mark| self.mark_json(mark)).collect::<Vec<_>>(),
            "model": line.line_score.map(line_score_json),
            "near": line.misses.iter().map(|miss| self.miss_json(miss)).collect::<Vec<_>>(),
        })
    }

    /// Returns a mark as JSON, with the effect and description of its rule.
    fn mark_json(&self, mark: &Mark) -> Value {
        let rule = self.rules.get(mark.rule());
        let span = mark.span();
        json!({
            "rule": rule.name, "effect": effect_name(rule), "start": span.start(),
            "end": span.end(), "text": &self.cleaned.source()[span.range()],
            "description": rule.description, "score": decimal(mark.score()),
        })
    }

    /// Returns a near miss as JSON. Start and end are null unless the rule matches but for one
    /// condition.
    fn miss_json(&self, miss: &Miss) -> Value {
        let rule = self.rules.get(miss.rule);
        let reason = miss_reason(rule, miss, self.cleaned.source(), self.level);
        json!({
            "rule": rule.name, "why": reason,
            "start": miss.span.map(Span::start), "end": miss.span.map(Span::end),
        })
    }
}

/// Returns the number of the line that contains byte `offset`, from 1. `line_ends` are the offsets
/// of all line feeds.
fn line_number(line_ends: &[usize], offset: usize) -> usize {
    line_ends.partition_point(|&end| end < offset) + 1
}

/// Returns a score of the line model as JSON, with the threshold that applied and the kind of page
/// for which it is.
fn line_score_json(line_score: &LineScore) -> Value {
    json!({
        "score": decimal(line_score.score),
        "threshold": decimal(line_score.threshold),
        "verdict": line_score.decision.name(),
        "page": line_score.page.to_string(),
        "weights": weights_json(line_score),
    })
}

/// Returns the features that contributed most to a score as JSON, in the order of their weight.
fn weights_json(line_score: &LineScore) -> Value {
    line_score
        .weights
        .iter()
        .map(|weight| {
            json!({
                "feature": weight.feature, "value": weight.value, "weight": weight.weight,
                "meaning": weight.meaning(),
            })
        })
        .collect()
}

/// Returns why a rule that almost matches does not remove the line, as a clause whose subject is
/// the rule. The text that it would match is quoted from `source`, the text of the document.
#[must_use]
pub fn miss_reason(rule: &Rule, miss: &Miss, source: &str, level: Level) -> String {
    let matched = miss.span.map_or_else(String::new, |span| {
        format!(" ({})", quote(&source[span.range()]))
    });
    match &miss.missed {
        Missed::Off if !level.applies(rule.confidence) => format!(
            "matches{matched}, but is {}, which level {level} leaves off",
            rule.confidence
        ),
        Missed::Off => format!("matches{matched}, but is off by --only or --skip"),
        Missed::Zone(zone) => format!("matches{matched}, but only in the {zone} of a document"),
        Missed::Unless => format!(
            "matches{matched}, but its exception holds: {}",
            escape_control(&rule.unless.join(" or "))
        ),
        Missed::Near => {
            let near = rule.near.as_ref().map_or_else(String::new, |near| {
                let categories = near_categories(near, " or ");
                format!("{categories} within {} lines", near.within)
            });
            format!("matches{matched}, but only close to {near}")
        }
        Missed::Language => format!(
            "matches{matched}, but only in texts in {}",
            rule.languages.join(" or ")
        ),
        Missed::Host => format!(
            "matches{matched}, but only on {}",
            escape_control(&rule.hosts.join(" or "))
        ),
        Missed::Line => format!("matches a part{matched}, but asks for the whole line"),
        Missed::Words(present, all, phrase) => format!(
            "has {present} of the {all} words of '{}'",
            escape_control(phrase)
        ),
        Missed::Letters(distance, label) => format!(
            "has the label '{}', {} away",
            escape_control(label),
            stats::count(*distance as u64, "letter")
        ),
    }
}

/// Returns what a cue says of a line, and what the structure filters do with such lines. The text
/// follows "marks the line as".
fn cue_meaning(cue: Cue) -> &'static str {
    match cue {
        Cue::Footer => "a footer line: a run of them at the end of a document is removed",
        Cue::Related => "a heading of links: it is removed together with a list of links below it",
        Cue::Share => "a share label: several in a row are removed",
        Cue::Navigation => "a menu label: several in a row are removed",
        Cue::Closing => "the closing of a letter: it is protected with the signature below it",
    }
}
