//! Names and extensions of formats, and their detection. The format of an input is taken from its
//! file name, or from its first bytes if the name does not determine it. Names ending in `.json`
//! are the exception: they may hold JSON Lines, so their bytes decide; anything else in them is not
//! treated as text. What these names mean is in `formats`.

use super::compression::Compression;
use super::formats::{
    AddMember, FORMATS, FormatSpec, JSON, JSON_LINES, OutputColumns, Reading, RecordFormat,
    RecordInput, RecordWriter, RestoreRecord, TEXT,
};
use anyhow::{Context, Result, bail};
use std::fmt;
use std::path::Path;

/// How an input holds its texts.
#[derive(Clone, Copy)]
pub struct Format(&'static FormatSpec);

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Format {}

impl fmt::Debug for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.name)
    }
}

impl Format {
    /// One text.
    pub const TEXT: Self = Self(&TEXT);
    /// One JSON object on each line.
    pub const JSON_LINES: Self = Self(&JSON_LINES);
    /// JSON, but not one object on each line.
    pub const JSON: Self = Self(&JSON);

    /// Iterates over all formats that have a name, in the order in which messages list them.
    pub fn all() -> impl Iterator<Item = Self> {
        FORMATS.iter().map(|format| Self(format))
    }

    /// Iterates over the formats that outputs can have.
    pub fn all_outputs() -> impl Iterator<Item = Self> {
        Self::all().filter(|format| format.is_output())
    }

    /// Returns whether outputs can have this format. Others, such as WET, are only read.
    #[must_use]
    pub fn is_output(self) -> bool {
        self.0.writer.is_some()
    }

    /// Returns the name of the format on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Returns the names of all formats for a message: `text, jsonl or csv`.
    #[must_use]
    pub fn names() -> String {
        list(Self::all())
    }

    /// Returns the names of the formats that outputs can have, for a message.
    #[must_use]
    pub fn output_names() -> String {
        list(Self::all_outputs())
    }

