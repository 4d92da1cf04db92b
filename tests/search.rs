//! `search` and `count` from the outside: pages, facets, and every form of output.

use std::io::Read as _;

use serde_json::Value;

use crate::support::cli::{Answer, Home};
use crate::support::pictures;
use crate::support::schema::faults;

const BUNDLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/api/demo/site.ndjson.gz");

fn imported() -> Home {
    let home = Home::new();
    assert_eq!(home.run(&["import", BUNDLED, "--quiet"]).code, 0);
    home
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    answer.stdout.lines().map(str::to_owned).collect()
}

/// Whether nothing in a text acts on a terminal.
#[track_caller]
fn assert_harmless(text: &str, form: &str) {
    let steers = |c: char| {
        (c.is_control() && c != '\n' && c != '\r')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let bad = text.chars().find(|c| steers(*c) && !(form == "tsv" && *c == '\t'));
    assert_eq!(bad, None, "{form}");
}

#[test]
fn the_pages_of_any_order_hold_every_hit_once() {
    let home = imported();
    for sort in ["score", "-date,likes", "seed,-steps", "size", "id"] {
        let all = ids(&home.run(&["search", "a", "--sort", sort, "--limit", "1000", "--format", "paths"]));
        let mut pages = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let mut line = vec!["search", "a", "--sort", sort, "--limit", "37", "--json"];
            line.extend(after.iter().flat_map(|next| ["--after", next]));
            let page = home.run(&line).json();
            assert_eq!(page["summary"]["total"], all.len() as u64);
            pages.extend(page["hits"].as_array().expect("hits").iter().map(|hit| hit["image"].to_string()));
            match page["summary"]["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => break,
            }
        }
        assert!(all.len() > 100, "{sort}: only {} hits", all.len());
        assert_eq!(pages, all, "{sort}");
    }
}

#[test]
fn the_largest_pictures_come_first_where_size_decides() {
    let home = imported();
    let page = home.run(&["search", "*", "--sort", "size,-id", "--limit", "1000", "--json"]).json();
    let hits = page["hits"].as_array().expect("hits");
    let number = |hit: &Value, field: &str| hit[field].as_u64().expect("a number");
    let keys: Vec<(u64, u64)> =
        hits.iter().map(|hit| (number(hit, "width") * number(hit, "height"), number(hit, "image"))).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(keys.len(), 300);
    assert_eq!(keys, sorted);
}

