//! What a rule of [dechaff](https://crates.io/crates/dechaff) is: its fields, the TOML format of
//! packs, the phrase language, and the search plan that tells the engine where in a text a rule can
//! match.
//!
//! This crate is separate from the engine so that the engine's build script can compile the
//! built-in packs with the same code that reads users' packs. It reads no files and knows no
//! documents.
//!
//! ```
//! use dechaff_rules::CompiledRules;
//!
//! let mut rules = CompiledRules::default();
//! rules.add_pack(
//!     r#"
//!     [pack]
//!     name = "mine"
//!
//!     [[rule]]
//!     id = "tip-line"
//!     description = "Asks for tips."
//!     category = "newsroom"
//!     confidence = "certain"
//!     phrase = "send your tips to our newsroom"
//!     examples.match = ["Send your tips to our newsroom", "send your tips\nto our newsroom"]
//!     examples.no_match = ["Tips reach the newsroom.", "She sent tips."]
//!     "#,
//!     "mine.toml",
//! )?;
//! assert!(rules.find("mine/tip-line").is_some());
//! # Ok::<(), dechaff_rules::PackError>(())
//! ```

pub mod chars;
pub mod class_regex;
mod error;
pub mod language;
pub mod ngrams;
mod pack;
pub mod phrase;
pub mod plan;
pub mod rule;
mod rules;
mod steps;
mod string_list;

pub use error::{PackError, Problem};
pub use rules::CompiledRules;
pub use string_list::StringList;
