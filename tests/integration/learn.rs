//! What sites repeat: learning it with any number of threads, in parts and with little memory,
//! removing it, and prose that is repeated on purpose and must stay.

use crate::common::{dechaff, run, text};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Names for different texts.
const NAMES: [&str; 12] = [
    "bridge", "tunnel", "ferry", "station", "harbour", "library", "market", "school", "tower",
    "mill", "garden", "theatre",
];

/// Returns an article about `name` that no other page has.
fn article(name: &str) -> String {
    format!(
        "The {name} opens again\n\
         The {name} opens on Monday, and it cost the town four million in the end.\n\
         Nobody had thought that the old {name} would be in use for so long, the mayor said.\n\
         People who live near the {name} are glad that the noise of the work is over.\n"
    )
}

/// Returns a page with an article in the frame of a site.
fn page(name: &str) -> String {
    format!(
        "From the valley\nAll our letters\n{}Letters of the week\nMaps of the valley\nStones and \
         sheep\nBuilt by hand since 1872\nWe are a small paper for all who live in the valley, and \
         we print what they tell us.\n",
        article(name)
    )
}

/// Writes one file for each of `pages` to the directory of a site.
fn write_site(directory: &Path, site: &str, pages: &[String]) {
    let folder = directory.join("in").join(site);
    fs::create_dir_all(&folder).unwrap();
    for (number, page) in pages.iter().enumerate() {
        fs::write(folder.join(format!("{number:02}.txt")), page).unwrap();
    }
}

/// Returns the pages of the site `example.org`.
fn pages() -> Vec<String> {
    NAMES.iter().map(|name| page(name)).collect()
}

/// Returns pages of several sites as JSON Lines, in an order that mixes the sites.
fn records() -> String {
    let mut lines = String::new();
    for round in 0..40 {
        for (number, name) in NAMES.iter().enumerate() {
            let site = (number * 7 + round) % 5;
            let text = page(&format!("{name} of village {}", "i".repeat(round % 20 + 1)));
            let text = text.replace(
                "valley",
                &format!("valley of site {}", "v".repeat(site + 1)),
            );
            let record = serde_json::json!({
                "url": format!("https://site{site}.example/{round}/{number}"), "text": text,
            });
            writeln!(lines, "{record}").unwrap();
        }
    }
    lines
}

#[test]
fn what_a_site_repeats_is_removed_and_can_be_restored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_site(path, "example.org", &pages());
    run(
        path,
        &["learn", "in", "-o", "a.learned"],
        0,
        "12 documents of 1 site;",
    );
    let clean = [
        "clean",
        "in",
        "--learned",
        "a.learned",
        "-o",
        "out",
        "--removed",
        "r.jsonl",
    ];
    run(path, &clean, 0, "removals: repeat ");
    let cleaned = fs::read_to_string(path.join("out/example.org/00.txt")).unwrap();
    assert_eq!(cleaned, article("bridge"));
    let record = fs::read_to_string(path.join("r.jsonl")).unwrap();
    assert!(record.contains("\"rule\":\"site/repeated\""));
    assert!(record.contains("\"site\":\"example.org\",\"pages\":12,\"share\":0.999"));
    run(
        path,
        &["restore", "out", "--removed", "r.jsonl", "-o", "restored"],
        0,
        "",
    );
    let restored = fs::read_to_string(path.join("restored/in/example.org/00.txt"))
        .or_else(|_| fs::read_to_string(path.join("restored/example.org/00.txt")));
    assert_eq!(restored.unwrap(), page("bridge"));
    let explained = dechaff(
        path,
        &[
            "explain",
            "in/example.org/00.txt",
            "--host",
            "example.org",
            "--learned",
            "a.learned",
        ],
    );
    assert!(text(&explained.stdout).contains("site/repeated"));
}

#[test]
fn sites_are_named_by_fields_urls_and_directories() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let (mut lines, mut rows) = (String::new(), String::from("page,home\n"));
    for name in NAMES {
        let text = page(name);
        let record = serde_json::json!({"text": text, "from": {"site": "one"}});
        writeln!(lines, "{record}").unwrap();
        writeln!(rows, "\"{text}\",two").unwrap();
    }
    fs::write(path.join("a.jsonl"), lines).unwrap();
    fs::write(path.join("b.csv"), rows).unwrap();
    let field = [
        "learn",
        "a.jsonl",
        "--site-field",
        "from.site",
        "-o",
        "a.learned",
    ];
    run(path, &field, 0, "1 site;");
    let columns = [
        "learn",
        "b.csv",
        "--site-field",
        "home",
        "--text-field",
        "page",
    ];
    run(
        path,
        &[&columns[..], &["-o", "b.learned"]].concat(),
        0,
        "1 site;",
    );
    fs::write(path.join("c.jsonl"), records()).unwrap();
    run(path, &["learn", "c.jsonl", "-o", "c.learned"], 0, "5 sites");
    for (file, sites) in [("a", "one"), ("b", "two"), ("c", "site0.example")] {
        let shown = run(
            path,
            &["learned", "show", &format!("{file}.learned")],
            0,
            "",
        );
        assert!(text(&shown.stdout).contains(sites), "{file}");
    }
    let clean = [
        "clean",
        "b.csv",
        "--site-field",
        "home",
        "--text-field",
        "page",
    ];
    let cleaned = run(
        path,
        &[&clean[..], &["--learned", "b.learned"]].concat(),
        0,
        "",
    );
    assert!(!text(&cleaned.stdout).contains("Built by hand"));
    run(
        path,
        &["learn", "a.jsonl", "-o", "d.learned"],
        0,
        "no document has a site",
    );
}

