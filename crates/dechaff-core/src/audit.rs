//! Audits of a corpus: a sample of its lines that people judge, and what their answers say about
//! the whole.
