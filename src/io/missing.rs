//! The error of an input that has none of the fields in which its texts should be. It names the
//! fields that the input has instead, and the one that is likely meant.

use super::quoted_alternatives;
use anyhow::{Error, anyhow};

/// Number of fields that the error names.
const MAX_LISTED: usize = 12;

/// Names that text fields often have, the most common first. Of `meta.body`, the last part counts.
const USUAL_NAMES: &[&str] = &[
    "text",
    "content",
    "raw_content",
    "page_content",
    "maintext",
    "main_text",
    "plain_text",
    "body",
    "article",
    "document",
];

/// Returns the error of an input without any of the fields `wanted`. `what` is the word for a field,
/// and `place` where it was looked for, with a space before it unless it is empty. `known` are the
/// fields that the input has, and `likely` is the one that probably holds texts; without it, the
/// names decide.
pub(super) fn missing_field(
    what: &str,
    place: &str,
    wanted: &[String],
    known: &[String],
    likely: Option<&String>,
) -> Error {
    let tip = match likely.or_else(|| likely_name(wanted, known)) {
        Some(name) => format!("try --text-field {}", shell_word(name)),
        None => "name one with --text-field".to_owned(),
    };
    if known.is_empty() {
        return anyhow!(
            "has no {what} {}{place}, nor any other",
            quoted_alternatives(wanted)
        );
    }
    let listed: Vec<String> = known
        .iter()
        .take(MAX_LISTED)
        .map(|name| format!("'{name}'"))
        .collect();
    let more = if known.len() > MAX_LISTED {
        ", …"
    } else {
        ""
    };
    anyhow!(
        "has no {what} {}{place}; {tip} (there are {}{more})",
        quoted_alternatives(wanted),
        listed.join(", ")
    )
}

/// Returns the field of `known` whose name differs from a wanted one by case only, or the one with
/// the most usual name.
fn likely_name<'k>(wanted: &[String], known: &'k [String]) -> Option<&'k String> {
    let wanted = wanted.iter().map(String::as_str);
    let names = wanted.chain(USUAL_NAMES.iter().copied());
    names.map(str::to_lowercase).find_map(|name| {
        known.iter().find(|known| {
            let known = known.to_lowercase();
            known == name || known.rsplit('.').next() == Some(&name)
        })
    })
}

/// Returns a name as it is written in a shell.
fn shell_word(name: &str) -> String {
    if name
        .chars()
        .all(|c| c.is_alphanumeric() || "._-/".contains(c))
    {
        name.to_owned()
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(wanted: &str, known: &[&str], likely: Option<&str>) -> String {
        let known: Vec<String> = known.iter().map(|&name| name.to_owned()).collect();
        let likely = likely.map(str::to_owned);
        missing_field("column", "", &[wanted.to_owned()], &known, likely.as_ref()).to_string()
    }

    #[test]
    fn the_likely_field_is_suggested() {
        for (wanted, known, likely, tip) in [
            ("text", &["id", "Text"][..], None, "try --text-field Text"),
            (
                "text",
                &["id", "meta.body"],
                None,
                "try --text-field meta.body",
            ),
            (
                "text",
                &["id", "full text"],
                Some("full text"),
                "try --text-field 'full text'",
            ),
            ("text", &["id", "note"], None, "name one with --text-field"),
        ] {
            let message = message(wanted, known, likely);
            assert!(message.contains(tip), "{message}");
        }
        assert_eq!(
            message("text", &[], None),
            "has no column 'text', nor any other"
        );
        let names: Vec<String> = (0..20).map(|number| format!("f{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(message("text", &names, None).ends_with("'f11', …)"));
    }
}
