//! Measures the engine without bindings, for comparison by `bindings/python/bench.py`. Cleans the
//! NUL-separated texts of a file twice on one thread and prints the seconds that the second pass
//! took.

#![allow(clippy::print_stdout, reason = "this is a program")]

use dechaff::{Cleaner, Document, Scratch};
use std::error::Error;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo adds `--bench` to the arguments.
    let Some(file) = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"))
    else {
        return Ok(());
    };
    let source = std::fs::read_to_string(file)?;
    let texts: Vec<&str> = source.split('\0').collect();
    let cleaner = Cleaner::builder().build()?;
    let mut scratch = Scratch::default();
    let mut seconds = 0.0;
    for _ in 0..2 {
        let start = Instant::now();
        let mut cleaned = Vec::with_capacity(texts.len());
        for text in &texts {
            cleaned.push(cleaner.clean(&Document::new(text)?, &mut scratch).text());
        }
        seconds = start.elapsed().as_secs_f64();
        std::hint::black_box(cleaned);
    }
    println!("{seconds}");
    Ok(())
}
