//! The completion scripts: that they have the values of options and no hidden commands, and what
//! they complete in the shells that are installed.

use crate::common::{run, text};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Returns the completion script for `shell`.
fn script(shell: &str) -> String {
    text(&run(Path::new("."), &["completions", shell], 0, "").stdout)
}

/// Runs `code` in `shell`, in a directory with the completion script `s`, and returns what it
/// prints. Returns `None` if the shell is not installed.
fn in_shell(shell: &str, code: &str) -> Option<String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("s"), script(shell)).unwrap();
    let output = Command::new(shell)
        .args(["-c", code])
        .current_dir(directory.path())
        .env("HOME", directory.path())
        .stdin(Stdio::null())
        .output()
        .ok()?;
    assert!(output.status.success(), "{shell}: {}", text(&output.stderr));
    Some(text(&output.stdout))
}

#[test]
fn scripts_have_the_values_of_options_and_no_hidden_commands() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = script(shell);
        for value in [
            "thorough",
            "parquet",
            "hu",
            "newsletter",
            "advert/marker",
            "zstd",
            "dolma",
            "certain",
        ] {
            assert!(script.contains(value), "{shell} does not complete {value}");
        }
        assert!(!script.contains("Print the reference"), "{shell}");
        assert!(!script.contains("subcmd__reference"), "{shell}");
        assert!(
            script.len() < 200_000,
            "{shell} reads {} bytes at each start",
            script.len()
        );
    }
}

#[test]
fn bash_completes_values() {
    for (words, expected) in [
        (&["clean", "--level", ""][..], "precise balanced thorough"),
        (&["explain", "--skip", "advert/mark"], "advert/marker"),
        (&["clean", "--output-format", "p"], "parquet"),
        (&["clean", "--lang", "h"], "hu hi"),
        (&["rules", "show", "advert/mark"], "advert/marker"),
        (&["re"], "report restore"),
    ] {
        let code = format!(
            "source s; COMP_WORDS=(dechaff '{}'); COMP_CWORD={}; _dechaff dechaff '{}' '{}'; \
             echo \"${{COMPREPLY[@]}}\"",
            words.join("' '"),
            words.len(),
            words[words.len() - 1],
            words.iter().rev().nth(1).unwrap_or(&"dechaff"),
        );
        if let Some(completed) = in_shell("bash", &code) {
            assert_eq!(completed.trim(), expected, "{words:?}");
        }
    }
}

#[test]
fn fish_completes_values() {
    for (line, expected) in [
        ("dechaff clean --level ", "balanced\nprecise\nthorough"),
        ("dechaff clean --output-format p", "parquet"),
    ] {
        let code = format!("source s; complete -C '{line}'");
        if let Some(completed) = in_shell("fish", &code) {
            assert_eq!(completed.trim(), expected, "{line}");
        }
    }
    if let Some(completed) = in_shell(
        "fish",
        "source s; complete -C 'dechaff clean --skip advert/mark'",
    ) {
        assert!(completed.starts_with("advert/marker"), "{completed}");
    }
    if let Some(completed) = in_shell("fish", "source s; complete -C 'dechaff re'") {
        assert!(!completed.contains("reference"), "{completed}");
    }
}

/// The functions of zsh's completion system exist only in interactive shells, so others take their
/// place here and print what they are called with.
#[test]
fn zsh_completes_values() {
    let code = "compdef() { }
        compadd() { print -rl -- $names }
        is-at-least() { true }
        _arguments() { print -rl -- \"$@\"; state=dechaff; line=(clean) }
        source ./s
        _dechaff
        _dechaff_rule_names";
    if let Some(completed) = in_shell("zsh", code) {
        for expected in [
            ":LEVEL:(precise balanced thorough)",
            ":NAME:_dechaff_rule_names",
            ":FORMAT:(text jsonl csv tsv parquet)",
            "\nadvert/marker\n",
        ] {
            assert!(completed.contains(expected), "{expected}\n{completed}");
        }
    }
}