    /// Parses the name of a format as the command line uses it, such as `jsonl`.
    ///
    /// # Errors
    /// If no format has this name. The error lists all names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::all()
            .find(|format| format.0.name == name)
            .with_context(|| format!("'{name}' is not a format; write {}", Self::names()))
    }

    /// Parses the name of a format that outputs can have.
    ///
    /// # Errors
    /// If no format has this name, or it is only read, such as WET. The error lists all names.
    pub fn parse_output(name: &str) -> Result<Self> {
        Self::all_outputs()
            .find(|format| format.0.name == name)
            .with_context(|| {
                let names = Self::output_names();
                format!("'{name}' is not an output format; write {names}")
            })
    }

    /// Returns the extension, without its dot, of files that are converted to this format.
    #[must_use]
    pub fn extension(self) -> &'static str {
        self.0.extensions.first().copied().unwrap_or_default()
    }

    /// Returns the format that the extension of `path` stands for, after that of a compression is
    /// removed. Returns `None` if the extension is missing, unknown, or `.json`, which is
    /// ambiguous.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let (_, name) = Compression::of_name(&name);
        let extension = name.rsplit_once('.')?.1;
        if extension == "json" {
            return None;
        }
        Self::all().find(|format| format.0.extensions.contains(&extension))
    }

    /// Returns a file name without the extensions of formats at its end: `a` for both `a.jsonl` and
    /// `a.warc.wet`. That of a compression must already be removed. The result is never empty, so
    /// `.txt` stays as it is.
    #[must_use]
    pub fn strip_extensions(name: &str) -> &str {
        let mut stem = name;
        while let Some((shorter, extension)) = stem.rsplit_once('.')
            && !shorter.is_empty()
            && Self::all().any(|format| format.has_extension(extension))
        {
            stem = shorter;
        }
        stem
    }

    fn has_extension(self, extension: &str) -> bool {
        let extensions = self.0.extensions;
        extensions.contains(&extension.to_ascii_lowercase().as_str())
    }

    /// Detects the format of an input from `head`, its first decompressed bytes. `is_json` says
    /// that its name ends in `.json`, so that it is other JSON rather than text unless it begins
    /// like another format.
    #[must_use]
    pub fn detect(head: &[u8], is_json: bool) -> Self {
        let body = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
        match Self::all().find(|format| (format.0.detects)(head)) {
            Some(format) => format,
            None if is_json && !body.trim_ascii().is_empty() => Self::JSON,
            None => Self(&TEXT),
        }
    }

    /// Returns how inputs of this format are read.
    #[must_use]
    pub fn reading(self) -> Reading {
        self.0.reading
    }

    /// Returns whether this is a format of tables, which are compressed inside.
    #[must_use]
    pub fn is_table(self) -> bool {
        matches!(self.0.reading, Reading::Table)
    }

    /// Returns whether each line is a record, so that an input can be read from any line on.
    #[must_use]
    pub fn has_line_records(self) -> bool {
        self.0.has_line_records
    }

    /// Returns whether each record is compressed separately.
    #[must_use]
    pub fn compresses_records(self) -> bool {
        self.0.compresses_records
    }

    /// Returns how a member is added to a record, or `None` if records cannot have more members.
    #[must_use]
    pub fn add_member(self) -> Option<AddMember> {
        self.0.add_member
    }

    /// Returns whether records are rows, which can have more columns.
    #[must_use]
    pub fn has_columns(self) -> bool {
        self.0.has_columns
    }

    /// Returns how a record is restored of which more than the removed spans was changed, or `None`
    /// if only spans are removed from records.
    #[must_use]
    pub fn restore_record(self) -> Option<RestoreRecord> {
        self.0.restore_record
    }

    /// Prepares to read the records of an input.
    ///
    /// # Errors
    /// If the input lacks the fields that are to be cleaned, a field name is invalid, or the format
    /// has no records.
    pub fn open(self, input: &RecordInput<'_>) -> Result<Box<dyn RecordFormat>> {
        match self.0.reading {
            Reading::Records(open) | Reading::Text(open) => open(input),
            Reading::Table | Reading::Never => bail!("has no records that can be read one by one"),
        }
    }

    /// Returns a writer of records that have these columns.
    ///
    /// # Errors
    /// If the format is only read.
    pub fn writer(self, columns: OutputColumns) -> Result<Box<dyn RecordWriter>> {
        match self.0.writer {
            Some(new_writer) => Ok(new_writer(columns)),
            None => bail!("cannot become {}, which is only read", self.0.name),
        }
    }
}

/// Joins the names of formats for a message: `text, jsonl or csv`.
fn list(formats: impl Iterator<Item = Format>) -> String {
    let names: Vec<&str> = formats.map(|format| format.0.name).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Format {
        Format::parse(name).unwrap()
    }

    #[test]
    fn extensions_determine_the_format() {
        for (name, format) in [
            ("a/b.JSONL.gz", Some(Format::JSON_LINES)),
            ("CC-MAIN.warc.wet.gz", Some(named("wet"))),
            ("a.tsv", Some(named("tsv"))),
            ("a.json", None),
            ("a", None),
            ("a.log.zst", None),
        ] {
            assert_eq!(Format::from_path(Path::new(name)), format, "{name}");
        }
    }

    #[test]
    fn first_bytes_determine_the_format() {
        for (head, is_json, format) in [
            (&b"{\"text\": \"a\"}\n{\"te"[..], false, Format::JSON_LINES),
            (
                b"\xEF\xBB\xBF{\"text\": \"no end yet",
                false,
                Format::JSON_LINES,
            ),
            (b"{\n  \"text\": 1\n}\n", true, Format::JSON),
            (b"[1, 2]\n", true, Format::JSON),
            (b"[{\"text\": 1}, {}]", true, Format::JSON),
            (b"[\n{\"text\": NaN},\n", true, Format::JSON_LINES),
            (b"{braces} in a text\n", false, named("text")),
            (b"WARC/1.0\r\n", false, named("wet")),
            (b"PAR1\x15", false, named("parquet")),
            (b"", true, named("text")),
        ] {
            assert_eq!(
                Format::detect(head, is_json),
                format,
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
