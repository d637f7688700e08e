//! Computes what the line model is trained on: the features and hashed n-grams of labelled pages,
//! and what rules alone remove from them. It is a development tool and not part of the dechaff
//! command.

mod arrays;
mod corpus;
mod documents;
mod features;
mod verdicts;

use anyhow::Result;
use clap::Parser;
use std::path::PathBuf;

/// Writes the features of labelled pages as arrays.
#[derive(Debug, Parser)]
struct Arguments {
    /// JSON Lines, plain or gzip, with the fields text, labels, publisher and split
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Write the arrays to this directory
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Word weights: a table for each fold of the train pages, and one for all other pages
    #[arg(long, value_name = "FILE")]
    words: Option<PathBuf>,
    /// Write the features of verdicts on the pages instead
    #[arg(long)]
    verdicts: bool,
    /// Number of folds that the train pages are split into
    #[arg(long, value_name = "N", default_value_t = 5)]
    folds: usize,
}

#[allow(clippy::print_stdout, reason = "this is a command")]
fn main() -> Result<()> {
    let Arguments {
        files,
        output,
        words,
        verdicts,
        folds,
    } = Arguments::parse();
    if verdicts {
        let texts = verdicts::write_features(&files, &output, folds)?;
        println!(
            "The features of {texts} texts were written to {}.",
            output.display()
        );
        return Ok(());
    }
    let tables = words.map_or_else(
        || Ok(features::Folds::default()),
        |path| features::Folds::read(&path),
    )?;
    let blocks = features::write_features(&files, &output, &tables, folds)?;
    println!("{blocks} blocks written to {}.", output.display());
    Ok(())
}
