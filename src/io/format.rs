//! Formats of inputs and outputs, and their detection. The format of an input is taken from its
//! file name, or from its first bytes if the name does not determine it. Names ending in `.json`
//! are the exception: they may hold JSON Lines, so their bytes decide; any other JSON is not
//! treated as text.

use super::compression::Compression;
use std::path::Path;

/// Extensions, in lower case, that [`Format::strip_extensions`] removes from a file name.
const EXTENSIONS: &[&str] = &[
    "txt", "text", "md", "markdown", "jsonl", "ndjson", "json", "wet", "warc", "csv", "tsv",
    "parquet",
];

/// How an input holds its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The input is one text.
    Text,
    /// One JSON object on each line.
    JsonLines,
    /// JSON, but not one object on each line. Passed through unchanged.
    OtherJson,
    /// A WARC file; its `conversion` records are the texts.
    Warc,
    /// A header row and rows of fields.
    Csv {
        /// The byte between fields: a comma or a tab.
        delimiter: u8,
    },
    /// Parquet.
    Parquet,
}

impl Format {
    /// Parses the name of a format as the command line and the configuration use it, such as
    /// `jsonl`. Returns `None` for any other word.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "text" => Self::Text,
            "jsonl" => Self::JsonLines,
            "wet" => Self::Warc,
            "csv" => Self::Csv { delimiter: b',' },
            "tsv" => Self::Csv { delimiter: b'\t' },
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// Returns the extension, with its dot, of files that are converted to this format. Returns
    /// `None` for WARC and for other JSON, which are input formats only.
    #[must_use]
    pub fn extension(self) -> Option<&'static str> {
        match self {
            Self::Text => Some(".txt"),
            Self::JsonLines => Some(".jsonl"),
            Self::Csv { delimiter: b'\t' } => Some(".tsv"),
            Self::Csv { .. } => Some(".csv"),
            Self::Parquet => Some(".parquet"),
            Self::Warc | Self::OtherJson => None,
        }
    }

    /// Returns the format that the extension of `path` stands for, after that of a compression is
    /// removed. Returns `None` if the extension is missing, unknown, or `.json`, which is
    /// ambiguous.
    #[must_use]
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        let (_, name) = Compression::of_name(&name);
        match name.rsplit_once('.')?.1 {
            "txt" | "text" | "md" | "markdown" => Some(Self::Text),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "wet" | "warc" => Some(Self::Warc),
            "csv" => Some(Self::Csv { delimiter: b',' }),
            "tsv" => Some(Self::Csv { delimiter: b'\t' }),
            "parquet" => Some(Self::Parquet),
            _ => None,
        }
    }

    /// Returns a file name without the extensions of formats at its end: `a` for both `a.jsonl` and
    /// `a.warc.wet`. That of a compression must already be removed. The result is never empty, so
    /// `.txt` stays as it is.
    #[must_use]
    pub fn strip_extensions(name: &str) -> &str {
        let mut stem = name;
        while let Some((shorter, extension)) = stem.rsplit_once('.')
            && !shorter.is_empty()
            && EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str())
        {
            stem = shorter;
        }
        stem
    }

    /// Detects the format of an input from `head`, its first decompressed bytes. `is_json` says
    /// that its name ends in `.json`, so that it is other JSON rather than text unless it begins
    /// like JSON Lines.
    #[must_use]
    pub fn detect(head: &[u8], is_json: bool) -> Self {
        let body = head
            .strip_prefix(b"\xEF\xBB\xBF")
            .unwrap_or(head)
            .trim_ascii_start();
        match body {
            _ if head.starts_with(b"PAR1") => Self::Parquet,
            _ if head.starts_with(b"WARC/1.") || head.starts_with(b"WARC/0.") => Self::Warc,
            [b'{', ..] if begins_with_object_line(body) => Self::JsonLines,
            [_, ..] if is_json => Self::OtherJson,
            _ => Self::Text,
        }
    }
}

/// Whether the first line of `body`, which begins with a brace, is a complete JSON object. If
/// `body` ends within its first line, an incomplete object suffices, since the rest was not read.
fn begins_with_object_line(body: &[u8]) -> bool {
    let (line, is_complete) =
        memchr::memchr(b'\n', body).map_or((body, false), |end| (&body[..end], true));
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => true,
        Err(error) => error.is_eof() && !is_complete,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_determine_the_format() {
        for (name, format) in [
            ("a/b.JSONL.gz", Some(Format::JsonLines)),
            ("CC-MAIN.warc.wet.gz", Some(Format::Warc)),
            ("a.tsv", Some(Format::Csv { delimiter: b'\t' })),
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
            (&b"{\"text\": \"a\"}\n{\"te"[..], false, Format::JsonLines),
            (
                b"\xEF\xBB\xBF{\"text\": \"no end yet",
                false,
                Format::JsonLines,
            ),
            (b"{\n  \"text\": 1\n}\n", true, Format::OtherJson),
            (b"[{}]", true, Format::OtherJson),
            (b"{braces} in a text\n", false, Format::Text),
            (b"WARC/1.0\r\n", false, Format::Warc),
            (b"PAR1\x15", false, Format::Parquet),
            (b"", true, Format::Text),
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
