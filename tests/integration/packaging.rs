//! What is packaged with the command: the check that the GitHub Action runs, the hooks of
//! pre-commit, and the bill of materials of a release. They need bash, and the bill needs
//! cargo-cyclonedx; without these, or in the published crate, nothing is tested.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Returns the path of a script, or `None` if it or one of the programs it needs is missing.
pub fn script(name: &str, programs: &[&str]) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("packaging")
        .join(name);
    let is_ready = path.exists()
        && programs
            .iter()
            .all(|program| Command::new(program).arg("--version").output().is_ok());
    if !is_ready {
        println!("skipped: {name} or one of {programs:?} is missing");
    }
    is_ready.then_some(path)
}

/// Returns the script of the last step of `action.yml`, or `None` in the published crate.
fn action_script() -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("action.yml");
    let action = fs::read_to_string(path).ok()?;
    let (_, script) = action.rsplit_once("run: |\n")?;
    Some(script.replace("\n        ", "\n"))
}

/// Runs the check of the action on `paths` in `directory`, or returns `None` if there is no action.
fn check(paths: &str, directory: &Path) -> Option<Output> {
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c"])
        .arg(action_script()?)
        .current_dir(directory)
        .env("DECHAFF", env!("CARGO_BIN_EXE_dechaff"))
        .env("INPUT_PATHS", paths)
        .env("INPUT_ARGS", "--level precise")
        .env("INPUT_SARIF", "found.sarif")
        .output();
    Some(output.unwrap())
}

#[test]
fn the_action_annotates_lines_and_writes_sarif() {
    let directory = tempfile::tempdir().unwrap();
    let texts = directory.path().join("some texts");
    fs::create_dir(&texts).unwrap();
    fs::write(texts.join("a, b.txt"), "It rained.\n\nCopy link\r\n").unwrap();
    let Some(output) = check("some texts\nmissing.txt\n", directory.path()) else {
        return;
    };
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut commands: Vec<_> = printed.lines().collect();
    commands.sort_unstable();
    let warning = "::warning file=some texts/a%2C b.txt,line=3,endLine=3,title=dechaff \
                   (share/share-labels)::some texts/a, b.txt:3: share/share-labels";
    assert!(commands[1].starts_with(warning), "{printed}");
    assert!(commands[1].ends_with(" would remove 'Copy link'"));
    assert!(commands[0].starts_with("::error file=missing.txt,title=dechaff::"));
    assert_eq!(output.status.code(), Some(3));
    let sarif = fs::read(directory.path().join("found.sarif")).unwrap();
    let sarif: serde_json::Value = serde_json::from_slice(&sarif).unwrap();
    let location = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    let uri = &location["artifactLocation"]["uri"];
    assert_eq!(uri, "some%20texts/a%2C%20b.txt");
    assert_eq!(location["region"]["startLine"], 3);
}

#[test]
fn the_action_passes_texts_without_findings() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), "It rained.\n").unwrap();
    if let Some(output) = check(".\n", directory.path()) {
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn the_hooks_of_pre_commit_install_this_version() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pyproject.toml");
    let Ok(source) = fs::read_to_string(path) else {
        return;
    };
    let package: toml::Table = toml::from_str(&source).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(package["project"]["version"].as_str(), Some(version));
    let requirement = package["project"]["dependencies"][0].as_str();
    assert_eq!(requirement, Some(format!("dechaff=={version}").as_str()));
}

#[test]
fn the_bill_of_materials_lists_what_the_command_links() {
    let Some(script) = script("sbom", &["bash", "git", "cargo-cyclonedx"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(script).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let bill = fs::read(directory.path().join("dechaff.cdx.json")).unwrap();
    let bill: serde_json::Value = serde_json::from_slice(&bill).unwrap();
    assert_eq!(bill["bomFormat"], "CycloneDX");
    assert_eq!(bill["metadata"]["component"]["name"], "dechaff");
    let components = bill["components"].as_array().unwrap();
    for component in components {
        assert!(component["licenses"].is_array(), "{component}");
    }
    let names: Vec<_> = components
        .iter()
        .map(|component| component["name"].as_str().unwrap())
        .collect();
    for name in ["dechaff-core", "windows-sys", "zstd-sys"] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }
    for name in ["csv", "divan", "libfuzzer-sys", "pyo3"] {
        assert!(!names.contains(&name), "{name} is not linked");
    }
}
