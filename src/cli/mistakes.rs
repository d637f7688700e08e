//! What was probably meant by a command line that cannot be used: tips that are added to the
//! errors of the argument parser, and messages for arguments that it accepts.

use super::args::Cli;
use crate::io::fs;
use anyhow::{Result, bail};
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Options that other programs have, and what to write instead. A tip that begins with an option is
/// given only for commands that have this option.
const TIPS: &[(&[&str], &str)] = &[
    (
        &["--dry-run", "--dryrun", "-n"],
        "`--check` lists the inputs that would change, and `--diff` shows the changes; both write \
         nothing",
    ),
    (
        &[
            "--output-dir",
            "--output-file",
            "--out-dir",
            "--outdir",
            "--out",
            "--outfile",
        ],
        "`--output` names a file or a directory",
    ),
    (
        &["--recursive", "--recurse", "-r", "-R"],
        "directories are always read with all directories below them, so no option is needed",
    ),
    (
        &[
            "--threads",
            "--workers",
            "--num-workers",
            "--processes",
            "--cores",
            "--parallel",
            "-t",
        ],
        "`--jobs` sets the number of threads",
    ),
    (
        &["--verbose", "-v", "--debug"],
        "`dechaff explain` shows what is removed and why, and `clean --removed FILE` writes it to \
         a file",
    ),
    (
        &["--language"],
        "`--lang` names the language, as a code such as en",
    ),
    (
        &["--overwrite", "--yes", "-y"],
        "`--force` replaces existing outputs",
    ),
    (
        &["--write", "--inplace", "--fix", "-w"],
        "`--in-place` replaces files with their cleaned texts",
    ),
    (
        &["--input", "--input-file", "--input-dir", "--in", "--file"],
        "files and directories are named without an option, as in `dechaff clean a.txt`",
    ),
    (
        &[
            "--text-column",
            "--text-key",
            "--column",
            "--field",
            "--key",
        ],
        "`--text-field` names the field or column of the texts",
    ),
    (
        &["--select", "--enable", "--rule"],
        "`--only` names the rules to use",
    ),
    (
        &["--ignore", "--disable", "--except"],
        "`--skip` names the rules not to use",
    ),
    (&["--silent"], "`--quiet` prints only errors"),
    (
        &["--aggressive", "--mode", "--strength", "--threshold"],
        "`--level` says how much to remove: precise, balanced or thorough",
    ),
    (
        &["--no-color", "--colour"],
        "`--color never` prints no colours",
    ),
];

/// Adds a tip to the error of the argument parser if it is known what `args`, of which the first is
/// the name of the program, are likely to mean.
pub(super) fn add_tip(error: &mut Error, args: &[OsString]) {
    let mut cli = Cli::command();
    cli.build();
    let (command, depth) = command_of(&cli, args);
    let tip = match error.kind() {
        ErrorKind::InvalidSubcommand if depth == 0 => {
            context(error, ContextKind::InvalidSubcommand).and_then(|word| path_tip(&word, args))
        }
        ErrorKind::UnknownArgument => context(error, ContextKind::InvalidArg)
            .and_then(|argument| argument_tip(&argument, command, &cli, args)),
        _ => None,
    };
    let Some(tip) = tip else {
        return;
    };
    error.remove(ContextKind::SuggestedArg);
    error.remove(ContextKind::SuggestedSubcommand);
    let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
    error.insert(ContextKind::Suggested, tips);
    // The usage could name the argument that the parser would have suggested.
    let usage = ContextValue::StyledStr(command.clone().render_usage());
    error.insert(ContextKind::Usage, usage);
}

/// Returns the command that `args` name, and how many of its names they have.
fn command_of<'c>(cli: &'c Command, args: &[OsString]) -> (&'c Command, usize) {
    let (mut command, mut depth) = (cli, 0);
    for arg in args.iter().skip(1) {
        if let Some(found) = command.find_subcommand(arg) {
            (command, depth) = (found, depth + 1);
        }
    }
    (command, depth)
}

