//! The index beside its catalog: current, behind, ahead, foreign; and whether it says the same.

use std::fs;

use rusqlite::Connection;
use serde_json::Value;
use stemmata_index::{Reader, Writer, WriterOptions};

use crate::support::cli::Home;

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/api/demo/site.ndjson.gz");

fn imported() -> Home {
    let home = Home::new();
    assert_eq!(home.run(&["import", BUNDLED, "--quiet"]).code, 0);
    home
}

fn add(home: &Home, prompt: &str, flags: &[&str]) {
    let document = format!("{{\"prompt\":\"{prompt}\"}}");
    let answer = home.run_with_input(&[&["import", "-", "-q"], flags].concat(), document.as_bytes());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}

fn state(home: &Home) -> Value {
    home.run(&["index", "status", "--json"]).json()["state"].clone()
}

#[test]
fn an_index_that_is_ahead_of_its_catalog_is_told_and_built_anew() {
    let home = imported();
    let (catalog, backup) = (home.path().join("catalog.db"), home.path().join("backup.db"));
    fs::copy(&catalog, &backup).expect("a closed catalog is one file");
    add(&home, "a zeppelin", &[]);
    assert_eq!(state(&home), "current");

    fs::copy(&backup, &catalog).expect("it can be restored");
    assert_eq!(state(&home), "ahead");
    let told = home.run(&["index", "status"]);
    assert!(told.stdout.contains("run `stemmata index rebuild`"), "{}", told.stdout);
    let search = home.run(&["search", "lighthouse", "--json"]);
    assert!(search.stderr.contains("the index shows more than the catalog"), "{}", search.stderr);
    assert_eq!(search.json()["summary"]["index"], "ahead");
    let verify = home.run(&["index", "verify", "--json"]);
    assert_eq!((verify.code, &verify.error()["code"]), (8, &Value::from("index.foreign")));
    assert_eq!(home.run(&["index", "update", "-q"]).code, 0);
    assert_eq!(state(&home), "current");
    assert_eq!(home.run(&["count", "zeppelin"]).stdout, "0\n");
}

#[test]
fn a_catalog_that_went_another_way_with_the_same_numbers_is_noticed() {
    let home = imported();
    let (catalog, backup) = (home.path().join("catalog.db"), home.path().join("backup.db"));
    fs::copy(&catalog, &backup).expect("a closed catalog is one file");
    add(&home, "a zeppelin", &[]);
    let shown = home.run(&["index", "status", "--json"]).json()["generation"].as_u64();
    fs::copy(&backup, &catalog).expect("it can be restored");
    add(&home, "a submarine", &["--no-index"]);
    let status = home.run(&["index", "status", "--json"]).json();
    assert_eq!((&status["state"], status["catalog_generation"].as_u64()), (&Value::from("foreign"), shown));
    // Whatever is written next repairs it.
    add(&home, "a tricycle", &[]);
    assert_eq!(state(&home), "current");
    let counts = ["zeppelin", "submarine", "tricycle"].map(|word| home.run(&["count", word]).stdout);
    assert_eq!(counts, ["0\n", "1\n", "1\n"]);
}

#[test]
fn verify_names_what_is_missing_left_over_and_different() {
    let home = imported();
    let verify = |code: i32| {
        let answer = home.run(&["index", "verify", "--json", "-q"]);
        assert_eq!(answer.code, code, "{}", answer.stderr);
        serde_json::from_str::<Value>(&answer.stdout).expect("one object")
    };
    let clean = verify(0);
    assert_eq!((&clean["compared"], &clean["complete"]), (&Value::from(300), &Value::from(true)));

    let index = home.path().join("index");
    let options = WriterOptions { threads: 1, memory_bytes: 32 << 20 };
    let mut writer = Writer::open(&index, options).expect("nobody else writes");
    writer.remove(vec![900_128]).expect("removes");
    let (generation, mark) = (writer.generation(), writer.mark());
    writer.commit_marked(generation, mark).expect("it is written");
    drop(writer);
    let catalog = Connection::open(home.path().join("catalog.db")).expect("a catalog");
    let changed =
        catalog.execute("UPDATE images SET steps = 77 WHERE image = 900133", []).expect("it is written");
    let deleted = catalog.execute("DELETE FROM images WHERE image = 900247", []).expect("it is written");
    assert_eq!((changed, deleted), (1, 1));
    drop(catalog);
    let found = verify(9);
    assert_eq!((&found["missing"], &found["extra"], &found["different"]), (&1.into(), &1.into(), &1.into()));
    let named = |number: usize| {
        (found["differences"][number]["what"].clone(), found["differences"][number]["key"].clone())
    };
    assert_eq!(named(0), ("missing".into(), 900_128.into()));
    assert_eq!(named(1), ("extra".into(), 900_247.into()));
    assert_eq!(named(2), ("different".into(), 900_133.into()));
    assert!(home.run(&["index", "verify"]).stderr.contains("run `stemmata index rebuild`"));

    assert_eq!(home.run(&["index", "rebuild", "-q"]).code, 0);
    assert_eq!(verify(0)["compared"], 299);
}

