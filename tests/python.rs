//! The Python package: its wheel is built and installed into a virtual environment with the engines that it has adapters for,
//! and its own tests and two type checkers run there. As it takes a network and minutes to set up, it runs where
//! `DECHAFF_HEAVY` is set.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "these are tests")]

use std::fs;
use std::path::Path;
use std::process::Command;

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let (told, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{told}\n{errors}");
}

#[test]
fn the_python_package_passes_its_tests() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/python");
    if std::env::var_os("DECHAFF_HEAVY").is_none() || !package.exists() {
        println!("left out: DECHAFF_HEAVY is not set, or the package is not here");
        return;
    }
    let list = package.join("tests/requirements.txt");
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (environment, wheels) = (temporary.join("python"), temporary.join("wheels"));
    let stamp = environment.join("made-from.txt");
    if fs::read(&stamp).ok() != fs::read(&list).ok() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment));
        // The list names all that is needed, so that nothing has to be worked out, which takes minutes.
        run(Command::new(environment.join("bin/pip")).args(["install", "-q", "--no-deps", "-r"]).arg(&list));
        fs::copy(&list, &stamp).unwrap();
    }
    let tool = |name: &str| {
        let mut command = Command::new(environment.join("bin").join(name));
        command.current_dir(&package);
        command
    };
    let _ = fs::remove_dir_all(&wheels);
    run(tool("maturin").args(["build", "--release", "--locked", "--out"]).arg(&wheels));
    let wheel = fs::read_dir(&wheels).unwrap().next().unwrap().unwrap().path();
    assert!(wheel.to_string_lossy().contains("-cp310-abi3-"), "{}", wheel.display());
    run(tool("pip").args(["install", "-q", "--no-deps", "--force-reinstall"]).arg(&wheel));
    run(tool("pytest").args(["-q", "-p", "no:cacheprovider"]).env("HF_HUB_OFFLINE", "1").env("HF_HOME", temporary.join("hf")));
    run(tool("mypy").arg("--cache-dir").arg(temporary.join("mypy")));
    run(&mut tool("basedpyright"));
}
