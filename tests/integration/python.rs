//! The Python package: builds its wheel, installs it into a virtual environment with the engines it
//! has adapters for, and runs its tests and two type checkers there. Runs only if `DECHAFF_HEAVY`
//! is set, because this needs a network and several minutes. `DECHAFF_HEAVY=all` also installs the
//! engines of `engines.txt`, which have hundreds of megabytes each; their tests are skipped
//! otherwise.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Runs `command` and returns its standard output. Panics with both outputs if it fails.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout
}

/// Returns the command of a program in `environment`, to be run in the directory `package`.
fn tool(environment: &Path, package: &Path, name: &str) -> Command {
    let mut command = Command::new(environment.join("bin").join(name));
    command.current_dir(package);
    command
}

#[test]
fn python_package_passes_its_tests_and_type_checks() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("bindings/python");
    let Some(heavy) = std::env::var_os("DECHAFF_HEAVY").filter(|_| package.exists()) else {
        println!("skipped: DECHAFF_HEAVY is not set, or the package is missing");
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
    let requirements: Vec<u8> = lists
        .iter()
        .flat_map(|list| fs::read(list).unwrap())
        .collect();
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (environment, wheels) = (temporary.join("python"), temporary.join("wheels"));
    let stamp = environment.join("made-from.txt");
    if !fs::read(&stamp).is_ok_and(|made| made == requirements) {
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment));
        // The lists are complete: resolving dependencies would take minutes. The cache would be a
        // second copy of each package that nothing reads again.
        let mut pip = Command::new(environment.join("bin/pip"));
        run(pip
            .args(["install", "-q", "--no-deps", "--no-cache-dir"])
            .args(lists.iter().flat_map(|list| [Path::new("-r"), list])));
        fs::write(&stamp, &requirements).unwrap();
    }
    let _ = fs::remove_dir_all(&wheels);
    run(tool(&environment, &package, "maturin")
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
    run(tool(&environment, &package, "pip")
        .args([
            "install",
            "-q",
            "--no-deps",
            "--no-cache-dir",
            "--force-reinstall",
        ])
        .arg(&wheel));
    check_installed_files(&environment, &package);
    // -rs prints the reason of each skipped test.
    let mut pytest = tool(&environment, &package, "pytest");
    let stdout = run(pytest
        .args(["-q", "-rs", "-p", "no:cacheprovider"])
        .env("HF_HUB_OFFLINE", "1")
        .env("HF_HOME", temporary.join("hf")));
    println!("{stdout}");
    assert!(
        heavy != "all" || !stdout.contains("is not installed"),
        "an engine could not be imported\n{stdout}"
    );
    run(tool(&environment, &package, "mypy")
        .arg("--cache-dir")
        .arg(temporary.join("mypy")));
    run(&mut tool(&environment, &package, "basedpyright"));
}

/// A package without its licences is not used where licences are checked; without `py.typed`, tools
/// ignore its types.
fn check_installed_files(environment: &Path, package: &Path) {
    let listed = run(tool(environment, package, "python").args([
        "-c",
        "import importlib.metadata as m; print(*m.files('dechaff'), sep='\\n')",
    ]));
    for file in [
        "licenses/LICENSE-MIT",
        "licenses/LICENSE-APACHE",
        "dechaff/py.typed",
        "bin/dechaff",
    ] {
        assert!(listed.lines().any(|line| line.ends_with(file)), "{listed}");
    }
}
