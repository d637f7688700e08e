//! The Python package: its wheel is built and installed into a virtual environment with the engines that it has adapters for,
//! and its own tests and two type checkers run there. As it takes a network and minutes to set up, it runs where
//! `DECHAFF_HEAVY` is set. Engines that weigh hundreds of megabytes each (`engines.txt`) are there only where it is `all`; the
//! tests of these are left out elsewhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "these are tests"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let (told, errors) = (
        String::from_utf8_lossy(&output.stdout).into_owned(),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{command:?}\n{told}\n{errors}");
    told
}

#[test]
fn the_python_package_passes_its_tests() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/python");
    let Some(heavy) = std::env::var_os("DECHAFF_HEAVY").filter(|_| package.exists()) else {
        println!("left out: DECHAFF_HEAVY is not set, or the package is not here");
        return;
    };
    let lists: &[&str] = if heavy == "all" {
        &["requirements.txt", "engines.txt"]
    } else {
        &["requirements.txt"]
    };
    let lists: Vec<_> = lists
        .iter()
        .map(|name| package.join("tests").join(name))
        .collect();
    let wanted: Vec<u8> = lists
        .iter()
        .flat_map(|list| fs::read(list).unwrap())
        .collect();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (environment, wheels) = (temporary.join("python"), temporary.join("wheels"));
    let stamp = environment.join("made-from.txt");
    if !fs::read(&stamp).is_ok_and(|made| made == wanted) {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment));
        // The lists name all that is needed, so that nothing has to be worked out, which takes minutes. pip would keep a second
        // copy of each, which nothing reads again.
        let mut pip = Command::new(environment.join("bin/pip"));
        run(pip
            .args(["install", "-q", "--no-deps", "--no-cache-dir"])
            .args(lists.iter().flat_map(|list| [Path::new("-r"), list])));
        fs::write(&stamp, &wanted).unwrap();
    }
    let tool = |name: &str| {
        let mut command = Command::new(environment.join("bin").join(name));
        command.current_dir(&package);
        command
    };
    let _ = fs::remove_dir_all(&wheels);
    run(tool("maturin")
        .args(["build", "--release", "--locked", "--out"])
        .arg(&wheels));
    let wheel = fs::read_dir(&wheels)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    assert!(
        wheel.to_string_lossy().contains("-cp310-abi3-"),
        "{}",
        wheel.display()
    );
    run(tool("pip")
        .args([
            "install",
            "-q",
            "--no-deps",
            "--no-cache-dir",
            "--force-reinstall",
        ])
        .arg(&wheel));
    // Reasons of what was left out are told.
    let mut pytest = tool("pytest");
    let told = run(pytest
        .args(["-q", "-rs", "-p", "no:cacheprovider"])
        .env("HF_HUB_OFFLINE", "1")
        .env("HF_HOME", temporary.join("hf")));
    println!("{told}");
    assert!(
        heavy != "all" || !told.contains("is not installed"),
        "an engine could not be imported\n{told}"
    );
    run(tool("mypy").arg("--cache-dir").arg(temporary.join("mypy")));
    run(&mut tool("basedpyright"));
}
