//! Fuzz targets of the engine: functions that check what must hold for any input. `fuzz/` runs them
//! with libFuzzer, and the tests of the crate `dechaff` replay their seeds and stored inputs. None
//! of this is part of the library's interface.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are checks, which fail by panicking"
)]

pub mod mutate;
pub mod packs;
pub mod phrases;
pub mod texts;

/// A fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is also that of the directory of its stored inputs.
    pub name: &'static str,
    /// Panics if something that must hold for every input does not hold for this one.
    pub check: fn(&[u8]),
    /// Returns inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Returns the length of the start of an input that takes long to compile. Most random changes
    /// leave it as it is.
    pub head_len: fn(&[u8]) -> usize,
}

/// The targets of the engine.
pub const TARGETS: &[Target] = &[
    Target {
        name: "texts",
        check: texts::check,
        seeds: texts::seeds,
        head_len: |_| 0,
    },
    Target {
        name: "phrases",
        check: phrases::check,
        seeds: phrases::seeds,
        head_len: phrases::head_len,
    },
    Target {
        name: "packs",
        check: packs::check,
        seeds: packs::seeds,
        head_len: |_| 0,
    },
];
