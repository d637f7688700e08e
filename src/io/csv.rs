//! CSV and TSV: rows under a line of names, fields in quotes where they hold delimiters, quotes or line ends. Rows are
//! never written anew: what stays of a field keeps its quotes, and every other field its spelling.

use super::record::{Escaping, Field, Parsed, TextFields, Values};
use super::{FieldNames, one_text_of};
use anyhow::{Result, bail};
use std::borrow::Cow;
use std::ops::Range;

/// Finds where rows end: at line feeds outside of quotes. A quote counts only where a field begins.
#[derive(Clone, Debug)]
pub struct Quotes {
    delimiter: u8,
    place: CsvState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvState {
    /// Where a field begins.
    Start,
    /// In a field, outside of quotes.
    Bare,
    /// Within quotes.
    Quoted,
    /// Behind a quote within quotes: the closing one, or the first of two.
    AfterQuote,
}

impl Quotes {
    /// For rows of fields between delimiters.
    #[must_use]
    pub fn new(delimiter: u8) -> Self {
        Self {
            delimiter,
            place: CsvState::Start,
        }
    }

    /// Begins a row.
    pub fn reset(&mut self) {
        self.place = CsvState::Start;
    }

    /// The end of the row, which began with earlier bytes if there were some since `reset`.
    pub fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        while at < bytes.len() {
            match self.place {
                // A quote here opens a field, or doubles the one before it.
                CsvState::Start | CsvState::AfterQuote if bytes[at] == b'"' => {
                    (self.place, at) = (CsvState::Quoted, at + 1)
                }
                CsvState::Start | CsvState::AfterQuote => self.place = CsvState::Bare,
                CsvState::Bare => {
                    at += memchr::memchr2(self.delimiter, b'\n', &bytes[at..])? + 1;
                    self.place = CsvState::Start;
                    if bytes[at - 1] == b'\n' {
                        return Some(at);
                    }
                }
                CsvState::Quoted => {
                    at += memchr::memchr(b'"', &bytes[at..])? + 1;
                    self.place = CsvState::AfterQuote;
                }
            }
        }
        None
    }
}

/// The fields of a row: the bytes between their quotes, or all of them, and whether there are quotes.
fn fields(row: &[u8], delimiter: u8) -> Result<Vec<(Range<usize>, bool)>, &'static str> {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    let row = row.strip_suffix(b"\r").unwrap_or(row);
    let (mut found, mut at) = (Vec::new(), 0);
    loop {
        let mut field = (at..at, false);
        if row.get(at) == Some(&b'"') {
            let mut end = at + 1;
            loop {
                end += memchr::memchr(b'"', &row[end..]).ok_or("has a quote that is not closed")?;
                if row.get(end + 1) != Some(&b'"') {
                    break;
                }
                end += 2;
            }
            field = (at + 1..end, true);
            at = end + 1;
            if row.get(at).is_some_and(|&byte| byte != delimiter) {
                return Err("has text behind a closing quote");
            }
        } else {
            at += memchr::memchr(delimiter, &row[at..]).unwrap_or(row.len() - at);
            field.0.end = at;
        }
        found.push(field);
        if at >= row.len() {
            return Ok(found);
        }
        at += 1;
    }
}

/// Which columns hold what.
#[derive(Clone, Debug)]
pub struct Columns {
    delimiter: u8,
    names: Vec<String>,
    texts: Vec<(usize, String)>,
    id: Option<usize>,
    url: Option<usize>,
    language: Option<usize>,
}

impl Columns {
    /// Reads the line of names that begins a file.
    ///
    /// # Errors
    /// If it is none, or has no name of a column with texts.
    pub fn new(head: &[u8], delimiter: u8, names: &FieldNames) -> Result<Self> {
        let end = Quotes::new(delimiter).end(head).unwrap_or(head.len());
        let line = &head[..end];
        let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        let found: Vec<String> = match fields(line, delimiter) {
            Ok(fields) => fields
                .into_iter()
                .map(|(raw, quoted)| {
                    spelt(&String::from_utf8_lossy(&line[raw]), quoted).into_owned()
                })
                .collect(),
            Err(reason) => bail!("the line of names {reason}"),
        };
        let column = |wanted: &String| found.iter().position(|name| name == wanted);
        let texts: Vec<(usize, String)> = names
            .text
            .iter()
            .filter_map(|name| Some((column(name)?, name.clone())))
            .collect();
        if texts.is_empty() {
            let known = found
                .iter()
                .take(12)
                .map(|name| format!("'{name}'"))
                .collect::<Vec<_>>()
                .join(", ");
            bail!(
                "has no column {}; name one with --text-field (there are {known})",
                one_text_of(&names.text)
            );
        }
        let one = |name: &Option<String>| name.as_ref().and_then(column);
        let [id, url, language] = [one(&names.id), one(&names.url), one(&names.language)];
        Ok(Self {
            delimiter,
            names: found,
            texts,
            id,
            url,
            language,
        })
    }

