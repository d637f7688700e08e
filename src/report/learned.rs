//! What was learned of sites, as lines for people, as JSON and as a pack of rules.

use super::escape_line;
use dechaff_core::learn::{Evidence, LearnedSite, LearnedText};
use serde_json::{Value, json};
use std::fmt;

/// A text of a site, with whether it would be removed.
#[derive(Clone, Copy, Debug)]
pub struct LearnedLine<'l> {
    /// The text and its counts.
    pub text: &'l LearnedText,
    /// Share of the pages, 0 to 1.
    pub share: f64,
    /// Whether there is enough evidence to remove it.
    pub is_removed: bool,
    /// Whether it stands in the prose of most pages, so that it needs more evidence and must touch
    /// something else that is removed.
    pub in_prose: bool,
}

impl fmt::Display for LearnedLine<'_> {
    /// Writes the number and the share of the pages, where the text stands, and the text, in one
    /// line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = [
            ("head", self.text.head),
            ("body", self.text.body),
            ("tail", self.text.tail),
        ]
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or("", |(place, _)| place);
        writeln!(
            f,
            "{:>6} {:>4.0} % {} {place}  {}",
            self.text.pages,
            self.share * 100.0,
            if self.is_removed { '-' } else { ' ' },
            escape_line(&self.text.text)
        )
    }
}

impl LearnedLine<'_> {
    /// Returns the line as a JSON object; `site` is the name of the site.
    #[must_use]
    pub fn json(&self, site: &str) -> Value {
        json!({
            "site": site,
            "text": &*self.text.text,
            "pages": self.text.pages,
            "share": (self.share * 1000.0).round() / 1000.0,
            "documents": self.text.documents,
            "head": self.text.head,
            "body": self.text.body,
            "tail": self.text.tail,
            "in_prose": self.in_prose,
            "removed": self.is_removed,
        })
    }
}

/// Returns the texts of a site, those on most pages first.
#[must_use]
pub fn learned_lines<'l>(site: &'l LearnedSite, evidence: &Evidence) -> Vec<LearnedLine<'l>> {
    let mut texts: Vec<(u64, &LearnedText)> = site.texts().collect();
    texts.sort_unstable_by_key(|(key, text)| (std::cmp::Reverse(text.pages), &text.text, *key));
    texts
        .into_iter()
        .map(|(_, text)| LearnedLine {
            text,
            share: site.share(text),
            is_removed: evidence.accepts(text, site),
            in_prose: text.is_in_prose(),
        })
        .collect()
}

/// Returns a line about a site with this number of documents and of different pages.
#[must_use]
pub fn site_line(name: &str, documents: u64, pages: u64) -> String {
    format!(
        "{pages:>8} pages {documents:>8} documents  {}\n",
        escape_line(name)
    )
}

/// A pack of rules that remove labels, each from one site.
#[derive(Clone, Debug, Default)]
pub struct LabelPack {
    rules_toml: String,
    /// Number of rules.
    pub rules: usize,
    /// Number of texts that would be removed but that no label can express.
    pub left_out: usize,
}

impl LabelPack {
    /// Returns the pack in TOML.
    #[must_use]
    pub fn toml(&self) -> String {
        format!(
            "[pack]\nname = \"learned\"\ndescription = \"Lines that sites repeat, as was learned \
             from them.\"\n{}",
            self.rules_toml
        )
    }
}

/// Adds a rule for the lines that the site called `name` repeats. Lines that stand in the prose,
/// where a label would need to touch other removals, are not exported.
pub fn learned_pack(name: &str, site: &LearnedSite, evidence: &Evidence, pack: &mut LabelPack) {
    let removed = learned_lines(site, evidence)
        .into_iter()
        .filter(|line| line.is_removed && !line.in_prose);
    let (labels, others): (Vec<_>, Vec<_>) = removed.partition(|line| is_label(&line.text.text));
    pack.left_out += others.len();
    let mut labels: Vec<&str> = labels.iter().map(|line| &*line.text.text).collect();
    labels.sort_unstable();
    let Some(first) = labels.first() else { return };
    let last = labels.last().unwrap_or(first);
    pack.rules += 1;
    let listed: Vec<String> = labels.iter().map(|label| quoted(label)).collect();
    let listed = listed.join(",\n  ");
    pack.rules_toml.push_str(&format!(
        "\n[[rule]]\nid = \"site-{}\"\ndescription = {}\ncategory = \"repeat\"\nconfidence = \
         \"likely\"\nhosts = [{}]\nlabels = [\n  {listed},\n]\nexamples.match = [\n  {},\n  {},\n]\n\
         examples.no_match = [\n  {},\n  {},\n]\n",
        pack.rules,
        quoted(&format!("Lines that {name} repeats.")),
        quoted(name),
        quoted(first),
        quoted(&format!("The bridge opens on Monday.\n{last}\n")),
        quoted(&format!("The sign says “{first}”, and nobody knows why.")),
        quoted(&format!("It was “{last}” that he wrote on the wall.")),
    ));
}

/// Returns whether a text is a whole line that a label can express: on one line, not cut, and
/// without numbers, which differ from page to page.
fn is_label(text: &str) -> bool {
    text.len() < 200 && !text.contains(['\n', '\r', '$']) && !text.contains(char::is_numeric)
}

/// Returns a text as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
