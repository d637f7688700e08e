//! Why a line went, and why another one stayed: the rules that claim it with the words that they found, what protects it,
//! how the line model judged it, and which rules came near. As text for people, and as JSON.

use super::explain::weights;
use super::{ADDED, NAME, Name, REMOVED, SAVED, escape_control};
use crate::cleaner::{Cleaned, Outcome, Removal, Veto};
use crate::mark::{Decision, LineScore, Mark, Score};
use crate::pack::RuleSet;
use crate::rule::{Effect, Level, Rule};
use crate::span::Span;
use crate::verify::{Miss, Missed};
use anstyle::Style;
use serde_json::{Value, json};
use std::fmt::Write;

/// So many bytes of a text are shown on one line.
const LONGEST: usize = 160;

/// A line, and all that is known of it.
#[derive(Debug)]
pub struct ExplainedLine<'l> {
    /// Its number, from 1.
    pub number: usize,
    /// Where it is, without its end.
    pub span: Span,
    /// Marks that rules made on it: removals, protection, cues.
    pub marks: Vec<Mark>,
    /// Marks on it that keep rules vetoed.
    pub vetoes: Vec<Veto>,
    /// How the line model judged it.
    pub judgement: Option<&'l LineScore>,
    /// Rules that came near.
    pub misses: Vec<Miss>,
}

/// What the lines of a document are told with.
#[derive(Clone, Copy, Debug)]
pub struct LineReport<'t> {
    /// What the document is called.
    pub name: &'t Name<'t>,
    /// What became of it.
    pub cleaned: &'t Cleaned<'t>,
    /// The rules.
    pub rules: &'t RuleSet,
    /// The level, for people.
    pub level: Level,
    /// Whether the line model judged the document.
    pub is_judged: bool,
    /// Whether there are colour codes.
    pub colour: bool,
}

/// What became of a line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LineStatus {
    Removed,
    InPart,
    Held,
    Kept,
}

impl LineStatus {
    fn word(self) -> &'static str {
        match self {
            Self::Removed => "removed",
            Self::InPart => "removed in part",
            Self::Held => "would go, but the document is held whole",
            Self::Kept => "kept",
        }
    }
}

