//! An HTML page as one file that is opened from disk and needs no network: a template, a style
//! sheet, a script and data as JSON.
//!
//! Text that comes from a corpus or a pack may be hostile. It is part of the JSON, which cannot end
//! the element that holds it, and the scripts insert it as text and never as markup. A content
//! security policy with the hashes of style and script keeps anything else from running or loading.

use super::escape_control;
use data_encoding::BASE64;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The parts of a page that are the same for all data.
pub(super) struct Page<'p> {
    /// HTML with the placeholders `{{policy}}`, `{{style}}`, `{{script}}`, `{{data}}` and any others.
    pub template: &'p str,
    /// The style sheet.
    pub style: &'p str,
    /// The script. It finds the data in the element with the id `data`.
    pub script: &'p str,
}

impl Page<'_> {
    /// Returns the page with `data`, and with `texts` in place of the placeholders that they name.
    /// Placeholders stand between tags, not in attributes.
    pub fn render(&self, data: &Value, texts: &[(&str, &str)]) -> String {
        let data = inert(&data.to_string());
        let fixed = self.template.len() + self.style.len() + self.script.len();
        let mut page = String::with_capacity(fixed + data.len() + 1024);
        // The template is split before anything is inserted, so that `{{` in inserted text stays
        // text.
        for (index, part) in self.template.split("{{").enumerate() {
            let (placeholder, rest) = if index == 0 {
                ("", part)
            } else {
                part.split_once("}}").unwrap_or(("", part))
            };
            match placeholder {
                "policy" => page.push_str(&self.policy()),
                "style" => page.push_str(self.style),
                "script" => page.push_str(self.script),
                "data" => page.push_str(&data),
                name => texts
                    .iter()
                    .filter(|(key, _)| *key == name)
                    .for_each(|(_, text)| page.push_str(&escape_html(text))),
            }
            page.push_str(rest);
        }
        page
    }

    /// Returns the content security policy: this style and this script, and nothing from elsewhere.
    fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src {}; style-src {}; base-uri 'none'; form-action 'none'",
            policy_hash(self.script),
            policy_hash(self.style)
        )
    }
}

/// Returns the source expression of a content security policy that allows exactly this inline
/// script or style.
pub(super) fn policy_hash(text: &str) -> String {
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(text)))
}

/// Escapes `text` for use between tags, and its control characters. It is not for attributes, as
/// quotation marks are left as they are.
fn escape_html(text: &str) -> String {
    escape_control(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// Escapes JSON for use in a script element, which `</script>` or `<!--` could end or change.
/// The escaped characters occur only within strings of JSON, where an escape means the same.
pub(super) fn inert(json: &str) -> String {
    let mut safe = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", c as u32));
            }
            c => safe.push(c),
        }
    }
    safe
}
