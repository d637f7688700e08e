//! Findings as a Code Quality report of GitLab: a JSON list with an object for each.

use super::{Finding, FindingWriter, Severity, hash, repository_path};
use rustc_hash::FxHashMap;
use serde_json::json;
use std::path::{Path, PathBuf};

/// Writes a Code Quality report.
#[derive(Debug, Default)]
pub struct GitlabReport {
    has_findings: bool,
    /// The last input with a finding, and how often each fingerprint came in it. GitLab shows
    /// findings with equal fingerprints once.
    path: PathBuf,
    seen: FxHashMap<String, u64>,
}

impl GitlabReport {
    /// Returns the fingerprint of a finding, which no other one of the report has. It stays the
    /// same if lines move.
    fn fingerprint(&mut self, path: &Path, finding: &Finding) -> String {
        if self.path != path {
            path.clone_into(&mut self.path);
            self.seen.clear();
        }
        let count = self.seen.entry(finding.fingerprint.clone()).or_default();
        *count += 1;
        hash(&[
            &repository_path(path),
            &finding.fingerprint,
            &count.to_string(),
        ])
    }
}

impl FindingWriter for GitlabReport {
    fn begin(&mut self) -> String {
        "[".to_owned()
    }

    /// GitLab wants a line of each finding, so those in tables are on the first one.
    fn finding(&mut self, path: &Path, finding: Finding) -> String {
        let separator = if self.has_findings { ",\n" } else { "\n" };
        self.has_findings = true;
        let lines = finding
            .region
            .as_ref()
            .map_or((1, 1), |region| (region.start.line, region.end.line));
        let path_text = repository_path(path);
        let issue = json!({
            "description": format!("{}: {}", finding.place(&path_text), finding.message()),
            "check_name": finding.rules[0],
            "fingerprint": self.fingerprint(path, &finding),
            "severity": "minor",
            "location": {
                "path": path_text,
                "lines": { "begin": lines.0, "end": lines.1 },
            },
        });
        format!("{separator}{issue}")
    }

    fn notice(&mut self, _: &Path, _: Severity, _: &str) -> String {
        String::new()
    }

    fn end(&mut self, _: bool) -> String {
        let separator = if self.has_findings { "\n" } else { "" };
        format!("{separator}]\n")
    }
}
