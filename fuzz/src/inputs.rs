//! Writes the seeds of a fuzz target to a directory, or runs a target on random changes of inputs
//! without libFuzzer, which is faster and needs no instrumentation:
//!
//! ```text
//! inputs seeds TARGET DIRECTORY
//! inputs change TARGET COUNT SEED [DIRECTORY]...
//! ```

use anyhow::{Context, Result, bail};
use dechaff::fuzzing::{Target, targets};
use mimalloc::MiMalloc;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Bytes of the longest random input.
const MAX_LEN: usize = 400;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["seeds", name, directory] => write_seeds(&find(name)?, Path::new(directory)),
        ["change", name, count, seed, directories @ ..] => {
            change(&find(name)?, count.parse()?, seed.parse()?, directories)
        }
        _ => bail!("usage: inputs seeds TARGET DIR, or inputs change TARGET COUNT SEED [DIR]..."),
    }
}

fn find(name: &str) -> Result<Target> {
    let target = targets().into_iter().find(|target| target.name == name);
    target.with_context(|| format!("there is no target '{name}'"))
}

fn write_seeds(target: &Target, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    for (number, seed) in (target.seeds)().iter().enumerate() {
        fs::write(directory.join(format!("seed-{number}")), seed)?;
    }
    Ok(())
}

/// Runs `target` on its seeds, on the files of `directories`, and on `count` changes of them.
/// Writes an input that fails to a file in the working directory.
fn change(target: &Target, count: usize, seed: u64, directories: &[&str]) -> Result<()> {
    let mut inputs = (target.seeds)();
    for directory in directories {
        for entry in fs::read_dir(directory)? {
            inputs.push(fs::read(entry?.path())?);
        }
    }
    let (start, mut last, mut checked) = (Instant::now(), Vec::new(), 0_u64);
    let run = AssertUnwindSafe(|| {
        target.run(&inputs, count, MAX_LEN, seed, &mut |input| {
            last.clear();
            last.extend_from_slice(input);
            checked += 1;
            if checked.is_multiple_of(100_000) {
                println!("{checked} inputs in {:?}", start.elapsed());
            }
        });
    });
    let outcome = catch_unwind(run);
    println!("{}: {checked} inputs in {:?}", target.name, start.elapsed());
    if outcome.is_err() {
        let file = format!("failed-{}-{checked}", target.name);
        fs::write(&file, &last)?;
        bail!("an input fails: {file}");
    }
    Ok(())
}
