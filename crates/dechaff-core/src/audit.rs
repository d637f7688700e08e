//! Audits of a corpus: a sample of its lines that people judge, and what their answers say about
//! the whole.
//!
//! - [`units`] splits a cleaned document into what is removed and what is kept of each line, and
//!   says how close each decision was.
//! - [`Sampler`] draws units of all documents of a corpus, stratified and in proportion to their
//!   words.
//! - [`estimate`] computes from the answers which share of the prose is lost and which share of the
//!   chaff is left, with confidence intervals.

mod estimate;
mod sample;
mod units;

pub use estimate::{Estimate, Interval, Pick, Stratum, estimate, estimate_other};
pub use sample::{Sample, SampledItem, SampledStratum, Sampler, UnitPlace, answered_picks};
pub use units::{Class, Side, Unit, units};