    /// Finds the texts of a row.
    #[must_use]
    pub fn read<'r>(&'r self, row: &'r str) -> Parsed<'r> {
        if row.trim_end_matches(['\r', '\n']).is_empty() {
            return Parsed::NoText;
        }
        let fields = match self.fields(row) {
            Ok(fields) => fields,
            Err(reason) => return Parsed::Damaged(reason),
        };
        let one = |column: Option<usize>| {
            let (raw, quoted) = fields[column?].clone();
            Some(spelt(&row[raw], quoted).into_owned()).filter(|value| !value.is_empty())
        };
        let text = |(column, name): &'r (usize, String)| {
            let (raw, quoted) = fields[*column].clone();
            Field::new(
                Cow::Borrowed(name.as_str()),
                row,
                raw,
                if quoted {
                    Escaping::Quoted
                } else {
                    Escaping::Plain
                },
            )
        };
        let mut texts: Vec<Field<'_>> = self.texts.iter().map(text).collect();
        texts.sort_by_key(|field| field.raw.start);
        Parsed::Texts(TextFields {
            fields: texts,
            id: one(self.id),
            url: one(self.url),
            language: one(self.language),
            ..TextFields::default()
        })
    }

    fn fields(&self, row: &str) -> Result<Vec<(Range<usize>, bool)>, String> {
        let (fields, count) = (fields(row.as_bytes(), self.delimiter)?, self.names.len());
        if fields.len() == count {
            Ok(fields)
        } else {
            Err(format!(
                "has {} fields where the line of names has {count}",
                fields.len()
            ))
        }
    }

    /// The names of all columns, and which of them hold texts.
    pub(super) fn all(&self) -> (Vec<String>, Vec<usize>) {
        (
            self.names.clone(),
            self.texts.iter().map(|(column, _)| *column).collect(),
        )
    }

    /// The values of all columns of a row.
    pub(super) fn values<'r>(&self, row: &'r str) -> Option<Values<'r>> {
        let fields = self.fields(row).ok()?;
        Some(
            fields
                .into_iter()
                .map(|(raw, quoted)| Some(spelt(&row[raw], quoted)))
                .collect(),
        )
    }

    /// Whether a row from which bytes were cut still reads as what is left. Without quotes, a field may come to begin with
    /// one, and a row to be blank.
    #[must_use]
    pub fn holds(&self, row: &str) -> bool {
        !row.trim().is_empty() && self.fields(row).is_ok()
    }
}

fn spelt(raw: &str, quoted: bool) -> Cow<'_, str> {
    if quoted {
        Escaping::Quoted.decode(raw)
    } else {
        Cow::Borrowed(raw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(head: &str) -> Result<Columns> {
        let names = FieldNames {
            text: vec!["text".to_owned()],
            id: Some("id".to_owned()),
            ..FieldNames::default()
        };
        Columns::new(head.as_bytes(), b',', &names)
    }

    #[test]
    fn rows_end_outside_of_quotes() {
        let table = "id,text\n1,\"a\n\"\"b\"\", c\"\r\n2,5\" nails\n3,\"\"\n";
        let (mut rows, mut at) = (Vec::new(), 0);
        let mut quotes = Quotes::new(b',');
        while let Some(end) = quotes.end(&table.as_bytes()[at..]) {
            rows.push(&table[at..at + end]);
            at += end;
        }
        assert_eq!(
            rows,
            [
                "id,text\n",
                "1,\"a\n\"\"b\"\", c\"\r\n",
                "2,5\" nails\n",
                "3,\"\"\n"
            ]
        );
        // It makes no difference where the bytes are cut.
        let (mut quotes, mut ends) = (Quotes::new(b','), Vec::new());
        for at in 0..table.len() {
            if quotes.end(&table.as_bytes()[at..=at]).is_some() {
                ends.push(at + 1);
            }
        }
        let whole = rows.iter().scan(0, |end, row| {
            *end += row.len();
            Some(*end)
        });
        assert_eq!(ends, whole.collect::<Vec<_>>());
    }

    #[test]
    fn texts_are_found_by_the_name_of_their_column() {
        let columns = columns("\u{feff}\"id\",text\r\n").unwrap();
        let Parsed::Texts(texts) = columns.read("7,\"a \"\"b\"\"\nc\"\r\n") else {
            panic!()
        };
        assert_eq!(
            (texts.id.as_deref(), texts.fields[0].text.as_ref()),
            (Some("7"), "a \"b\"\nc")
        );
        let Parsed::Texts(texts) = columns.read(",plain") else {
            panic!()
        };
        assert_eq!((texts.id, texts.fields[0].text.as_ref()), (None, "plain"));
        assert_eq!(columns.read("\r\n"), Parsed::NoText);
        for row in ["1\n", "1,2,3\n", "1,\"open\n", "1,\"a\"b\n"] {
            assert!(matches!(columns.read(row), Parsed::Damaged(_)), "{row}");
        }
        assert!(!columns.holds("1,\"open\n"));
    }

    #[test]
    fn a_table_without_texts_is_refused() {
        let error = columns("id,body\n").unwrap_err().to_string();
        assert_eq!(
            error,
            "has no column 'text'; name one with --text-field (there are 'id', 'body')"
        );
    }
}
