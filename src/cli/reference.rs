//! The reference of the command as a page in Markdown, made from the definition of its arguments, so that it says what the
//! command does.

use super::args::Cli;
use clap::{Command, CommandFactory};

/// Characters on a line of the page.
const WIDTH: usize = 100;

/// The page.
pub(super) fn page() -> String {
    let mut page = String::from(
        "# Reference\n\nMade from the command by `dechaff reference`; change that, not this page. The format of packs is in \
         [CONTRIBUTING.md](../CONTRIBUTING.md) and, for editors, in [pack.schema.json](pack.schema.json); all built-in rules are in \
         [rules.md](rules.md).\n",
    );
    let mut command = Cli::command().term_width(WIDTH);
    command.build();
    describe(&command, "", &mut page);
    page
}

/// A command and all below it.
fn describe(command: &Command, above: &str, page: &mut String) {
    let name = format!("{above}{}", command.get_name());
    // The name in usage lines is the full one already.
    let help = command.clone().term_width(WIDTH).render_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!(
        "\n## {name}\n\n```text\n{}\n```\n",
        help.join("\n").trim_end()
    ));
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        describe(below, &format!("{name} "), page);
    }
}