#[cfg(unix)]
#[test]
fn more_parts_are_merged_than_files_may_be_open() {
    const PARTS: usize = 130;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let records = records();
    let lines: Vec<&str> = records.lines().take(30).collect();
    let lines = lines.join("\n") + "\n";
    fs::write(path.join("one.jsonl"), &lines).unwrap();
    fs::write(path.join("all.jsonl"), lines.repeat(PARTS)).unwrap();
    run(
        path,
        &["learn", "one.jsonl", "--part", "-o", "one.part"],
        0,
        "",
    );
    run(path, &["learn", "all.jsonl", "-o", "all"], 0, "");
    for number in 0..PARTS {
        fs::copy(path.join("one.part"), path.join(format!("{number}.part"))).unwrap();
    }
    let merge = "rm one.part; ulimit -n 100; exec $0 learned merge *.part -o merged";
    let output = Command::new("sh")
        .args(["-c", merge, env!("CARGO_BIN_EXE_dechaff")])
        .current_dir(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(fs::read(path.join("all")).unwrap() == fs::read(path.join("merged")).unwrap());
}

#[test]
fn threads_memory_and_parts_do_not_change_what_is_learned() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let records = records();
    let lines: Vec<&str> = records.lines().collect();
    fs::write(path.join("all.jsonl"), &records).unwrap();
    let learn = |input: &str, output: &str, more: &[&str]| {
        run(
            path,
            &[&["learn", input, "-o", output, "-q"], more].concat(),
            0,
            "",
        );
    };
    let read = |name: &str| fs::read(path.join(name)).unwrap();
    learn("all.jsonl", "one", &["-j", "1"]);
    learn("all.jsonl", "four", &["-j", "4"]);
    assert!(read("one") == read("four"));
    learn("all.jsonl", "spilled", &["--memory", "20k"]);
    assert!(read("one") == read("spilled"));
    let mut parts = Vec::new();
    for (number, part) in lines.chunks(lines.len() / 3 + 1).enumerate() {
        let name = format!("{number}.jsonl");
        fs::write(path.join(&name), part.join("\n") + "\n").unwrap();
        parts.push(format!("{number}.part"));
        learn(&name, &parts[number], &["--part"]);
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let merge = ["learned", "merge", "-o", "merged"];
    run(
        path,
        &[&merge[..], &[parts[2], parts[0], parts[1]]].concat(),
        0,
        "5 sites",
    );
    assert!(read("one") == read("merged"));
    let two = ["learned", "merge", "--part", "-o", "two"];
    run(path, &[&two[..], &parts[..2]].concat(), 0, "");
    run(
        path,
        &["learned", "merge", "-f", "-o", "merged", "two", parts[2]],
        0,
        "",
    );
    assert!(read("one") == read("merged"));
    run(
        path,
        &["learned", "merge", "-o", "bad", "one", "four"],
        2,
        "learn both with --part",
    );
    assert!(!path.join("bad").exists());
}

#[test]
fn damaged_files_are_refused_and_existing_ones_kept() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_site(path, "example.org", &pages());
    run(path, &["learn", "in", "-o", "a.learned"], 0, "");
    let bytes = fs::read(path.join("a.learned")).unwrap();
    run(path, &["learn", "in", "-o", "a.learned"], 2, "use --force");
    run(
        path,
        &["learn", "in", "-f", "-o", "in/example.org/00.txt"],
        2,
        "is the input",
    );
    assert!(fs::read(path.join("a.learned")).unwrap() == bytes);
    for length in [0, 10, 30, bytes.len() - 1] {
        fs::write(path.join("b.learned"), &bytes[..length]).unwrap();
        run(
            path,
            &["learned", "show", "b.learned"],
            2,
            "is not a file that was learned",
        );
    }
    let clean = ["clean", "in", "--learned", "b.learned", "-o", "out"];
    for at in (16..bytes.len() - 24).step_by(64) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x20;
        fs::write(path.join("b.learned"), &damaged).unwrap();
        let output = dechaff(path, &[&clean[..], &["-f"]].concat());
        assert!(matches!(output.status.code(), Some(2 | 3)), "byte {at}");
        for command in [
            &["learned", "show", "b.learned", "--site", "example.org"][..],
            &["learned", "export", "b.learned"],
            &["learned", "merge", "b.learned", "-f", "-o", "c.learned"],
        ] {
            let output = dechaff(path, command);
            assert_eq!(output.status.code(), Some(2), "byte {at} {command:?}");
            assert!(output.stdout.is_empty() && !path.join("c.learned").exists());
        }
        if path.join("out").exists() {
            let written = fs::read_dir(path.join("out/example.org"))
                .into_iter()
                .flatten();
            assert_eq!(written.count(), 0, "byte {at}");
        }
    }
}

