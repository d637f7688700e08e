//! Compares how dechaff reads formats with how others do: CSV with the `csv` crate, gzip with zcat,
//! JSON with Python. Inputs are generated from a fixed seed. Other clients are in `clients`.

use crate::common::{restore, run};
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// A text with a line that the rule of [`ONE_RULE`] removes.
const CHAFF: &str = "It \"rained\".\nAdvertisement\nIt stopped, they said.\n";
/// The same without it.
const CLEAN: &str = "It \"rained\".\nIt stopped, they said.\n";
/// Arguments so that only that line is removed.
const ONE_RULE: [&str; 5] = ["--only", "advert/marker", "--max-removed", "1", "-q"];
/// Texts without anything to remove.
const OTHERS: [&str; 7] = [
    "",
    "\"",
    "a,b\tc",
    "\u{e9}\u{1d11e}\u{2028}",
    "one\ntwo \"\"\n",
    "back\\slash\u{1}",
    CLEAN,
];

/// A generator of numbers (`SplitMix64`).
struct Random(u64);

impl Random {
    /// Returns a number below `bound`.
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    /// Returns a text, with or without chaff.
    fn text(&mut self) -> &'static str {
        let index = self.below(OTHERS.len() * 2);
        OTHERS.get(index).copied().unwrap_or(CHAFF)
    }
}

fn without_chaff(value: &str) -> &str {
    if value == CHAFF { CLEAN } else { value }
}

/// Cleans `input` to `output` with removal records in `r.jsonl`.
fn clean(directory: &Path, input: &str, output: &str) {
    let files = ["clean", input, "-o", output, "-f", "--removed", "r.jsonl"];
    run(directory, &[files.as_slice(), &ONE_RULE].concat(), 0, "");
}

/// Returns the rows of a table as the `csv` crate reads them, the header row too.
fn csv_rows(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes)
        .records()
        .map(|row| row.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn csv_is_read_as_the_csv_crate_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for seed in 0..24 {
        let mut random = Random(seed);
        let (delimiter, name) = [(b',', "a.csv"), (b'\t', "a.tsv")][random.below(2)];
        let mut writer = csv::WriterBuilder::new()
            .delimiter(delimiter)
            .quote_style([csv::QuoteStyle::Necessary, csv::QuoteStyle::Always][random.below(2)])
            .terminator([csv::Terminator::Any(b'\n'), csv::Terminator::CRLF][random.below(2)])
            .from_writer(Vec::new());
        let column = random.below(3);
        let mut names = ["id", "kind", "other"];
        names[column] = "text";
        writer.write_record(names).unwrap();
        for _ in 0..random.below(200) {
            writer
                .write_record([random.text(), random.text(), random.text()])
                .unwrap();
        }
        let mut source = writer.into_inner().unwrap();
        if random.below(3) == 0 {
            source.splice(0..0, *b"\xEF\xBB\xBF");
        }
        fs::write(path.join(name), &source).unwrap();
        let output = format!("b{}", &name[1..]);
        clean(path, name, &output);
        let cleaned = fs::read(path.join(&output)).unwrap();
        let mut expected = csv_rows(&source, delimiter);
        for row in &mut expected {
            row[column] = without_chaff(&row[column]).to_owned();
        }
        assert_eq!(csv_rows(&cleaned, delimiter), expected, "seed {seed}");
        assert!(restore(path, &output) == source);

        // A quote anywhere damages some rows, and is restored like everything else.
        let header = source.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let at = header + random.below(source.len() - header + 1);
        source.insert(at, b'"');
        fs::write(path.join(name), &source).unwrap();
        clean(path, name, &output);
        assert!(restore(path, &output) == source);
    }
}

/// Returns the standard output of a program, or `None` if it is not installed.
fn output_of(command: &mut Command) -> Option<Vec<u8>> {
    let output = command.output().ok()?;
    assert!(output.status.success(), "{command:?}");
    Some(output.stdout)
}

/// Returns a JSON string of `value` in which some characters are escaped that need not be.
fn json_string(value: &str, random: &mut Random) -> String {
    let mut json = String::from('"');
    for character in value.chars() {
        let must = character < ' ' || ['"', '\\'].contains(&character);
        if must || random.below(8) == 0 {
            for unit in character.encode_utf16(&mut [0; 2]) {
                json += &format!("\\u{unit:04x}");
            }
        } else {
            json.push(character);
        }
    }
    json + "\""
}

fn json_lines(random: &mut Random) -> String {
    let lines: Vec<String> = (0..random.below(300))
        .map(|number| {
            let mut members = [
                format!("\"id\": {number}"),
                format!("\"text\": {}", json_string(random.text(), random)),
                format!(
                    "\"more\": [{}, 1e400, -0.0, {{}}]",
                    json_string(random.text(), random)
                ),
            ];
            members.rotate_left(random.below(3));
            format!("{{{}}}\n", members.join([",", " , "][random.below(2)]))
        })
        .collect();
    lines.concat()
}

/// Reads two files of JSON Lines, and fails unless they differ in removed chaff only.
const COMPARE_JSON: &str = r#"
import json, sys
one, other = ([json.loads(line) for line in open(name, newline="\n")] for name in ("a.jsonl", "b.jsonl"))
for row in one:
    row["text"] = row["text"].replace("Advertisement\n", "")
sys.exit(one != other or [list(row) for row in one] != [list(row) for row in other])
"#;

#[test]
fn json_is_read_as_python_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for seed in 0..12 {
        let source = json_lines(&mut Random(seed));
        fs::write(path.join("a.jsonl"), &source).unwrap();
        clean(path, "a.jsonl", "b.jsonl");
        let mut python = Command::new("python3");
        python.args(["-c", COMPARE_JSON]).current_dir(path);
        if output_of(&mut python).is_none() {
            println!("skipped: python3 is not installed");
            return;
        }
        assert!(restore(path, "b.jsonl") == source.as_bytes());
    }
}

#[test]
fn gzip_is_read_as_zcat_reads_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for seed in 100..112 {
        let mut random = Random(seed);
        let source = json_lines(&mut random);
        let (mut rest, mut members) = (source.as_bytes(), Vec::new());
        loop {
            // Members end anywhere, and some are empty.
            let length = random.below(rest.len().min(4000) + 1);
            let level = flate2::Compression::new(random.below(10) as u32);
            let mut member = flate2::GzBuilder::new();
            if random.below(2) == 0 {
                member = member.filename("a.jsonl").comment("x").extra(vec![1; 300]);
            }
            let mut encoder = member.write(members, level);
            encoder.write_all(&rest[..length]).unwrap();
            members = encoder.finish().unwrap();
            rest = &rest[length..];
            if rest.is_empty() {
                break;
            }
        }
        fs::write(path.join("a.jsonl.gz"), &members).unwrap();
        let mut zcat = Command::new("zcat");
        let Some(plain) = output_of(zcat.arg("a.jsonl.gz").current_dir(path)) else {
            println!("skipped: zcat is not installed");
            return;
        };
        assert!(plain == source.as_bytes());
        fs::write(path.join("a.jsonl"), &plain).unwrap();
        clean(path, "a.jsonl", "b.jsonl");
        let expected = fs::read(path.join("b.jsonl")).unwrap();
        clean(path, "a.jsonl.gz", "b.jsonl.gz");
        let cleaned = output_of(Command::new("zcat").arg("b.jsonl.gz").current_dir(path));
        assert!(cleaned == Some(expected), "seed {seed}");
    }
}