impl LineReport<'_> {
    /// The removals that touch a line.
    fn removals(&self, line: &ExplainedLine<'_>) -> Vec<&Removal> {
        let found = self.cleaned.found();
        let from = found.partition_point(|removal| removal.span.end() <= line.span.start());
        found[from..]
            .iter()
            .take_while(|removal| removal.span.overlaps(line.span))
            .collect()
    }

    fn fate(&self, line: &ExplainedLine<'_>) -> LineStatus {
        let removals = self.removals(line);
        let inside = |removal: &&Removal| {
            removal.span.end().min(line.span.end()) - removal.span.start().max(line.span.start())
        };
        match removals.iter().map(inside).sum::<usize>() {
            0 => LineStatus::Kept,
            _ if matches!(self.cleaned.outcome(), Outcome::Held { .. }) => LineStatus::Held,
            bytes if bytes == line.span.len() => LineStatus::Removed,
            _ => LineStatus::InPart,
        }
    }

    /// The words that a rule found, on one line.
    fn matched(&self, line: &ExplainedLine<'_>, mark: &Mark) -> String {
        let text = &self.cleaned.source()[mark.span().range()];
        // A mark may run over many lines.
        if text.len() > 4 * line.span.len() + 200 {
            on_one_line(&self.cleaned.source()[line.span.range()])
        } else {
            on_one_line(text)
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// The name of the document on a line of its own.
    #[must_use]
    pub fn heading(&self) -> String {
        let name = escape_control(&self.name.to_string()).replace('\n', "\\n");
        format!("{}\n", self.paint(NAME, &format!("== {name} ==")))
    }

    /// Says that a document has no line of the numbers that were asked for.
    #[must_use]
    pub fn no_line(&self, lines: usize) -> String {
        let name = escape_control(&self.name.to_string()).replace('\n', "\\n");
        format!("{name}: there is no such line; it has {lines}\n")
    }

    /// The lines as text.
    #[must_use]
    pub fn text(&self, lines: &[ExplainedLine<'_>]) -> String {
        lines
            .iter()
            .map(|line| self.line_text(line))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn line_text(&self, line: &ExplainedLine<'_>) -> String {
        let fate = self.fate(line);
        let style = if fate == LineStatus::Kept {
            ADDED
        } else {
            REMOVED
        };
        let place = format!("{}:{}", escape_control(&self.name.to_string()), line.number);
        let mut text = format!(
            "{}: {}\n",
            self.paint(NAME, &place),
            self.paint(style, fate.word())
        );
        let _ = writeln!(
            text,
            "  {}",
            escape_control(self.cleaned.source()[line.span.range()].trim_end_matches(['\n', '\r']))
        );
        let mut put = |note: &str| {
            let _ = writeln!(text, "{}{note}", if note.is_empty() { "" } else { "  " });
        };
        let mut told = Vec::new();
        for removal in self.removals(line) {
            for id in std::iter::once(removal.rule)
                .chain(removal.also.iter().copied())
                .filter(|id| !told.contains(id))
                .collect::<Vec<_>>()
            {
                told.push(id);
                let rule = self.rules.get(id);
                put("");
                put(&format!(
                    "{} ({}, {})",
                    self.paint(NAME, &rule.name),
                    rule.category,
                    rule.confidence
                ));
                put(&format!("  {}", rule.description));
                for mark in line
                    .marks
                    .iter()
                    .filter(|mark| mark.rule() == id && mark.score() == Score::RULE)
                {
                    put(&format!("  found    {}", self.matched(line, mark)));
                }
                if !line.marks.iter().any(|mark| mark.rule() == id) {
                    put("  took what another removal left of the line");
                }
                for (verb, examples) in [
                    ("removes", &rule.examples.remove),
                    ("keeps", &rule.examples.keep),
                ] {
                    if let Some(example) = examples.iter().next() {
                        put(&format!("  {verb:<8} {}", on_one_line(example)));
                    }
                }
            }
        }
        for veto in &line.vetoes {
            let (rule, by) = (self.rules.get(veto.mark.rule()), self.rules.get(veto.by));
            put("");
            put(&format!(
                "{} is protected from {}",
                self.paint(SAVED, &by.name),
                rule.name
            ));
            put(&format!("  {}", by.description));
        }
        for mark in &line.marks {
            let rule = self.rules.get(mark.rule());
            match rule.effect {
                Effect::Cue(cue) => {
                    put("");
                    put(&format!(
                        "{} takes nothing by itself, but tells that the line may be {}",
                        self.paint(NAME, &rule.name),
                        told_by(cue)
                    ));
                }
                Effect::Keep if line.vetoes.iter().all(|veto| veto.by != mark.rule()) => {
                    put("");
                    put(&format!(
                        "{} would protect it: {}",
                        self.paint(SAVED, &rule.name),
                        self.matched(line, mark)
                    ));
                }
                _ => {}
            }
        }
        put("");
        put(&self.judged(line));
        if let Some(judgement) = line
            .judgement
            .filter(|judgement| !judgement.weights.is_empty())
        {
            put(&format!("  weighed most: {}", weights(judgement)));
        }
        if fate != LineStatus::Removed {
            put("");
            put(if line.misses.is_empty() {
                "no other rule came near"
            } else {
                "came near:"
            });
            for miss in &line.misses {
                let rule = self.rules.get(miss.rule);
                put(&format!(
                    "  {}  {}",
                    self.paint(NAME, &rule.name),
                    missed(rule, miss, self.cleaned.source(), self.level)
                ));
            }
        }
        text
    }

    /// How the model judged a line, in a sentence.
    fn judged(&self, line: &ExplainedLine<'_>) -> String {
        let Some(judgement) = line.judgement else {
            let blank = self.cleaned.source()[line.span.range()].trim().is_empty();
            return match (self.is_judged, blank) {
                (true, true) => "the line model does not judge blank lines".to_owned(),
                (true, false) => "the line model did not judge it".to_owned(),
                (false, _) => "the line model judged nothing here: it is off, or the document too short (4 lines and 40 words)".to_owned(),
            };
        };
        let page = if judgement.is_whole_page {
            "a whole page"
        } else {
            "an article"
        };
        let decimal = |score: Score| f64::from(score.thousandths()) / 1000.0;
        let (score, threshold) = (decimal(judgement.score), decimal(judgement.threshold));
        let asked = format!(
            "level {} takes what exceeds {threshold:.3} in {page}",
            self.level
        );
        match judgement.verdict {
            Decision::Taken => format!("the line model scores it {score:.3}; {asked}"),
            Decision::Below => format!("the line model scores it {score:.3}, too little: {asked}"),
            Decision::Prose => {
                "the line model takes it for prose: a long sentence in which no rule finds anything"
                    .to_owned()
            }
            Decision::Mixed => format!(
                "the line model scores it {score:.3}, but leaves it to the rules, which cut a sentence out of it"
            ),
        }
    }

    /// All of it as JSON: what went and was saved, and the lines that were asked for.
    #[must_use]
    pub fn json(&self, lines: &[ExplainedLine<'_>], judgements: &[LineScore]) -> Value {
        let source = self.cleaned.source();
        let name = |id| self.rules.get(id).name.as_str();
        let ends: Vec<usize> = source.match_indices('\n').map(|(at, _)| at).collect();
        let number = |at: usize| ends.partition_point(|&end| end < at) + 1;
        let removals = self.cleaned.found().iter().map(|removal| {
            let rule = self.rules.get(removal.rule);
            let judged = judgements.partition_point(|judgement| judgement.span.end() <= removal.span.start());
            let judgement = judgements.get(judged).filter(|judgement| removal.score != Score::RULE && judgement.span.overlaps(removal.span));
            json!({
                "start": removal.span.start(), "end": removal.span.end(), "line": number(removal.span.start()),
                "text": &source[removal.span.range()], "rule": rule.name, "also": removal.also.iter().map(|&id| name(id)).collect::<Vec<_>>(),
                "category": rule.category, "confidence": rule.confidence, "score": f64::from(removal.score.thousandths()) / 1000.0,
                "weights": judgement.map(weights_json),
            })
        });
        let saved = self.cleaned.vetoed().iter().map(|veto| {
            let span = veto.mark.span();
            json!({
                "start": span.start(), "end": span.end(), "line": number(span.start()), "text": &source[span.range()],
                "rule": name(veto.mark.rule()), "by": name(veto.by),
            })
        });
        json!({
            "path": self.name.path, "record": self.name.record, "id": self.name.id, "field": self.name.field, "level": self.level,
            "outcome": match self.cleaned.outcome() { Outcome::Clean => "clean", Outcome::Changed => "changed", Outcome::Held { .. } => "held" },
            "bytes": source.len(), "removals": removals.collect::<Vec<_>>(), "saved": saved.collect::<Vec<_>>(),
            "lines": lines.iter().map(|line| self.line_json(line)).collect::<Vec<_>>(),
        })
    }

    fn line_json(&self, line: &ExplainedLine<'_>) -> Value {
        let source = self.cleaned.source();
        let mark = |mark: &Mark| {
            let rule = self.rules.get(mark.rule());
            let effect = match rule.effect {
                Effect::Remove => "remove".to_owned(),
                Effect::Keep => "keep".to_owned(),
                Effect::Cue(cue) => format!("cue:{cue}"),
            };
            json!({
                "rule": rule.name, "effect": effect, "start": mark.span().start(), "end": mark.span().end(), "text": &source[mark.span().range()],
                "description": rule.description, "score": f64::from(mark.score().thousandths()) / 1000.0,
            })
        };
        let miss = |miss: &Miss| {
            let rule = self.rules.get(miss.rule);
            json!({ "rule": rule.name, "why": missed(rule, miss, self.cleaned.source(), self.level), "start": miss.span.map(Span::start), "end": miss.span.map(Span::end) })
        };
        json!({
            "line": line.number, "start": line.span.start(), "end": line.span.end(), "text": source[line.span.range()].trim_end_matches(['\n', '\r']),
            "fate": match self.fate(line) { LineStatus::Removed => "removed", LineStatus::InPart => "part", LineStatus::Held => "held", LineStatus::Kept => "kept" },
            "rules": self.removals(line).iter().map(|removal| self.rules.get(removal.rule).name.as_str()).collect::<Vec<_>>(),
            "marks": line.marks.iter().map(mark).collect::<Vec<_>>(),
            "model": line.judgement.map(|judgement| json!({
                "score": f64::from(judgement.score.thousandths()) / 1000.0,
                "threshold": f64::from(judgement.threshold.thousandths()) / 1000.0,
                "verdict": judgement.verdict.name(),
                "page": if judgement.is_whole_page { "whole" } else { "article" },
                "weights": weights_json(judgement),
            })),
            "near": line.misses.iter().map(miss).collect::<Vec<_>>(),
        })
    }
}

/// Why a rule did not take a line, in a clause.
#[must_use]
pub fn missed(rule: &Rule, miss: &Miss, source: &str, level: Level) -> String {
    let found = miss.span.map_or_else(String::new, |span| {
        format!(" ({})", on_one_line(&source[span.range()]))
    });
    match &miss.missed {
        Missed::Off if !level.applies(rule.confidence) => {
            format!(
                "matches{found}, but is {}, which level {} leaves off",
                rule.confidence, level
            )
        }
        Missed::Off => format!("matches{found}, but is off by --only or --skip"),
        Missed::Zone(zone) => format!("matches{found}, but only in the {zone} of a document"),
        Missed::Unless => format!(
            "matches{found}, but its exception holds: {}",
            escape_control(&rule.unless.join(" or "))
        ),
        Missed::Near => {
            let near = rule.near.as_ref().map_or_else(String::new, |near| {
                let names: Vec<&str> = near
                    .categories
                    .iter()
                    .map(|category| category.name())
                    .collect();
                format!("{} within {} lines", names.join(" or "), near.within)
            });
            format!("matches{found}, but only close to {near}")
        }
        Missed::Language => format!(
            "matches{found}, but only in texts in {}",
            rule.languages.join(" or ")
        ),
        Missed::Host => format!(
            "matches{found}, but only on {}",
            escape_control(&rule.hosts.join(" or "))
        ),
        Missed::Line => format!("matches a part{found}, but asks for the whole line"),
        Missed::Words(there, all, phrase) => {
            format!(
                "has {there} of the {all} words of '{}'",
                escape_control(phrase)
            )
        }
        Missed::Letters(distance, label) => {
            format!(
                "has the label '{}', {distance} letter{} away",
                escape_control(label),
                if *distance == 1 { "" } else { "s" }
            )
        }
    }
}

fn weights_json(judgement: &LineScore) -> Value {
    judgement.weights.iter().map(|weight| json!({ "feature": weight.feature, "value": weight.value, "weight": weight.weight })).collect()
}

/// What a cue tells of a line.
fn told_by(cue: crate::rule::Cue) -> &'static str {
    use crate::rule::Cue;
    match cue {
        Cue::Footer => "a line of a footer: a run of them at the end goes",
        Cue::Related => "a heading over links: such a list goes",
        Cue::Share => "a label of a share bar: several in a row go",
        Cue::Navigation => "a label of a menu: several in a row go",
    }
}

/// A text in quotes on one line, its end left out if it is long.
fn on_one_line(text: &str) -> String {
    let text = text.trim();
    let short = &text[..text.floor_char_boundary(LONGEST)];
    let more = if short.len() < text.len() { " …" } else { "" };
    format!("'{}{more}'", escape_control(short).replace('\n', "⏎"))
}
