//! The HTML page of an audit: it asks people about lines, and saves their answers to a file.

use super::page::Page;
use serde_json::Value;

const PAGE: Page<'static> = Page {
    template: include_str!("html/audit.html"),
    style: concat!(
        include_str!("html/base.css"),
        include_str!("html/audit.css")
    ),
    script: concat!(
        include_str!("html/base.js"),
        include_str!("html/estimate.js"),
        include_str!("html/audit.js")
    ),
};

/// Returns the page that asks about the lines of `audit`, an [`Audit`](super::Audit) as JSON.
#[must_use]
pub fn audit_page(audit: &Value) -> String {
    let corpus = audit["corpus"].as_str().unwrap_or_default();
    PAGE.render(audit, &[("title", &format!("Audit of {corpus}"))])
}

#[cfg(test)]
mod tests;