#[test]
fn copies_of_a_page_and_small_sites_teach_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_site(path, "copies.example", &vec![page("bridge"); 20]);
    write_site(path, "small.example", &pages()[..7]);
    run(path, &["learn", "in", "-o", "a.learned"], 0, "");
    for site in ["copies.example", "small.example"] {
        let shown = ["learned", "show", "a.learned", "--site", site];
        run(path, &shown, 0, "nothing would be removed");
    }
    run(
        path,
        &["clean", "in", "--learned", "a.learned", "-o", "out"],
        0,
        "",
    );
    let kept = fs::read_to_string(path.join("out/copies.example/00.txt")).unwrap();
    assert!(kept.contains("The bridge opens on Monday") && kept.contains("Built by hand"));
}

#[test]
fn an_exported_pack_passes_its_examples_and_removes_the_labels() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_site(path, "example.org", &pages());
    run(path, &["learn", "in", "-o", "a.learned"], 0, "");
    let pack = run(path, &["learned", "export", "a.learned"], 0, "left out");
    fs::write(path.join("site.toml"), &pack.stdout).unwrap();
    run(path, &["rules", "test", "site.toml"], 0, "");
    let clean = [
        "clean",
        "in/example.org/00.txt",
        "--rules",
        "site.toml",
        "--skip",
        "model",
    ];
    let cleaned = run(
        path,
        &[&clean[..], &["--host", "example.org"]].concat(),
        0,
        "",
    );
    let cleaned = text(&cleaned.stdout);
    assert!(!cleaned.contains("All our letters") && cleaned.contains("Built by hand since 1872"));
}

/// Returns the sites whose pages repeat prose on purpose, with all of their pages.
fn sites_that_repeat_prose() -> Vec<(&'static str, Vec<String>)> {
    let agency = "The agency said on Sunday that the price of bread will rise by a tenth in the \
                  spring, because the harvest was poor.\n";
    let syndicated = NAMES
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let copied = if number % 3 == 0 { agency } else { "" };
            format!(
                "{}{copied}He will come back to the {name} in June.\n",
                article(name)
            )
        })
        .collect();
    let series = NAMES
        .iter()
        .enumerate()
        .map(|(number, name)| {
            let text = article(name);
            if number < 3 {
                format!("This is part {number} of our letters from the island, by two men.\n{text}")
            } else {
                text
            }
        })
        .collect();
    let poems = NAMES
        .iter()
        .map(|name| {
            format!(
                "Song of the {name}\n\n\
                 I went to the {name} when the moon was low,\nAnd nobody knew that I had to go.\n\n\
                 Oh carry me over, carry me home,\nOver the water, over the foam.\n\n\
                 The {name} was silent, the {name} was old,\nThe stones of the {name} were bitter \
                 and cold.\n\n\
                 Oh carry me over, carry me home,\nOver the water, over the foam.\n"
            )
        })
        .collect();
    let statutes = NAMES
        .iter()
        .enumerate()
        .map(|(number, name)| {
            format!(
                "An Act to provide for the {name} of the town.\n\
                 Be it enacted by the council, by and with the advice of the people, as follows.\n\
                 1. In this Act, {name} means the {name} that stands in the town on the first of \
                 May.\n\
                 2. A person who damages the {name} is guilty of an offence and is liable to a \
                 fine.\n\
                 3. The council may make rules on who may use the {name}, and when, and at what \
                 price.\n\
                 4. Nothing in this Act affects the rights of a person who lives in the town.\n\
                 5. This Act may be cited as the {name} Act 19{number:02}.\n"
            )
        })
        .collect();
    let recipes = NAMES
        .iter()
        .map(|name| {
            format!(
                "My grandmother made the {name} cake on Sundays, and she never told us how she did \
                 it.\n\
                 Ingredients\n2 cups of {name} flour\n1 spoon of {name} sugar\nMethod\n\
                 Mix the {name} flour with the {name} sugar, and bake it for an hour or so.\n\
                 Serve\nCut the {name} cake while it is warm, and eat it on the same day.\n"
            )
        })
        .collect();
    vec![
        ("syndicated.example", syndicated),
        ("series.example", series),
        ("poems.example", poems),
        ("statutes.example", statutes),
        ("recipes.example", recipes),
    ]
}

