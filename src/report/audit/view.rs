//! One item of an audit with the lines around it, for a terminal.

use super::{Audit, AuditItem, AuditSide};
use crate::report::{ADDED, NAME, REMOVED, escape_control, escape_line, paint};

/// Characters shown of a neighbour.
const NEIGHBOUR_CHARS: usize = 160;

/// Returns an item for a person to judge: where it is, the lines around it, the line itself with
/// what is removed of it, and the question. `neighbours` is the number of lines with text before the
/// item, and as many are shown after it.
#[must_use]
pub fn item_view(audit: &Audit, index: usize, neighbours: usize, colour: bool) -> String {
    let item = &audit.items[index];
    let document = &audit.documents[item.document];
    let lines: Vec<&str> = document.text.split('\n').collect();
    let mut place = vec![escape_line(&document.name)];
    place.extend(document.site.as_deref().map(escape_line));
    place.push(item.kind.clone());
    place.extend(document.lang.clone());
    let head = format!(
        "{} of {} · {}",
        index + 1,
        audit.items.len(),
        place.join(" · ")
    );
    let mut view = format!("\n{}\n", paint(&head, NAME, colour));
    let at = item.line - 1;
    let before: Vec<usize> = (0..at)
        .rev()
        .filter(|&line| has_text(lines[line]))
        .collect();
    for &line in before.iter().take(neighbours).rev() {
        view.push_str(&format!("    {}\n", neighbour(lines[line])));
    }
    view.push_str(&format!("  > {}\n", marked_line(item, lines[at], colour)));
    let after = (at + 1..lines.len()).filter(|&line| has_text(lines[line]));
    for line in after.take(neighbours) {
        view.push_str(&format!("    {}\n", neighbour(lines[line])));
    }
    view.push_str(question(item));
    view
}

fn question(item: &AuditItem) -> &'static str {
    match (item.side, item.whole) {
        (AuditSide::Removed, true) => "This line is removed. Is it chaff or prose?\n",
        (AuditSide::Removed, false) => "What is in [-…-] is removed. Is it chaff or prose?\n",
        (AuditSide::Kept, true) => "This line is kept. Is it chaff or prose?\n",
        (AuditSide::Kept, false) => "The rest of this line is kept. Is the rest chaff or prose?\n",
    }
}

fn has_text(line: &str) -> bool {
    !line.trim().is_empty()
}

/// Returns a line beside the item, abbreviated.
fn neighbour(line: &str) -> String {
    let line = line.trim();
    let mut text: String = line.chars().take(NEIGHBOUR_CHARS).collect();
    if text.len() < line.len() {
        text.push('…');
    }
    escape_control(&text)
}

/// Returns the line of an item. What is removed of it is marked: by its colour if all of it is,
/// otherwise as `[-text-]` too.
fn marked_line(item: &AuditItem, line: &str, colour: bool) -> String {
    if item.spans.is_empty() {
        return paint(&escape_control(line.trim()), ADDED, colour);
    }
    if item.whole {
        return paint(&escape_control(line.trim()), REMOVED, colour);
    }
    let chars: Vec<char> = line.chars().collect();
    let (mut text, mut from) = (String::new(), 0);
    for &(start, end) in &item.spans {
        let (start, end) = (start.min(chars.len()), end.min(chars.len()));
        let kept: String = chars[from.min(start)..start].iter().collect();
        let removed: String = chars[start..end.max(start)].iter().collect();
        text.push_str(&escape_control(&kept));
        let marked = format!("[-{}-]", escape_control(&removed));
        text.push_str(&paint(&marked, REMOVED, colour));
        from = end;
    }
    let rest: String = chars[from.min(chars.len())..].iter().collect();
    text + &escape_control(&rest)
}
