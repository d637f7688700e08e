//! `dechaff completions`: the script that completes commands, options and their values in a shell.
//!
//! `clap_complete` writes the scripts. This file adds what it lacks: hidden commands are left out,
//! the names of the rules, which many options accept, are listed once instead of for each option,
//! and PowerShell completes the values of options.

use super::args::Cli;
use super::values::rule_names;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;

/// What stands for the names of all rules in a script that `clap_complete` wrote.
const RULE_NAMES: &str = "__dechaff_rule_names__";

/// Returns the completion script for `shell`.
pub(super) fn script(shell: Shell) -> String {
    let names = rule_names();
    let mut command = visible(&Cli::command(), &names);
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "dechaff", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => {
            let list = format!("_dechaff_rule_names=\"{}\"\n\n", names.join(" "));
            list + &script.replace(RULE_NAMES, "${_dechaff_rule_names}")
        }
        Shell::Zsh => {
            let function = format!(
                "\n\n_dechaff_rule_names() {{\n    local -a names=({})\n    compadd \"$@\" -a \
                 names\n}}\n",
                names.join(" ")
            );
            script
                .replace(&format!("({RULE_NAMES})"), "_dechaff_rule_names")
                .replacen('\n', &function, 1)
        }
        Shell::Fish => {
            let function = format!(
                "function __fish_dechaff_rule_names\n    printf '%s\\n' {}\nend\n\n",
                names.join(" ")
            );
            function
                + &script.replace(
                    &format!("\"{RULE_NAMES}\\t''\""),
                    "\"(__fish_dechaff_rule_names)\"",
                )
        }
        Shell::PowerShell => {
            let completions = "    $completions = @(switch ($command) {";
            let values = format!("{}\n{completions}", powershell_values(&command, &names));
            script.replacen(completions, &values, 1)
        }
        _ => script,
    }
}

/// Returns `command` as far as `--help` shows it, with [`RULE_NAMES`] as the only value of arguments
/// that take `names`.
fn visible(command: &Command, names: &[String]) -> Command {
    let arguments = command
        .get_arguments()
        .filter(|argument| !argument.is_hide_set())
        .map(|argument| {
            if argument.get_possible_values().len() == names.len() {
                let values = PossibleValuesParser::new([RULE_NAMES]);
                argument.clone().value_parser(values)
            } else {
                argument.clone()
            }
        });
    let subcommands = command
        .get_subcommands()
        .filter(|subcommand| !subcommand.is_hide_set())
        .map(|subcommand| visible(subcommand, names));
    let mut shown = Command::new(command.get_name().to_owned())
        .args(arguments)
        .subcommands(subcommands);
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    match command.get_version() {
        Some(version) => shown.version(version.to_owned()),
        None => shown,
    }
}

/// The lines of a PowerShell script that complete the value after an option. `NAMES` and `CASES`
/// stand for the names of all rules and for the values of each option.
const POWERSHELL_VALUES: &str = r#"    $ruleNames = @(NAMES)
    $last = $commandElements.Count - 1
    if ($wordToComplete -and $commandElements[$last].Extent.Text -eq $wordToComplete) { $last-- }
    $values = @(switch -CaseSensitive ($commandElements[$last].Extent.Text) {
CASES    })
    if ($values.Count -gt 0) {
        $values.Where{ $_ -like "$wordToComplete*" } | ForEach-Object {
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        }
        return
    }
"#;

/// Returns [`POWERSHELL_VALUES`] for `command`. An option has the same values in all commands.
fn powershell_values(command: &Command, names: &[String]) -> String {
    let mut cases = Vec::new();
    append_cases(command, &mut cases);
    cases.sort_unstable();
    cases.dedup();
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    POWERSHELL_VALUES
        .replace("NAMES", &names.join(", "))
        .replace("CASES", &cases.concat())
}

/// Appends a line with the values of each option of `command` and its subcommands.
fn append_cases(command: &Command, cases: &mut Vec<String>) {
    for option in command.get_opts() {
        let values: Vec<String> = option
            .get_possible_values()
            .iter()
            .map(|value| match value.get_name() {
                RULE_NAMES => "$ruleNames".to_owned(),
                name => quoted(name),
            })
            .collect();
        if !values.is_empty() {
            for name in option_names(option) {
                let case = format!("        '{name}' {{ {}; break }}\n", values.join(", "));
                cases.push(case);
            }
        }
    }
    for subcommand in command.get_subcommands() {
        append_cases(subcommand, cases);
    }
}

/// Returns the names of an option with their hyphens.
fn option_names(option: &Arg) -> impl Iterator<Item = String> {
    let long = option.get_long().map(|long| format!("--{long}"));
    let short = option.get_short().map(|short| format!("-{short}"));
    long.into_iter().chain(short)
}

/// Returns a text as a PowerShell string.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn an_option_has_the_same_values_in_all_commands() {
        let mut cases = Vec::new();
        append_cases(&visible(&Cli::command(), &rule_names()), &mut cases);
        let mut values = BTreeMap::new();
        for case in &cases {
            let (option, list) = case.split_once('{').unwrap();
            assert_eq!(*values.entry(option).or_insert(list), list, "{option}");
        }
        assert!(values.len() > 5, "{values:?}");
    }
}