#[test]
fn prose_that_is_repeated_on_purpose_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let sites = sites_that_repeat_prose();
    for (site, pages) in &sites {
        write_site(path, site, pages);
    }
    run(path, &["learn", "in", "-o", "a.learned"], 0, "");
    let clean = [
        "clean",
        "in",
        "--learned",
        "a.learned",
        "--only",
        "site",
        "-o",
        "out",
    ];
    run(path, &clean, 0, "");
    for (site, pages) in &sites {
        for (number, page) in pages.iter().enumerate() {
            let file = format!("out/{site}/{number:02}.txt");
            let cleaned = fs::read_to_string(path.join(&file)).unwrap();
            assert_eq!(&cleaned, page, "{file}");
        }
    }
}

/// Starts `learn --resume` and kills it once `finished` of its parts are finished. Returns whether
/// it was killed before its end.
fn kill_after(directory: &Path, args: &[&str], finished: usize) -> bool {
    let list = directory.join(".dechaff/learn-a.learned/parts.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_dechaff"))
        .args(args)
        .current_dir(directory)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    loop {
        let done = fs::read_to_string(&list).map_or(0, |list| list.matches("\": ").count());
        // The list has two keys besides one for each finished part and the key of those.
        if done >= finished + 3 {
            child.kill().unwrap();
            return !child.wait().unwrap().success();
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_run_that_was_killed_resumes_and_writes_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let input = path.join("in");
    fs::create_dir(&input).unwrap();
    let records = records();
    for number in 0..20 {
        let content = records.replace("village", &format!("village {}", "o".repeat(number + 1)));
        fs::write(input.join(format!("{number:02}.jsonl")), content).unwrap();
    }
    run(path, &["learn", "in", "-o", "whole"], 0, "5 sites");
    let whole = fs::read(path.join("whole")).unwrap();
    let resume = ["learn", "in", "-o", "a.learned", "--resume", "-j", "1"];
    let mut killed = 0;
    for finished in [1, 6, 12] {
        killed += usize::from(kill_after(path, &resume, finished));
        assert!(!path.join("a.learned").exists());
    }
    assert_eq!(killed, 3);
    run(path, &resume, 0, "5 sites");
    assert!(fs::read(path.join("a.learned")).unwrap() == whole);
    assert!(!path.join(".dechaff/learn-a.learned").exists());
}

#[test]
fn parts_of_an_interrupted_run_are_used_unless_inputs_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let input = path.join("in");
    fs::create_dir(&input).unwrap();
    for number in 0..20 {
        fs::write(input.join(format!("{number:02}.jsonl")), records()).unwrap();
    }
    write_site(&path.join("other"), "other.example", &pages());
    let part = ["learn", "other/in", "-o", "other.part", "--part"];
    run(path, &part, 0, "1 site;");
    let resume = [
        "learn",
        "in",
        "-o",
        "a.learned",
        "--resume",
        "-f",
        "-j",
        "1",
    ];
    for is_changed in [false, true] {
        assert!(kill_after(path, &resume, 2));
        // The part of an unfinished run that nobody can mistake for that of the inputs.
        let part = path.join(".dechaff/learn-a.learned/1.part");
        fs::copy(path.join("other.part"), &part).unwrap();
        if is_changed {
            fs::write(input.join("00.jsonl"), records() + "\n").unwrap();
        }
        run(
            path,
            &resume,
            0,
            if is_changed { "5 sites" } else { "6 sites" },
        );
    }
    run(path, &["learn", "--resume", "-o", "b"], 2, "read");
}

#[test]
fn documents_of_unknown_sites_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    write_site(path, "example.org", &pages());
    run(path, &["learn", "in", "-o", "a.learned"], 0, "");
    let file = "in/example.org/00.txt";
    let clean = ["clean", file, "--learned", "a.learned"];
    let message = "1 document is of a site of which nothing was learned (name sites with \
                   --url-field, --site-field or --host)";
    let cleaned = run(path, &clean, 0, message);
    assert!(text(&cleaned.stdout).contains("All our letters"));
    run(
        path,
        &[&clean[..], &["--host", "b.example"]].concat(),
        0,
        message,
    );
    let named = run(
        path,
        &[&clean[..], &["--host", "example.org"]].concat(),
        0,
        "removed",
    );
    assert!(!text(&named.stderr).contains("nothing was learned"));
}
