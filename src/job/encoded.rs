//! Texts together with the bytes that encode them. A text is an input, a field of a record or a value
//! of a table; each finds the bytes of what is removed from it in its own way.
//!
//! ```text
//! removed spans of the document
//!   │ EncodedHtml: the bytes between tags that encode them
//!   │ RecordField: their parts in the items of a list, and the escaped bytes of these
//!   │ InputText:   the bytes in the encoding of the input
//!   ▼
//! cuts: spans of the text, and bytes of the record or input
//! ```

use crate::io::{Field, HtmlText, InputText};
use crate::report::Cut;
use std::ops::Range;

/// A text and the bytes that encode it.
pub(super) trait EncodedText {
    /// Returns the text.
    fn text(&self) -> &str;

    /// Returns the bytes of `source` that encode each of `removed`, which are byte ranges of the
    /// document, sorted and disjoint. A removal in several items of a list has a cut for each.
    fn cuts(&self, source: &[u8], removed: &[Range<usize>]) -> Vec<Cut>;

    /// Returns the bytes of `source` that encode all of the text.
    fn all(&self, source: &[u8]) -> Vec<Cut> {
        self.cuts(source, std::slice::from_ref(&(0..self.text().len())))
    }

    /// Returns how many bytes of text are left without `removed`, of which `cuts` are the cuts.
    fn kept_bytes(&self, removed: &[Range<usize>], cuts: &[Cut]) -> usize;

    /// Returns the name of the encoding, unless it is UTF-8.
    fn encoding(&self) -> Option<&'static str>;
}

/// The text between the tags of HTML, which is a text itself.
pub(super) struct EncodedHtml<'t> {
    pub(super) html: &'t HtmlText,
    pub(super) encoded: &'t dyn EncodedText,
}

impl EncodedText for EncodedHtml<'_> {
    fn text(&self) -> &str {
        self.encoded.text()
    }

    fn cuts(&self, source: &[u8], removed: &[Range<usize>]) -> Vec<Cut> {
        let html_cuts = self.html.cuts(removed);
        let ranges: Vec<Range<usize>> = html_cuts.iter().map(|cut| cut.source.clone()).collect();
        let mut cuts = self.encoded.cuts(source, &ranges);
        for cut in &mut cuts {
            cut.removal = html_cuts[cut.removal].removal;
        }
        cuts
    }

    fn all(&self, source: &[u8]) -> Vec<Cut> {
        self.encoded.all(source)
    }

    fn kept_bytes(&self, removed: &[Range<usize>], _: &[Cut]) -> usize {
        self.html.as_str().len() - removed.iter().map(Range::len).sum::<usize>()
    }

    fn encoding(&self) -> Option<&'static str> {
        self.encoded.encoding()
    }
}

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct RecordField<'f> {
    pub(super) field: &'f Field<'f>,
    /// The record that the field was parsed from, unless that is the source itself, in UTF-8.
    pub(super) decoded: Option<&'f InputText>,
}

impl EncodedText for RecordField<'_> {
    fn text(&self) -> &str {
        &self.field.text
    }

    fn cuts(&self, source: &[u8], removed: &[Range<usize>]) -> Vec<Cut> {
        let record = self.decoded.map_or(source, |text| text.as_str().as_bytes());
        let mut cuts = Vec::with_capacity(removed.len());
        for (removal, span) in removed.iter().enumerate() {
            for (item, text) in self.field.split(span.clone()) {
                cuts.push(Cut {
                    removal,
                    text,
                    bytes: 0..0,
                    item: item.map(|item| (item.index, item.text.start)),
                });
            }
        }
        let spans: Vec<Range<usize>> = cuts.iter().map(|cut| cut.text.clone()).collect();
        for (cut, bytes) in cuts.iter_mut().zip(self.field.locate(record, &spans)) {
            cut.bytes = match self.decoded {
                Some(text) => text.source_range(bytes),
                None => bytes,
            };
        }
        cuts
    }

    fn kept_bytes(&self, _: &[Range<usize>], cuts: &[Cut]) -> usize {
        self.field.text_len() - cuts.iter().map(|cut| cut.text.len()).sum::<usize>()
    }

    fn encoding(&self) -> Option<&'static str> {
        self.decoded.and_then(InputText::encoding)
    }
}

impl EncodedText for InputText {
    fn text(&self) -> &str {
        self.as_str()
    }

    fn cuts(&self, _: &[u8], removed: &[Range<usize>]) -> Vec<Cut> {
        removed
            .iter()
            .enumerate()
            .map(|(removal, text)| Cut {
                removal,
                text: text.clone(),
                bytes: self.source_range(text.clone()),
                item: None,
            })
            .collect()
    }

    fn kept_bytes(&self, removed: &[Range<usize>], _: &[Cut]) -> usize {
        self.as_str().len() - removed.iter().map(Range::len).sum::<usize>()
    }

    fn encoding(&self) -> Option<&'static str> {
        InputText::encoding(self)
    }
}
