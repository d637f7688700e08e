//! Findings as workflow commands, which GitHub Actions shows as annotations:
//! `::warning file=a.txt,line=3,endLine=4,title=…::…`. GitHub shows ten warnings and ten errors of
//! a step, so findings on adjoining lines become one.

use super::{Finding, FindingWriter, Severity, repository_path};
use crate::report::escape_control;
use std::path::{Path, PathBuf};

/// Writes workflow commands.
#[derive(Debug, Default)]
pub struct GithubCommands {
    /// The last finding, to which the next one may be added.
    last: Option<(PathBuf, Finding)>,
}

impl FindingWriter for GithubCommands {
    fn begin(&mut self) -> String {
        String::new()
    }

    fn finding(&mut self, path: &Path, finding: Finding) -> String {
        if let Some((last_path, last)) = &mut self.last
            && last_path == path
            && adjoins(last, &finding)
        {
            extend(last, finding);
            return String::new();
        }
        let written = self.take_last();
        self.last = Some((path.to_owned(), finding));
        written
    }

    /// Only errors become annotations, as the others are on standard error, which is in the log.
    fn notice(&mut self, path: &Path, severity: Severity, message: &str) -> String {
        let mut written = self.take_last();
        if severity == Severity::Error {
            let path = repository_path(path);
            let mut properties = file(&path);
            properties.push(("title", "dechaff".to_owned()));
            written += &command("error", &properties, &format!("{path}: {message}"));
        }
        written
    }

    fn end(&mut self, _: bool) -> String {
        self.take_last()
    }
}

impl GithubCommands {
    /// Returns the command of the last finding, if there is one, and forgets it.
    fn take_last(&mut self) -> String {
        let Some((path, finding)) = self.last.take() else {
            return String::new();
        };
        let path = repository_path(&path);
        let mut properties = file(&path);
        let has_file = !properties.is_empty();
        if let Some(region) = finding.region.as_ref().filter(|_| has_file) {
            properties.push(("line", region.start.line.to_string()));
            properties.push(("endLine", region.end.line.to_string()));
        }
        properties.push(("title", format!("dechaff ({})", finding.rules[0])));
        let message = format!("{}: {}", finding.place(&path), finding.message());
        command("warning", &properties, &message)
    }
}

/// Returns the property that names the file of an annotation. Standard input has none.
fn file(path: &str) -> Vec<(&'static str, String)> {
    if path == "-" {
        Vec::new()
    } else {
        vec![("file", path.to_owned())]
    }
}

/// Returns whether `next` begins on a line of `last` or on the line after it, in the same text.
fn adjoins(last: &Finding, next: &Finding) -> bool {
    let (Some(before), Some(after)) = (&last.region, &next.region) else {
        return false;
    };
    (last.record, &last.field) == (next.record, &next.field)
        && (before.start.line..=before.end.line + 1).contains(&after.start.line)
}

/// Adds `next`, which adjoins it, to `last`.
fn extend(last: &mut Finding, next: Finding) {
    if let (Some(region), Some(more)) = (&mut last.region, next.region) {
        region.end = more.end;
    }
    for rule in next.rules {
        if !last.rules.contains(&rule) {
            last.rules.push(rule);
        }
    }
}

/// Returns a workflow command with the line end.
fn command(name: &str, properties: &[(&str, String)], message: &str) -> String {
    let properties: Vec<String> = properties
        .iter()
        .map(|(name, value)| format!("{name}={}", escape_property(value)))
        .collect();
    let message = escape_data(&escape_control(message));
    format!("::{name} {}::{message}\n", properties.join(","))
}

/// Escapes what would end a message.
fn escape_data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes what would end a property.
fn escape_property(text: &str) -> String {
    escape_data(text).replace(':', "%3A").replace(',', "%2C")
}
