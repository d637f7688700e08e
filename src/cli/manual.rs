//! `dechaff man`: the manual in roff, printed as one page or written as a page for each command.

use super::Exit;
use super::args::Cli;
use super::terminal::Terminal;
use crate::io::fs;
use anyhow::{Context, Result};
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use std::io;
use std::path::Path;

/// What the foot of each page says.
const SOURCE: &str = concat!("dechaff ", env!("CARGO_PKG_VERSION"));

/// Runs `dechaff man`: writes the pages to a directory, or prints the manual without one.
pub(super) fn run(directory: Option<&Path>, terminal: &Terminal) -> Result<Exit> {
    match directory {
        Some(directory) => write_pages(directory),
        None => terminal.raw(&whole_manual()?),
    }
}

/// Returns the page of `dechaff`, followed by those of its visible commands.
fn whole_manual() -> io::Result<Vec<u8>> {
    let mut manual = Vec::new();
    Man::new(Cli::command()).render(&mut manual)?;
    for command in Cli::command()
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        let name = format!("dechaff-{}", command.get_name());
        Man::new(command.clone().name(name)).render(&mut manual)?;
    }
    Ok(manual)
}

/// Writes the page of each visible command to `directory`, which is created if needed. Other files
/// in it are left alone.
fn write_pages(directory: &Path) -> Result<Exit> {
    fs::create_dir_all(directory)
        .with_context(|| format!("{} cannot be created", directory.display()))?;
    let mut cli = Cli::command().disable_help_subcommand(true);
    cli.build();
    for command in with_subcommands(&cli) {
        let page = Man::new(command.clone()).source(SOURCE);
        let path = directory.join(page.get_filename());
        let mut roff = Vec::new();
        page.render(&mut roff)?;
        fs::write(&path, &roff).with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(Exit::Done)
}

/// Returns a command and all visible commands below it.
fn with_subcommands(command: &Command) -> Vec<&Command> {
    let mut commands = vec![command];
    for subcommand in command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
    {
        commands.extend(with_subcommands(subcommand));
    }
    commands
}
