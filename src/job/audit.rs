//! Audits: draws the sample, checks answers against a cleaner, and suggests what to change.

mod advice;
mod check;
mod sampler;

pub use advice::advise;
pub use check::check_answers;
pub use sampler::{AuditHead, AuditSampler};
