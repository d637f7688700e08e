//! The text model: a document and its lines, spans of its bytes, its normalized form, and the view
//! of it that filters read. Nothing here knows rules or filters.

mod document;
mod key;
mod language;
mod line;
mod lines;
mod normalize;
mod page_texts;
mod sentences;
mod span;
mod structure;
mod view;
mod words;
mod wrap;

pub use document::Document;
pub(crate) use document::LINE_ENDS;
pub use page_texts::{KEY_VERSION, PageText, PageTexts, Position};
pub use span::Span;

pub(crate) use key::has_key;
pub(crate) use line::TextLine;
pub(crate) use lines::{TextLines, trim_unseen};
pub(crate) use normalize::{NormalizedLine, NormalizedText};
pub(crate) use page_texts::is_prose;
pub(crate) use sentences::split_joined;
pub(crate) use span::union;
pub(crate) use structure::{Structure, has_front_matter};
pub(crate) use view::View;
pub(crate) use words::{ends_like_sentence, has_word, word_count};