#[test]
fn a_place_of_another_query_is_refused_and_one_of_an_older_index_goes_on_and_says_so() {
    let home = imported();
    // Scores shift when images come in; dates do not.
    let page = home.run(&["search", "lighthouse", "sort:date", "--limit", "5", "--json"]).json();
    let next = page["summary"]["next"].as_str().expect("there is a next page");
    let go_on = |words: &[&str]| home.run(&[&["search"], words, &["--after", next, "--json"]].concat());
    for other in [
        &["castle"][..],
        &["lighthouse", "--sort", "likes"],
        &["lighthouse", "sort:date", "--group", "prompt"],
    ] {
        let refused = go_on(other);
        assert_eq!(
            (refused.code, &refused.error()["code"]),
            (2, &Value::from("search.other_query")),
            "{other:?}"
        );
    }
    let nonsense = home.run(&["search", "lighthouse", "--after", "nonsense", "--json"]);
    assert_eq!((nonsense.code, &nonsense.error()["code"]), (2, &Value::from("search.bad_cursor")));
    // The same question in other words.
    let before = go_on(&["(lighthouse)", "--sort", "date", "--limit", "5"]).json();
    assert_eq!(
        (before["hits"].as_array().map(Vec::len), &before["summary"]["continued_from"]),
        (Some(5), &Value::Null)
    );

    assert_eq!(home.run_with_input(&["import", "-", "-q"], br#"{"prompt":"a lighthouse"}"#).code, 0);
    let answer = go_on(&["lighthouse", "sort:date", "--limit", "5"]);
    assert!(answer.stderr.contains("the index has changed since the page before"), "{}", answer.stderr);
    let after = answer.json();
    assert_eq!(
        (&after["hits"], &after["summary"]["continued_from"]),
        (&before["hits"], &page["summary"]["generation"])
    );
}

#[test]
fn samples_are_drawn_by_the_seed_and_nothing_else() {
    let home = imported();
    let draw =
        |seed: &str| ids(&home.run(&["search", "*", "--sample", "20", "--seed", seed, "--format", "paths"]));
    assert_eq!(draw("1").len(), 20);
    assert_eq!(draw("1"), draw("1"));
    assert_ne!(draw("1"), draw("2"));
    let page = home.run(&["search", "*", "--sample", "1000", "--json"]).json();
    assert_eq!(
        (page["summary"]["shown"].as_u64(), page["summary"]["total"].as_u64()),
        (Some(300), Some(300))
    );
}

#[test]
fn groups_hold_every_hit_once() {
    let home = imported();
    for by in ["prompt", "model", "seed", "dup"] {
        let answer = home.run(&["search", "*", "--group", by, "--limit", "1000", "--json"]).json();
        let (summary, groups) = (&answer["summary"], answer["groups"].as_array().expect("groups"));
        let counted: u64 = groups.iter().filter_map(|group| group["count"].as_u64()).sum();
        assert_eq!(counted + summary["without"].as_u64().expect("a count"), 300, "{by}");
        assert_eq!(summary["groups"], groups.len() as u64, "{by}");
        assert!(groups.iter().all(|group| group["best"]["type"] == "hit"), "{by}");
    }
    let first = home.run(&["search", "*", "--group", "prompt", "--limit", "3", "--json"]).json();
    let next = first["summary"]["next"].as_str().expect("a next page");
    let second =
        home.run(&["search", "*", "--group", "prompt", "--limit", "3", "--after", next, "--json"]).json();
    let all = home.run(&["search", "*", "--group", "prompt", "--limit", "6", "--json"]).json();
    let both = [first["groups"].as_array(), second["groups"].as_array()]
        .map(|groups| groups.expect("groups").clone());
    assert_eq!(all["groups"], Value::from(both.concat()));
}

#[test]
fn every_facet_counts_every_hit() {
    let home = imported();
    let names = "sampler,scheduler,base,user,tool,type,source,chunk,negative_chunk,model,lora,embedding,vae,controlnet,\
                 upscaler,resource,tag,creator,size,steps,cfg,date:year,date:month,date:week,date:day";
    let count = home.run(&["count", "lighthouse", "--facet", names, "--facet-top", "3", "--json"]).json();
    let facets = count["facets"].as_array().expect("facets");
    assert_eq!(facets.len(), names.split(',').count());
    let single =
        "sampler scheduler base user tool type source size steps cfg date:year date:month date:week date:day";
    for facet in facets {
        let number = |field: &str| facet[field].as_u64().expect("a count");
        let shown: u64 = facet["buckets"]
            .as_array()
            .expect("buckets")
            .iter()
            .filter_map(|bucket| bucket["count"].as_u64())
            .sum();
        let sum = shown + number("other") + number("missing");
        let name = facet["facet"].as_str().expect("a name");
        assert_eq!(number("total"), count["total"].as_u64().expect("a count"), "{name}");
        let is_single = single.split(' ').any(|other| other == name);
        assert!(if is_single { sum == number("total") } else { sum >= number("total") }, "{name}: {facet}");
    }
}

#[test]
fn models_are_counted_and_shown_by_the_version_that_stands_for_them() {
    let home = imported();
    let count = home.run(&["count", "lighthouse", "--facet", "model", "--facet-top", "100", "--json"]).json();
    let buckets = count["facets"][0]["buckets"].as_array().expect("buckets");
    assert!(buckets.len() > 5);
    for bucket in buckets {
        let version = bucket["version"].as_u64().expect("every checkpoint of the demo is known");
        let query = format!("version:{version} lighthouse");
        assert_eq!(home.run(&["count", &query, "--json"]).json()["total"], bucket["count"], "{bucket}");
    }
    let hit = &home.run(&["search", "lighthouse", "--limit", "1", "--json"]).json()["hits"][0];
    let table =
        home.run(&["search", "lighthouse", "--limit", "1", "--format", "csv", "--fields", "image,model"]);
    let model = hit["checkpoint"]["model_name"].as_str().expect("it is linked");
    assert!(
        table.stdout.contains(model) && hit["model"] != hit["checkpoint"]["model_name"],
        "{}",
        table.stdout
    );
}

#[test]
fn what_is_printed_is_what_the_schema_says() {
    let home = imported();
    let all = home.run(&["schema"]).json();
    let shape = |record: &str| {
        let own = home.run(&["schema", record]).json();
        assert_eq!(own["properties"], all["$defs"][record]["properties"], "{record}");
        own
    };
    let check = |record: &str, value: &Value| {
        let found = faults(&shape(record), value);
        assert!(found.is_empty(), "{record}: {found:?}");
    };
    let mut seen = 0;
    for line in home.run(&["search", "lighthouse", "--facet", "model,steps", "--format", "ndjson"]).lines() {
        check(line["type"].as_str().expect("a type"), &line);
        seen += 1;
    }
    assert_eq!(seen, 20 + 2 + 1);
    let page = home.run(&["search", "lighthouse", "--json"]).json();
    check("summary", &page["summary"]);
    for line in home.run(&["search", "lighthouse", "--group", "model", "--format", "ndjson"]).lines() {
        check(if line["type"] == "group" { "group" } else { "group_summary" }, &line);
    }
    check("count", &home.run(&["count", "lighthouse", "--facet", "date", "--json"]).json());
    check(
        "explanation",
        &home.run(&["search", "lighthouse -steps:20", "--explain=json", "--limit", "2"]).json(),
    );
    check("index_status", &home.run(&["index", "status", "--json"]).json());
    check("index_verify", &home.run(&["index", "verify", "--json"]).json());
    check("index_compact", &home.run(&["index", "compact", "--json"]).json());
    check("error", &home.run(&["search", "castle", "negativ:blurry", "--json"]).error());
    check("error", &home.run(&["search", "castle", "--template", "{ide}", "--json"]).error());
    let unknown = home.run(&["schema", "hitt", "--json"]);
    assert_eq!((unknown.code, &unknown.error()["hint"]), (4, &Value::from("did you mean `hit`?")));
}

#[test]
fn the_validator_of_these_tests_finds_what_is_wrong() {
    let home = Home::new();
    let schema = home.run(&["schema", "bucket"]).json();
    let good =
        serde_json::json!({"value": "a", "count": 1, "version": null, "model": 5, "from": 0.5, "to": null});
    assert_eq!(faults(&schema, &good), Vec::<String>::new());
    for (field, value) in [("count", Value::from("1")), ("version", Value::from("x")), ("extra", Value::Null)]
    {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(faults(&schema, &bad).len(), 1, "{field}");
    }
    assert_eq!(faults(&schema, &serde_json::json!({"value": "a"})).len(), 5);
}

#[test]
fn hits_are_printed_in_the_words_of_the_caller() {
    let home = imported();
    let line =
        |template: &str| home.run(&["search", "lighthouse", "--limit", "1", "--template", template, "-q"]);
    assert_eq!(line(r"{id}\t{size}|{prompt:12}|{{{steps}}}").stdout, "900128\t512x768|a lighthous…|{20}\n");
    let json: Value = serde_json::from_str(&line("{json}").stdout).expect("the whole record");
    assert_eq!((&json["type"], &json["image"]), (&Value::from("hit"), &Value::from(900_128)));
    let wrong = line("{id} {modell}");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains("^^^^^^ did you mean `model`?"), "{}", wrong.stderr);
    let nul = home.run(&["search", "lighthouse", "--limit", "2", "-0", "-q"]);
    assert_eq!(nul.stdout, "900128\u{0}900133\u{0}");
    let columns =
        home.run(&["search", "lighthouse", "--limit", "1", "--fields", "id,seed,missing", "--format", "csv"]);
    assert_eq!(columns.stdout, "image,seed,missing\r\n900128,272632156598511,\r\n");
    for line in [
        &["--fields", "nope"][..],
        &["--fields", "id", "--json"],
        &["--template", "{id}", "--json"],
        &["-0", "--format", "csv"],
        &["--facet", "steps", "--format", "csv"],
        &["--facet", "stepz"],
        &["--group", "prompt", "--sample", "3"],
        &["--preview=blocks", "--json"],
    ] {
        let answer = home.run(&[&["search", "lighthouse"], line].concat());
        assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{line:?}: {}", answer.stderr);
    }
}

#[test]
fn words_that_matched_are_marked_where_there_is_colour() {
    let home = imported();
    let table = |color: &str| {
        let line = ["search", "light* basalt", "--limit", "2", "--format", "table", "--color", color, "-q"];
        home.run(&line).stdout
    };
    let (plain, colored) = (table("never"), table("always"));
    assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[1;35mlighthouse\u{1b}[0m"), "{colored:?}");
    let mut stripped = colored;
    for code in ["\u{1b}[1;35m", "\u{1b}[1m", "\u{1b}[0m"] {
        stripped = stripped.replace(code, "");
    }
    assert_eq!(stripped, plain, "colour adds nothing but colour");
}

#[test]
fn pictures_are_drawn_beside_hits() {
    let home = imported();
    let preview = |how: &str, environment: &[(&str, &str)]| {
        let mut command =
            home.command(&["search", "lighthouse", "--limit", "1", "--format", "table", how, "-q"]);
        let output = command.envs(environment.iter().copied()).output().expect("the command starts");
        Answer::of(output).stdout
    };
    let table = home.run(&["search", "lighthouse", "--limit", "1", "--format", "table", "-q"]).stdout;
    assert_eq!(preview("--preview", &[]), table, "not a terminal");
    let utf8 = ("LANG", "C.UTF-8");
    let blocks = preview("--preview=blocks", &[utf8, ("CLICOLOR_FORCE", "1"), ("COLORTERM", "truecolor")]);
    assert!(blocks.matches('▀').count() > 50 && blocks.contains("\u{1b}[38;2;"), "{blocks:?}");
    let palette = preview("--preview=always", &[utf8, ("CLICOLOR_FORCE", "1")]);
    assert!(palette.contains("\u{1b}[38;5;"), "{palette:?}");
    let letters = preview("--preview=blocks", &[]);
    assert!(letters.is_ascii() && !letters.contains('\u{1b}') && letters.contains("900128"), "{letters:?}");
    assert!(preview("--preview=kitty", &[]).contains("\u{1b}_Ga=T,f=24,"));
    assert!(preview("--preview=iterm2", &[]).contains("\u{1b}]1337;File=inline=1;"));
}

#[test]
fn a_hostile_prompt_harms_no_form_of_output() {
    let home = Home::new();
    let nasty = "kite \u{1b}[2J\u{1b}]0;owned\u{7} \u{202e}gnp.exe\u{202c} \u{200b}\u{200d}zero \u{9b}31m \"quoted\", a\tb\r\nc \u{7f} 城堡 🏰";
    let long = format!("kite {}", "very long ".repeat(100_000));
    let zalgo = format!("kite e{}", "\u{301}".repeat(50_000));
    for (id, prompt) in [(1, nasty), (2, &long), (3, &zalgo)] {
        let url = format!("https://image.civitai.com/k/0a1b2c3d-1111-4222-8333-44445555666{id}/x.jpeg");
        let image = serde_json::json!({"id": id, "url": url, "meta": {"prompt": prompt, "Model": nasty}});
        let answer = home.run_with_input(&["import", "-", "-q"], image.to_string().as_bytes());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    for form in ["table", "json", "ndjson", "csv", "tsv", "paths"] {
        let answer = home.run(&["search", "kite", "--format", form, "--facet-top", "5"]);
        assert_eq!(answer.code, 0, "{form}: {}", answer.stderr);
        assert_harmless(&answer.stdout.replace('\t', if form == "csv" { " " } else { "\t" }), form);
        assert!(answer.stdout.lines().count() >= if form == "json" { 1 } else { 3 }, "{form}");
    }
    for line in [&["--template", "{prompt}|{prompt:20}|{json}"][..], &["--preview=blocks"]] {
        let answer = home.run(&[&["search", "kite"], line].concat());
        assert_harmless(&answer.stdout, "lines");
    }
    let stats = home.run(&["search", "kite", "--stats", "--format", "table"]);
    assert_harmless(&stats.stdout, "stats");
    let narrow = Answer::of(
        home.command(&["search", "kite", "--format", "table"])
            .env("COLUMNS", "40")
            .output()
            .expect("it starts"),
    );
    assert!(narrow.stdout.len() < 10_000, "{} bytes", narrow.stdout.len());
    let demo = imported();
    let narrow = demo.command(&["search", "lighthouse", "--format", "table"]).env("COLUMNS", "40").output();
    let narrow = Answer::of(narrow.expect("it starts")).stdout;
    assert!(
        narrow.lines().count() == 21 && narrow.lines().all(|line| line.chars().count() <= 40),
        "{narrow}"
    );
}

#[test]
fn a_reader_of_hits_that_goes_away_ends_the_command_quietly() {
    let home = imported();
    for form in ["--format=ndjson", "--format=tsv", "--template={json}", "-0"] {
        let mut child = home.piped(&["search", "*", "--limit", "100000", form, "-q"]);
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("stderr is piped").read_to_string(&mut said).expect("UTF-8");
        assert_eq!((said.as_str(), child.wait().expect("it ends").code()), ("", Some(0)), "{form}");
    }
}

#[cfg(unix)]
#[test]
fn local_files_are_told_by_their_bytes_and_missing_ones_as_missing() {
    use std::os::unix::ffi::OsStrExt as _;

    let home = Home::new();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path().canonicalize().expect("it is there");
    let infotext = "kite\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 512x768";
    let path = root.join(std::ffi::OsStr::from_bytes(b"k\xffite.png"));
    std::fs::write(&path, pictures::png(&[("parameters", infotext)])).expect("a writable folder");
    // A folder without any file would be taken for one that is not there.
    std::fs::write(root.join("other.png"), pictures::png(&[])).expect("a writable folder");
    let scan = || {
        let answer = home.run(&["scan", root.to_str().expect("UTF-8"), "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    };
    scan();
    let hit = || home.run(&["search", "kite", "--json"]).json()["hits"][0].clone();
    let expected = base64(path.as_os_str().as_bytes());
    assert_eq!(
        (&hit()["path"], &hit()["missing"]),
        (&serde_json::json!({ "bytes": expected }), &Value::from(false))
    );
    let names = home.command(&["search", "kite", "-0", "-q"]).output().expect("it starts").stdout;
    assert_eq!(names, [path.as_os_str().as_bytes(), b"\0"].concat());

    std::fs::remove_file(&path).expect("it can be deleted");
    scan();
    assert_eq!(hit()["missing"], true);
    let table = home.run(&["search", "kite", "--format", "table"]);
    assert!(table.stdout.contains("(missing)"), "{}", table.stdout);
    assert!(table.stderr.contains("1 of these files were missing"), "{}", table.stderr);
}

/// Base64, written another way than the command does.
fn base64(bytes: &[u8]) -> String {
    let digits: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let mut text: String = bits
        .chunks(6)
        .map(|six| digits[(0..6).fold(0, |sum, at| sum * 2 + usize::from(six.get(at).copied().unwrap_or(0)))])
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
