//! Computes what the line model is trained on: the features of labelled pages, the hashes of their words, and what rules
//! alone remove of them. `training/run` calls it; it is no part of the shipped command.

mod arrays;
mod corpus;
mod features;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;

/// Writes the features of labelled pages as arrays.
#[derive(Debug, Parser)]
struct Arguments {
    /// JSON Lines, plain or gzip, with the fields text, labels, publisher and split
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the arrays below this directory
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Word weights: one table for each fold of the train pages, and one for all other pages
    #[arg(long, value_name = "FILE")]
    words: Option<PathBuf>,
    /// Number of folds
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
}

#[allow(clippy::print_stdout, reason = "this is a command")]
fn main() -> Result<()> {
    let Arguments {
        files,
        output,
        words,
        folds,
    } = Arguments::parse();
    let tables = words.map_or_else(
        || Ok(features::Folds::default()),
        |path| features::Folds::read(&path),
    )?;
    let blocks = features::write_features(&files, &output, &tables, folds)?;
    println!("{blocks} blocks written to {}.", output.display());
    Ok(())
}