/// Returns the text of an error's context of this kind.
fn context(error: &Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    }
}

/// Returns a tip if `word`, which stands where a command should, is an input.
fn path_tip(word: &str, args: &[OsString]) -> Option<String> {
    let path = Path::new(word);
    if is_url(path) {
        return Some(url_tip());
    }
    let is_directory = fs::is_directory(path).unwrap_or(false);
    let is_input = is_directory || word == "-" || fs::exists(path).unwrap_or(false);
    // A file may be missing because its name was mistyped, too.
    if !is_input && !word.contains(['.', '/']) {
        return None;
    }
    let has_output = args.iter().any(|arg| {
        let arg = arg.to_string_lossy();
        ["-o", "-i", "--output", "--in-place", "--check", "--diff"].contains(&&*arg)
    });
    let output = if is_directory && !has_output {
        " --output DIR"
    } else {
        ""
    };
    Some(format!(
        "did you mean `dechaff clean{}{output}`?",
        joined(args)
    ))
}

/// Returns a tip for an argument that `command` does not have.
fn argument_tip(
    argument: &str,
    command: &Command,
    cli: &Command,
    args: &[OsString],
) -> Option<String> {
    let name = command.get_name();
    if name == "diff" && !argument.starts_with('-') {
        return Some(format!(
            "the files to compare on follow --over, as in `dechaff diff precise balanced --over \
             {argument}`"
        ));
    }
    if name == "dechaff" {
        let clean = cli.find_subcommand("clean")?;
        let is_known = has_option(clean, argument);
        return is_known.then(|| format!("did you mean `dechaff clean{}`?", joined(args)));
    }
    let (_, tip) = TIPS.iter().find(|(names, _)| names.contains(&argument))?;
    let option = tip
        .strip_prefix('`')
        .and_then(|rest| rest.split(['`', ' ']).next());
    match option.filter(|option| option.starts_with("--")) {
        Some(option) if !has_option(command, option) => None,
        _ => Some((*tip).to_owned()),
    }
}

/// Returns whether a command has an option that is written like this, with its hyphens.
fn has_option(command: &Command, option: &str) -> bool {
    command
        .get_arguments()
        .any(|known| match option.strip_prefix("--") {
            Some(long) => known.get_long() == Some(long),
            None => known
                .get_short()
                .is_some_and(|short| option == format!("-{short}")),
        })
}

/// Returns the arguments after the name of the program as in a shell, each after a space.
fn joined(args: &[OsString]) -> String {
    args.iter()
        .skip(1)
        .map(|arg| {
            let arg = arg.to_string_lossy();
            if arg.contains([' ', '\'', '"', '*', '?', '$', '\\']) || arg.is_empty() {
                format!(" '{}'", arg.replace('\'', r"'\''"))
            } else {
                format!(" {arg}")
            }
        })
        .collect()
}

/// Refuses the paths of inputs that are addresses of web pages.
pub(super) fn check_no_urls(paths: &[PathBuf]) -> Result<()> {
    match paths.iter().find(|path| is_url(path)) {
        Some(url) => bail!("{} is a web page; {}", url.display(), url_tip()),
        None => Ok(()),
    }
}

fn is_url(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["http://", "https://"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
}

fn url_tip() -> String {
    "dechaff downloads nothing and cleans text that was already extracted, as in `trafilatura -u \
     URL | dechaff clean`"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tips_begin_with_options_that_clean_has() {
        let mut cli = Cli::command();
        cli.build();
        let clean = cli.find_subcommand("clean").unwrap();
        for (names, tip) in TIPS {
            for name in *names {
                assert!(!has_option(clean, name), "{name} exists");
            }
            if let Some(option) = tip.strip_prefix("`--") {
                let option = option.split(['`', ' ']).next().unwrap();
                assert!(has_option(clean, &format!("--{option}")), "{tip}");
            }
        }
    }
}
