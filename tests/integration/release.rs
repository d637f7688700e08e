//! The scripts of `packaging/` that make a release: archives, the checks before a tag, and what is
//! published. They need bash and some programs of Unix; without them, or in the published crate,
//! nothing is tested.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::packaging::script;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Writes an executable script of the shell.
fn write_program(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs the script `archive` for a target. A script in place of the binary keeps archives small.
fn archive(script: &Path, target: &str, directory: &Path) -> Output {
    let binary = directory.join("dechaff");
    let command = env!("CARGO_BIN_EXE_dechaff");
    write_program(&binary, &format!("exec '{command}' \"$@\""));
    Command::new(script)
        .arg(target)
        .arg(directory)
        .arg(binary)
        .output()
        .unwrap()
}

/// The only file of a directory whose name starts with that of the archives.
fn archived(directory: &Path) -> PathBuf {
    let mut files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some());
    let file = files.next().unwrap();
    assert_eq!(files.next(), None);
    file
}

#[test]
fn an_archive_has_the_command_its_manual_and_completions() {
    let Some(script) = script("archive", &["bash", "tar"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = archive(&script, "some-linux-target", directory.path());
    assert!(output.status.success(), "{output:?}");
    let name = format!("dechaff-{VERSION}-some-linux-target");
    let file = archived(directory.path());
    assert_eq!(file.file_name().unwrap(), &*format!("{name}.tar.gz"));
    let output = Command::new("tar").arg("-tzf").arg(file).output().unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    for file in [
        "dechaff",
        "LICENSE-MIT",
        "man/dechaff-clean.1",
        "completions/_dechaff",
    ] {
        assert!(
            list.lines().any(|line| line == format!("{name}/{file}")),
            "{list}"
        );
    }
}

#[test]
fn archives_packed_at_any_time_by_anyone_are_equal() {
    for (target, packer) in [("some-linux-target", "tar"), ("some-windows-target", "7z")] {
        let Some(script) = script("archive", &["bash", packer]) else {
            continue;
        };
        let archives = [("022", "UTC"), ("077", "Asia/Tokyo")].map(|(umask, zone)| {
            let directory = tempfile::tempdir().unwrap();
            let wrapper = directory.path().join("wrapper");
            let packing = format!(
                "umask {umask}; TZ={zone} exec '{}' \"$@\"",
                script.display()
            );
            write_program(&wrapper, &packing);
            let output = archive(&wrapper, target, directory.path());
            assert!(output.status.success(), "{output:?}");
            // Time stamps of zip files have a resolution of two seconds.
            std::thread::sleep(std::time::Duration::from_secs(2));
            fs::read(archived(directory.path())).unwrap()
        });
        assert!(archives[0] == archives[1], "{target}");
    }
}

#[test]
fn an_archive_of_musl_must_be_static() {
    let Some(script) = script("archive", &["bash", "readelf"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let output = Command::new(script)
        .args([
            "x86_64-unknown-linux-musl".as_ref(),
            directory.path().as_os_str(),
        ])
        .arg(env!("CARGO_BIN_EXE_dechaff"))
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(message.contains("is not static"), "{message}");
}

/// `cargo binstall` looks for an archive by the address in `Cargo.toml`.
#[test]
fn binstall_looks_for_the_archives_of_the_workflow() {
    let Ok(workflow) = fs::read_to_string(Path::new(ROOT).join(".github/workflows/release.yml"))
    else {
        return;
    };
    let manifest = fs::read_to_string(Path::new(ROOT).join("Cargo.toml")).unwrap();
    let manifest: toml::Value = toml::from_str(&manifest).unwrap();
    let binstall = &manifest["package"]["metadata"]["binstall"];
    let targets: Vec<_> = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- { target: "))
        .filter_map(|line| line.split(',').next())
        .filter(|target| target.split('-').count() > 2)
        .collect();
    assert!(
        targets.contains(&"aarch64-unknown-linux-musl"),
        "{targets:?}"
    );
    for target in targets {
        let values = binstall
            .get("overrides")
            .and_then(|overrides| overrides.get(target))
            .unwrap_or(binstall);
        let url = values["pkg-url"].as_str().unwrap();
        let (suffix, format) = if target.contains("windows") {
            ("zip", "zip")
        } else {
            ("tar.gz", "tgz")
        };
        assert_eq!(values["pkg-fmt"].as_str(), Some(format), "{target}");
        let file = format!("/dechaff-{{ version }}-{{ target }}.{suffix}");
        assert!(url.ends_with(&file), "{target}: {url}");
    }
}

/// Makes a checkout with one file, and checks it for placeholders.
fn check_release(script: &Path, text: &str) -> Output {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("file"), text).unwrap();
    let made = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(directory.path())
        .status();
    assert!(made.unwrap().success());
    Command::new(script).arg(directory.path()).output().unwrap()
}

#[test]
fn nothing_is_released_while_placeholders_remain() {
    let Some(script) = script("check-release", &["bash", "git"]) else {
        return;
    };
    // In two halves, so that this file is no finding itself.
    let owner = concat!("OWN", "ER");
    let authors = concat!("auth", "ors");
    for placeholder in [
        format!("https://github.com/{owner}/dechaff/issues"),
        format!("https://{owner}.github.io/dechaff/"),
        format!("  recipe-maintainers:\n    - {owner}"),
        format!("Copyright (c) 2026 The dechaff {authors}"),
        format!(
            "Copyright (c) 2026 the dechaff {}",
            concat!("dev", "elopers")
        ),
    ] {
        let output = check_release(&script, &format!("first\n{placeholder}\n"));
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{placeholder}");
        let line = placeholder.lines().last().unwrap();
        assert!(
            found.contains(line) && found.starts_with("file:"),
            "{found}"
        );
    }
    let output = check_release(&script, "# file owner, LANDOWNER, dechaff authors' notes\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// The values of `packaging/project.toml` are all that has to be known.
#[test]
fn replacing_two_values_leaves_no_placeholders() {
    let Some(script) = script("check-release", &["bash", "git"]) else {
        return;
    };
    let listed = Command::new(&script).output().unwrap();
    for line in String::from_utf8(listed.stdout).unwrap().lines() {
        let known = line.replace(concat!("OWN", "ER"), "someone");
        let known = known.replace(concat!("The dechaff auth", "ors"), "Some One");
        if known == line {
            assert!(line.contains("no placeholders"), "{line}");
        }
        let output = check_release(&script, &known);
        assert_eq!(output.status.code(), Some(0), "{line}");
    }
}

/// Publishes with a `cargo` that says which crates are there, and returns what it was asked for.
fn publish(script: &Path, published: &str) -> (Output, String) {
    let directory = tempfile::tempdir().unwrap();
    let log = directory.path().join("log");
    let cargo = format!(
        r#"case $1 in
  metadata) exec '{}' "$@" ;;
  info) case "$*" in {published}) exit 0 ;; *) exit 101 ;; esac ;;
  *) echo "$@" >> '{}' ;;
esac"#,
        env!("CARGO"),
        log.display()
    );
    write_program(&directory.path().join("cargo"), &cargo);
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(script)
        .env("PATH", format!("{}:{path}", directory.path().display()))
        .output()
        .unwrap();
    (output, fs::read_to_string(log).unwrap_or_default())
}

#[test]
fn crates_that_are_published_are_not_published_again() {
    let Some(script) = script("publish-crates", &["bash", "jq"]) else {
        return;
    };
    let (output, asked) = publish(&script, "none");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(
        asked,
        "publish --locked -p dechaff -p dechaff-core -p dechaff-rules\n"
    );

    let rules = format!("*dechaff-rules@{VERSION}");
    let (output, asked) = publish(&script, &rules);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(asked, "publish --locked -p dechaff -p dechaff-core\n");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(
        printed.contains(&format!("dechaff-rules {VERSION} is published already")),
        "{printed}"
    );

    let (output, asked) = publish(&script, "*");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(asked, "");
}

#[test]
fn a_version_must_be_everywhere() {
    let Some(script) = script("check-version", &["bash", "jq"]) else {
        return;
    };
    let output = Command::new(&script).arg(VERSION).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let output = Command::new(&script).arg("99.0.0").output().unwrap();
    let problems = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for problem in [
        format!("dechaff-core has version {VERSION}, not 99.0.0"),
        format!("dechaff-core requires dechaff-rules ^{VERSION}, not 99.0.0"),
        format!("dechaff-python has version {VERSION}, not 99.0.0"),
        format!("CITATION.cff has version {VERSION}, not 99.0.0"),
    ] {
        assert!(problems.contains(&problem), "{problem}: {problems}");
    }
}

/// Crates without their licences would not be used where licences are checked.
#[test]
fn every_package_has_the_licences() {
    for crate_directory in [
        ".",
        "crates/dechaff-core",
        "crates/dechaff-rules",
        "bindings/python",
    ] {
        let directory = Path::new(ROOT).join(crate_directory);
        if !directory.join("Cargo.toml").exists() {
            continue; // the published crate
        }
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert_eq!(
                fs::read(directory.join(name)).unwrap(),
                fs::read(Path::new(ROOT).join(name)).unwrap()
            );
        }
    }
}
