//! The fields of the first records of JSON Lines, from which a wrong name of the text field is
//! recognized before anything is cleaned.

use super::keys::{KeyTree, parse_value};
use crate::io::FieldNames;
use crate::io::missing::missing_field;
use anyhow::Result;
use serde_json::Value;

/// Number of records that are looked at.
const MAX_RECORDS: usize = 100;
/// Depth to which fields are named, and number of items of a list that are looked at.
const MAX_DEPTH: usize = 4;
const MAX_ITEMS: usize = 8;
/// Number of fields that are distinguished.
const MAX_FIELDS: usize = 200;

/// What is known of the first records of an input.
#[derive(Debug)]
pub struct FirstRecords {
    keys: KeyTree,
    wanted: Vec<String>,
    /// Records that are objects without any of the wanted fields.
    missing: usize,
    /// Whether a record has one of the wanted fields.
    is_found: bool,
    /// The paths of the fields in the order of their first use, each with the number of letters of
    /// prose in it.
    fields: Vec<(String, usize)>,
}

impl FirstRecords {
    /// Prepares to look for the text fields of `names`.
    ///
    /// # Errors
    /// If a name is not valid.
    pub fn new(names: &FieldNames) -> Result<Self> {
        Ok(Self {
            keys: KeyTree::new(names)?,
            wanted: names.text.clone(),
            missing: 0,
            is_found: false,
            fields: Vec::new(),
        })
    }

    /// Looks at the next record. Returns whether another one is needed.
    pub fn add(&mut self, record: &[u8]) -> bool {
        let line = String::from_utf8_lossy(record);
        match self.keys.has_text(&line) {
            Some(true) => self.is_found = true,
            Some(false) => {
                self.missing += 1;
                if let Some(value) = parse_value(&line) {
                    self.add_fields("", &value, 0);
                }
            }
            // A damaged record says nothing.
            None => {}
        }
        !self.is_found && self.missing < MAX_RECORDS
    }

    /// Checks that one of the records has a wanted field.
    ///
    /// # Errors
    /// If there are records and none of them has one. Names the fields that they have.
    pub fn check(self) -> Result<()> {
        if self.is_found || self.missing == 0 {
            return Ok(());
        }
        let likely = self.fields.iter().filter(|(_, letters)| *letters > 0);
        let likely = likely
            .max_by_key(|(_, letters)| *letters)
            .map(|(name, _)| name.clone());
        let known: Vec<String> = self.fields.into_iter().map(|(name, _)| name).collect();
        let place = match self.missing {
            1 => " in its first record".to_owned(),
            count => format!(" in its first {count} records"),
        };
        Err(missing_field(
            "field",
            &place,
            &self.wanted,
            &known,
            likely.as_ref(),
        ))
    }

    /// Adds the fields of `value`, which is at `path`.
    fn add_fields(&mut self, path: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if depth < MAX_DEPTH => {
                for (key, value) in members {
                    let key = key.replace('\\', "\\\\").replace('.', "\\.");
                    let path = if path.is_empty() {
                        key
                    } else {
                        format!("{path}.{key}")
                    };
                    self.add_fields(&path, value, depth + 1);
                }
            }
            Value::Array(items)
                if items
                    .iter()
                    .any(|item| item.is_object() || item.is_string()) =>
            {
                for item in items.iter().take(MAX_ITEMS).filter(|item| !item.is_array()) {
                    self.add_fields(path, item, depth);
                }
            }
            Value::String(text) => self.add_field(path, letters_of_prose(text)),
            _ => self.add_field(path, 0),
        }
    }

    fn add_field(&mut self, path: &str, letters: usize) {
        if let Some((_, sum)) = self.fields.iter_mut().find(|(name, _)| name == path) {
            *sum += letters;
        } else if self.fields.len() < MAX_FIELDS {
            self.fields.push((path.to_owned(), letters));
        }
    }
}

/// Returns the number of letters of a text, or 0 if it is a single word or markup.
fn letters_of_prose(text: &str) -> usize {
    let text = text.trim();
    if text.starts_with('<') || !text.contains(char::is_whitespace) {
        return 0;
    }
    text.chars().filter(|c| c.is_alphabetic()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(records: &[&str], wanted: &str) -> Option<String> {
        let names = FieldNames {
            text: vec![wanted.to_owned()],
            ..FieldNames::default()
        };
        let mut first = FirstRecords::new(&names).unwrap();
        for record in records {
            if !first.add(record.as_bytes()) {
                break;
            }
        }
        first.check().err().map(|error| error.to_string())
    }

    #[test]
    fn fields_are_named_if_no_record_has_the_wanted_one() {
        let page = r#"{"id": 7, "html": "<p>It rained all day.</p>", "title": "Rain",
            "meta": {"a.b": "It rained."}, "turns": [{"said": "It rained, and then it stopped."}]}"#;
        assert_eq!(
            message(&[page, page], "text").unwrap(),
            "has no field 'text' in its first 2 records; try --text-field turns.said (there are \
             'id', 'html', 'title', 'meta.a\\.b', 'turns.said')"
        );
        assert!(
            message(&[r#"{"n": 1}"#], "text")
                .unwrap()
                .contains("name one with --text-field")
        );
    }

    #[test]
    fn records_that_say_nothing_are_no_error() {
        for records in [
            &[][..],
            &["", "not JSON", "[1]"],
            &[r#"{"a": 1}"#, r#"{"text": null}"#],
            &[r#"{"a": 1}"#, r#"{"text": "It rained."}"#],
        ] {
            assert_eq!(message(records, "text"), None, "{records:?}");
        }
    }

    #[test]
    fn a_field_that_comes_late_is_no_field() {
        let mut records = vec![r#"{"body": "It rained all day."}"#; MAX_RECORDS];
        records.push(r#"{"text": "It rained."}"#);
        assert!(message(&records[1..], "text").is_none());
        assert!(
            message(&records, "text")
                .unwrap()
                .contains("in its first 100 records")
        );
    }
}
