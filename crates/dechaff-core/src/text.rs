//! The text model: a document and its lines, spans of its bytes, its normalized form, and the view
//! of it that filters read. Nothing here knows rules or filters.

mod document;
mod key;
mod language;
mod line;
mod lines;
mod normalize;
mod sentences;
mod span;
mod structure;
mod view;
mod wrap;

pub use document::Document;
pub(crate) use document::LINE_ENDS;
pub use span::Span;

pub(crate) use key::has_key;
pub(crate) use line::TextLine;
pub(crate) use lines::{TextLines, trim_unseen};
pub(crate) use normalize::{NormalizedLine, NormalizedText};
pub(crate) use sentences::split_joined;
pub(crate) use span::union;
pub(crate) use structure::{Structure, has_front_matter};
pub(crate) use view::{View, ends_like_sentence, has_word, word_count};
