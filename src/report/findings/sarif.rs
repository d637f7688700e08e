//! Findings as a log in SARIF 2.1.0, the OASIS format for results of static analysis. Results are
//! written as they come; the rules that they name, and what else happened, follow at the end.

use super::place::{Position, slashed};
use super::{Finding, FindingWriter, Region, Severity};
use crate::report::rules::rule_page;
use dechaff_core::{Rule, RuleSet};
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// The start of a log, up to the first result.
const BEGIN: &str = concat!(
    r#"{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":["#,
    r#"{"columnKind":"unicodeCodePoints","results":["#,
);
/// The repository, where the rules are documented.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// Writes a log.
#[derive(Debug)]
pub struct SarifLog {
    rules: RuleSet,
    /// The index of each rule that a result names, and the rules in this order.
    indices: FxHashMap<String, usize>,
    used: Vec<Value>,
    notifications: Vec<Value>,
    has_results: bool,
}

impl SarifLog {
    /// Creates a log for a cleaner with these rules.
    #[must_use]
    pub fn new(rules: RuleSet) -> Self {
        Self {
            rules,
            indices: FxHashMap::default(),
            used: Vec::new(),
            notifications: Vec::new(),
            has_results: false,
        }
    }

    /// Returns the index of the rule in the log.
    fn index(&mut self, name: &str) -> usize {
        if let Some(&index) = self.indices.get(name) {
            return index;
        }
        let descriptor = match self.rules.find(name) {
            Some(id) => descriptor(self.rules.get(id)),
            None => whole_text(name),
        };
        self.used.push(descriptor);
        self.indices.insert(name.to_owned(), self.used.len() - 1);
        self.used.len() - 1
    }
}

impl FindingWriter for SarifLog {
    fn begin(&mut self) -> String {
        BEGIN.to_owned()
    }

    fn finding(&mut self, path: &Path, finding: Finding) -> String {
        let separator = if self.has_results { ",\n" } else { "\n" };
        self.has_results = true;
        let mut location = location(path);
        if let Some(region) = &finding.region {
            location["physicalLocation"]["region"] = region_json(region);
        }
        if let Some(record) = finding.record {
            let field = finding.field.as_deref();
            let name = field.map_or_else(String::new, |field| format!(".{field}"));
            location["logicalLocations"] = json!([{
                "fullyQualifiedName": format!("#{record}{name}"), "kind": "value",
            }]);
        }
        let result = json!({
            "ruleId": finding.rules[0],
            "ruleIndex": self.index(&finding.rules[0]),
            "level": "warning",
            "message": { "text": finding.message() },
            "locations": [location],
            "partialFingerprints": { "removedText/v1": finding.fingerprint },
        });
        format!("{separator}{result}")
    }

    fn notice(&mut self, path: &Path, severity: Severity, message: &str) -> String {
        let level = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        self.notifications.push(json!({
            "level": level,
            "message": { "text": message },
            "locations": [location(path)],
        }));
        String::new()
    }

    fn end(&mut self, is_complete: bool) -> String {
        let driver = json!({
            "name": "dechaff",
            "informationUri": REPOSITORY,
            "version": env!("CARGO_PKG_VERSION"),
            "semanticVersion": env!("CARGO_PKG_VERSION"),
            "rules": std::mem::take(&mut self.used),
        });
        let invocation = json!({
            "executionSuccessful": is_complete,
            "toolExecutionNotifications": std::mem::take(&mut self.notifications),
        });
        format!("\n],\"tool\":{{\"driver\":{driver}}},\"invocations\":[{invocation}]}}]}}\n")
    }
}

/// Returns the description of a rule.
fn descriptor(rule: &Rule) -> Value {
    let help = format!(
        "{} `dechaff rules show {}` has more.",
        rule.description, rule.name
    );
    let mut descriptor = json!({
        "id": rule.name,
        "shortDescription": { "text": rule.description },
        "fullDescription": { "text": rule.description },
        "help": { "text": help, "markdown": rule_page(rule) },
        "defaultConfiguration": { "level": "warning" },
        "properties": {
            "tags": [rule.category.name()],
            "confidence": rule.confidence.name(),
        },
    });
    if is_documented(rule) {
        let anchor = rule.name.replace('/', "");
        descriptor["helpUri"] = format!(
            "{REPOSITORY}/blob/main/docs/rules/{}.md#{anchor}",
            rule.pack()
        )
        .into();
    }
    descriptor
}

/// Returns whether the rule is a built-in one. A rule that replaces one has another description.
fn is_documented(rule: &Rule) -> bool {
    let built_in = RuleSet::built_in();
    built_in
        .find(&rule.name)
        .is_some_and(|id| built_in.get(id).origin == rule.origin)
}

/// Returns the description of the rule that removes whole texts, which is called `name`.
fn whole_text(name: &str) -> Value {
    let text = "A text that would lose more than --max-removed allows, of which --on-held leaves \
                nothing.";
    json!({
        "id": name,
        "shortDescription": { "text": text },
        "fullDescription": { "text": text },
        "help": { "text": text },
        "helpUri": format!("{REPOSITORY}/blob/main/docs/reference.md"),
        "defaultConfiguration": { "level": "warning" },
    })
}

fn location(path: &Path) -> Value {
    json!({ "physicalLocation": { "artifactLocation": { "uri": uri(path) } } })
}

fn region_json(region: &Region) -> Value {
    let Region {
        start: Position { line, column },
        end,
        has_columns,
        bytes,
    } = region;
    let mut json = json!({ "startLine": line, "endLine": end.line });
    if *has_columns {
        json["startColumn"] = (*column).into();
        json["endColumn"] = end.column.into();
    }
    json["byteOffset"] = bytes.start.into();
    json["byteLength"] = (bytes.end - bytes.start).into();
    json
}

/// Returns `path` as a URI: a relative reference, or with the scheme `file` if it is absolute.
fn uri(path: &Path) -> String {
    let bytes = slashed(path);
    let mut uri = if !path.is_absolute() {
        String::new()
    } else if bytes.starts_with(b"/") {
        "file://".to_owned()
    } else {
        "file:///".to_owned()
    };
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            uri.push(byte as char);
        } else {
            // Writing to a string does not fail.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_uris() {
        for (path, expected) in [
            ("./a b,c:50%.txt", "a%20b%2Cc%3A50%25.txt"),
            ("a\nb/ü.txt", "a%0Ab/%C3%BC.txt"),
            ("-", "-"),
        ] {
            assert_eq!(uri(Path::new(path)), expected);
        }
        #[cfg(unix)]
        assert_eq!(uri(Path::new("/a/b c")), "file:///a/b%20c");
        #[cfg(windows)]
        assert_eq!(uri(Path::new("C:\\a\\b c")), "file:///C%3A/a/b%20c");
    }
}