#[test]
fn what_changed_since_is_not_compared() {
    let home = imported();
    add(&home, "a zeppelin", &["--no-index"]);
    let found = home.run(&["index", "verify", "--json"]).json();
    assert_eq!(
        (&found["state"], &found["pending"], &found["compared"]),
        (&"behind".into(), &1.into(), &300.into())
    );
}

#[test]
fn a_compacted_index_gives_the_same_answers() {
    let home = imported();
    let search = || home.run(&["search", "lighthouse", "--format", "csv", "-q"]).stdout;
    let before = search();
    for number in 0..3 {
        add(&home, &format!("a zeppelin {number}"), &[]);
    }
    let compacted = home.run(&["index", "compact", "--json"]).json();
    assert_eq!(compacted["documents"], 303);
    assert_eq!(search(), before);
    assert_eq!(state(&home), "current");
    let nothing = Home::new();
    add(&nothing, "a zeppelin", &["--no-index"]);
    let missing = nothing.run(&["index", "compact", "--json"]);
    assert_eq!((missing.code, &missing.error()["code"]), (8, &Value::from("index.missing")));
    assert!(!nothing.path().join("index").exists());
}

#[test]
fn an_index_answers_while_it_is_built_anew_and_what_a_killed_rebuild_left_is_taken_away() {
    let home = imported();
    let index = home.path().join("index");
    let held = Reader::open(&index).expect("it is there");
    let next = home.path().join("index.next");
    fs::create_dir_all(&next).expect("a writable home");
    fs::write(next.join("rubbish"), b"half").expect("a writable folder");
    assert_eq!(home.run(&["index", "rebuild", "-q"]).code, 0);
    assert_eq!((held.documents(), Reader::open(&index).expect("it is there").documents()), (300, 300));
    assert!(!next.exists() && !home.path().join("index.former").exists());
    let path = home.run(&["index", "path"]);
    assert_eq!(path.stdout, format!("{}\n", index.display()));
}

#[test]
fn an_index_with_a_flipped_byte_is_answered_from_or_called_damaged_and_never_panics() {
    let home = Home::new();
    assert_eq!(home.run(&["import", BUNDLED, "-q"]).code, 0);
    let folder = home.path().join("index");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("an index")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending != "json" && ending != "lock"))
        .collect();
    files.sort();
    let mut damaged = 0;
    for file in files {
        let whole = std::fs::read(&file).expect("readable");
        if whole.len() < 300 {
            continue;
        }
        let mut bytes = whole.clone();
        for place in (0..whole.len() - 100).step_by(150) {
            bytes[place] ^= 0x55;
        }
        // The end says where the parts are: what opens the file steps on it first.
        let last = whole.len() - 110;
        bytes[last] ^= 0x55;
        std::fs::write(&file, &bytes).expect("writable");
        for query in ["fox", "\"red fox\"", "* sort:likes", "steps:20..30", "model:Emberglass"] {
            let answer = home.run(&["search", query, "--json"]);
            assert!([0, 8].contains(&answer.code), "{}: {query}: {answer:?}", file.display());
            if answer.code == 8 {
                let code = answer.error()["code"].clone();
                assert!(code == "index.damaged" || code == "index.needs_rebuild", "{query}: {code}");
                damaged += 1;
            }
        }
        let verify = home.run(&["index", "verify", "--json"]);
        assert!([8, 9].contains(&verify.code), "{}: {verify:?}", file.display());
        std::fs::write(&file, &whole).expect("writable");
    }
    assert!(damaged >= 3, "only {damaged} answers noticed");
    assert_eq!(home.run(&["index", "verify", "-q"]).code, 0);
}
