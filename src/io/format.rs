//! Which format an input has: by the name of its file, else by its first bytes. What a name claims wins over what the
//! bytes look like, but for JSON that is not JSON Lines, which is nobody's text.

use super::compression::Compression;
use std::path::Path;

/// How an input holds its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The input is one text.
    Text,
    /// A JSON object on each line.
    JsonLines,
    /// JSON, but not an object a line. It is passed through.
    OtherJson,
    /// A WARC file, the texts of which are its `conversion` records.
    Warc,
    /// Rows under a line of names, with this byte between fields.
    Csv {
        /// A comma or a tab.
        delimiter: u8,
    },
    /// Parquet.
    Parquet,
}

impl Format {
    /// What a user calls a format.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "jsonl" => Self::JsonLines,
            "wet" => Self::Warc,
            "csv" => Self::Csv { delimiter: b',' },
            "tsv" => Self::Csv { delimiter: b'\t' },
            "parquet" => Self::Parquet,
            _ => return None,
        })
    }

    /// What names of files end in that are made of other formats; none of a format that nothing is turned into.
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

    /// What a file's name says, less the end that tells its compression.
    #[must_use]
    pub fn of_name(path: &Path) -> Option<Self> {
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

    /// A file's name, less the end that tells its compression already, without the ends that tell its format.
    #[must_use]
    pub fn stem(name: &str) -> &str {
        let ends = [
            "txt", "text", "md", "markdown", "jsonl", "ndjson", "json", "wet", "warc", "csv",
            "tsv", "parquet",
        ];
        let mut stem = name;
        while let Some((shorter, end)) = stem.rsplit_once('.')
            && !shorter.is_empty()
            && ends.contains(&end.to_ascii_lowercase().as_str())
        {
            stem = shorter;
        }
        stem
    }

    /// What the first bytes, decompressed, look like. `is_json` says that the name ends in `.json`.
    #[must_use]
    pub fn of_bytes(head: &[u8], is_json: bool) -> Self {
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

/// Whether a first line is a JSON object, or the beginning of one where all that is known is its beginning.
fn begins_with_object_line(body: &[u8]) -> bool {
    let (line, whole) =
        memchr::memchr(b'\n', body).map_or((body, false), |end| (&body[..end], true));
    match serde_json::from_slice::<serde::de::IgnoredAny>(line) {
        Ok(_) => true,
        Err(error) => error.is_eof() && !whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_first() {
        let of = |name: &str| Format::of_name(Path::new(name));
        assert_eq!(of("a/b.JSONL.gz"), Some(Format::JsonLines));
        assert_eq!(of("CC-MAIN.warc.wet.gz"), Some(Format::Warc));
        assert_eq!(of("a.tsv"), Some(Format::Csv { delimiter: b'\t' }));
        assert_eq!((of("a.json"), of("a"), of("a.log.zst")), (None, None, None));
    }

    #[test]
    fn bytes_tell_where_names_do_not() {
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
                Format::of_bytes(head, is_json),
                format,
                "{}",
                String::from_utf8_lossy(head)
            );
        }
    }
}
