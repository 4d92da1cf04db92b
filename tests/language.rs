//! The query language on the command line: what it says of itself, of queries, and to the shell.

use std::fs;
use std::process::Command;

use crate::support::cli::Home;
use crate::support::pictures;

/// A home with three pictures of the site: one with settings, one with a prompt alone, one without generation data.
fn home() -> Home {
    let home = Home::new();
    let image = |id: u64, meta: &str| {
        format!(
            r#"{{"id":{id},"url":"https://image.civitai.com/x/{id}.png","width":640,"height":360,"createdAt":"2024-02-0{id}T00:00:00.000Z","username":"u","meta":{meta}}}"#
        )
    };
    let images = [
        image(
            1,
            r#"{"prompt":"a castle on a hill, blue eyes","negativePrompt":"blurry","steps":20,"sampler":"Euler a","seed":7}"#,
        ),
        image(2, r#"{"prompt":"castles, hills"}"#),
        image(3, "null"),
    ];
    let page = format!(r#"{{"items":[{}],"metadata":{{}}}}"#, images.join(","));
    fs::write(home.path().join("page.json"), page).expect("written");
    let import = home.run(&["import", "page.json"]);
    assert_eq!(import.code, 0, "{}", import.stderr);
    let index = home.run(&["index", "update"]);
    assert_eq!(index.code, 0, "{}", index.stderr);
    home
}

/// The images that a query finds.
fn found(home: &Home, arguments: &[&str]) -> String {
    let line = [&["search", "--sort", "+id", "--format", "paths", "-q"], arguments].concat();
    let answer = home.run(&line);
    assert_eq!(answer.code, 0, "{arguments:?}: {}", answer.stderr);
    answer.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn what_is_unknown_is_found_by_no_condition_and_by_no_negation() {
    let home = home();
    for (query, expected) in [
        ("*", "1 2 3"),
        ("-steps:20", ""),
        ("steps:none", "2 3"),
        ("-steps:none", "1"),
        ("-negative:blurry", "2"),
        ("-tower", "1 2"),
        ("not:castle", "2"),
        ("-has:seed", "2"),
        ("seed:none", "2 3"),
        ("steps:20 or castles", "1 2"),
        ("castl*", "1 2"),
        ("*astles", "2"),
        ("/hill.?/", "1 2"),
        ("chunk:\"blue eyes\"", "1"),
        ("size:16:9 mp:..1", "1 2 3"),
        ("resources:0", "1 2"),
        ("seen:today is:remote", "1 2 3"),
        ("age:<7d", ""),
        ("-is:local date:[2024-02-02 TO *]", "2 3"),
    ] {
        assert_eq!(found(&home, &[query]), expected, "{query}");
    }
}

#[test]
fn a_query_comes_from_a_file_from_json_or_as_any_text() {
    let home = home();
    fs::write(home.path().join("query.txt"), "castle\n  steps:20\n").expect("written");
    assert_eq!(found(&home, &["--query-file", "query.txt"]), "1");
    assert_eq!(found(&home, &["--lenient", "negativ:castle or castle"]), "1");
    assert_eq!(found(&home, &["--like-prompt", "-castles (x:y) seed:7 or hill"]), "1 2");
    let explained = home.run(&["search", "castle or castles", "--explain=json"]).json();
    fs::write(home.path().join("ast.json"), explained["ast"].to_string()).expect("written");
    assert_eq!(found(&home, &["--ast", "ast.json"]), "1 2");
    let wrong = home.run_with_input(&["search", "--ast", "-", "--json"], b"{\"version\":1}");
    assert_eq!((wrong.code, wrong.error()["code"].as_str()), (2, Some("query.bad_tree")));
}

#[test]
fn saved_queries_come_from_the_home_before_the_user() {
    let home = home();
    let user = home.path().join("settings");
    fs::create_dir_all(user.join("stemmata")).expect("made");
    fs::write(user.join("stemmata/config.toml"), "[query.alias]\nmine = 'tower'\nfine = 'steps:20'")
        .expect("written");
    fs::write(home.path().join("config.toml"), "[query.alias]\nmine = '@fine castle'").expect("written");
    let mut command = home.command(&["search", "@mine", "--format", "paths", "-q"]);
    let output = command.env("XDG_CONFIG_HOME", &user).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n");
    assert_eq!(
        home.run(&["search", "@mine", "--json"]).error()["message"],
        "in `@mine`: no alias is called `fine`"
    );
    let listed = home.run(&["config", "list", "--format", "tsv"]).stdout;
    assert!(listed.starts_with("@mine\t@fine castle\t"), "{listed}");
    fs::write(home.path().join("config.toml"), "[query.alias]\nmine = 3").expect("written");
    assert_eq!(home.run(&["search", "castle", "--json"]).error()["code"], "config.bad");
}

#[test]
fn an_explanation_counts_each_condition_and_says_why_hits_match() {
    let home = home();
    let told =
        home.run(&["search", "castle* -negative:blurry steps:none", "--explain=json", "--limit", "5"]).json();
    assert_eq!(told["query"], "castle* -negative:blurry steps:none");
    let clauses: Vec<String> = told["clauses"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|clause| {
            format!("{} {} {} {}", clause["text"], clause["images"], clause["unknown"], clause["cost"])
        })
        .collect();
    assert_eq!(
        clauses,
        [r#""castle*" 2 1 "index""#, r#""negative:blurry" 1 1 "index""#, r#""steps:none" 2 0 "index""#]
    );
    assert_eq!(told["hits"][0]["image"], 2);
    assert_eq!(told["hits"][0]["clauses"], serde_json::json!(["castle*", "steps:none"]));
    assert_eq!(told["hits"][0]["words"], serde_json::json!(["castles"]));
    let text = home.run(&["search", "castle", "--explain"]);
    assert!(text.stdout.starts_with("query      castle\nimages     1\n"), "{}", text.stdout);
}

#[test]
fn a_hint_is_said_once_and_only_to_people() {
    let home = home();
    let answer = home.run(&["search", "steps: 20 seed: 7", "--format", "paths"]);
    assert_eq!(answer.stdout, "1\n");
    assert_eq!(answer.stderr.matches("hint:").count(), 1, "{}", answer.stderr);
    assert_eq!(home.run(&["search", "steps: 20", "--format", "paths", "-q"]).stderr, "");
    for (query, code) in [
        ("dupof:9", "query.unknown_target"),
        ("like:9~8", "query.unknown_target"),
        ("as-of:2024", "query.not_indexed"),
        ("via:nonsense", "query.bad_value"),
        ("path:\"a[\"", "query.bad_pattern"),
        ("descends:nobody", "query.unknown_target"),
    ] {
        let error = home.run(&["search", query, "--json"]);
        assert_eq!((error.code, error.error()["code"].as_str()), (2, Some(code)), "{query}");
    }
}

#[test]
fn topics_and_manual_pages_are_printed() {
    let home = Home::new();
    for topic in ["query", "fields", "exit-codes", "formats"] {
        let help = home.run(&["help", topic]);
        assert_eq!((help.code, help.stderr.as_str()), (0, ""), "{topic}");
        assert!(help.stdout.lines().count() > 10, "{topic}");
    }
    assert!(home.run(&["help", "crawl", "images"]).stdout.contains("Usage: stemmata crawl images"));
    assert_eq!(home.run(&["help", "nonsense"]).code, 2);
    let page = home.run(&["man", "crawl", "images"]).stdout;
    assert!(page.contains(".TH stemmata-crawl-images 1"), "{page}");
    assert!(home.run(&["man", "query"]).stdout.starts_with(".TH stemmata-query 7"));
}

#[cfg(unix)]
#[test]
fn files_are_asked_for_by_place_kind_size_and_state() {
    let home = Home::new();
    let root = home.path().join("Pictures");
    fs::create_dir_all(root.join("2024-01")).expect("made");
    let picture = |seed: u32| pictures::png(&[("parameters", &format!("castle\nSteps: 20, Seed: {seed}"))]);
    fs::write(root.join("2024-01/a.png"), picture(1)).expect("written");
    fs::write(root.join("b.PNG"), [picture(2), vec![0; 3000]].concat()).expect("written");
    let scan = |home: &Home| {
        let scan = home.run(&["scan", "Pictures"]);
        assert_eq!(scan.code, 0, "{}", scan.stderr);
        assert_eq!(home.run(&["index", "update"]).code, 0);
    };
    scan(&home);
    let named = |query: &str| {
        let names = found(&home, &[query]).replace(&format!("{}/", root.display()), "");
        let mut names: Vec<&str> = names.split(' ').filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.join(" ")
    };
    let folder = root.display().to_string();
    for (query, expected) in [
        (format!("path:\"{folder}\""), "2024-01/a.png b.PNG"),
        ("path:2024-*".into(), "2024-01/a.png"),
        ("-path:2024-*".into(), "b.PNG"),
        ("path:**/*.PNG".into(), "b.PNG"),
        ("root:pictures".into(), "2024-01/a.png b.PNG"),
        ("root:ictures".into(), ""),
        ("ext:png filesize:>3kB".into(), "b.PNG"),
        ("-filesize:>3kB".into(), "2024-01/a.png"),
        ("mtime:-1d.. is:local".into(), "2024-01/a.png b.PNG"),
        ("mtime:..2001".into(), ""),
        ("is:missing".into(), ""),
        (format!("dupof:\"{folder}/b.PNG\" or seed:2"), "b.PNG"),
        (format!("-dupof:\"{folder}/b.PNG\""), "2024-01/a.png"),
    ] {
        assert_eq!(named(&query), expected, "{query}");
    }
    fs::remove_file(root.join("b.PNG")).expect("removed");
    scan(&home);
    assert_eq!(named("is:offline"), "b.PNG");
}

/// What bash offers at the end of a line, as its own completion would ask.
#[cfg(unix)]
fn offered(home: &Home, words: &[&str]) -> Option<Vec<String>> {
    let script = home.run(&["completions", "bash"]).stdout;
    let file = home.path().join("completions.bash");
    fs::write(&file, script).expect("written");
    let binary = env!("CARGO_BIN_EXE_stemmata");
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let function = r#"name=$(complete -p stemmata); name=${name#*-F }; name=${name%% *}"#;
    let line = format!(
        "source {}; {function}; COMP_WORDS=(stemmata {}); COMP_CWORD={}; $name stemmata '{}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        file.display(),
        quoted.join(" "),
        words.len(),
        words.last()?,
    );
    let folder = std::path::Path::new(binary).parent()?;
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let output = Command::new("bash")
        .args(["--norc", "-c", &line])
        .env_clear()
        .env("PATH", path)
        .env("STEMMATA_HOME", home.path())
        .output()
        .ok()?;
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{words:?}");
    Some(String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim().to_owned()).collect())
}

#[cfg(unix)]
#[test]
fn bash_completes_fields_values_and_saved_queries() {
    let home = home();
    fs::write(home.path().join("config.toml"), "[query.alias]\nmine = 'castle'").expect("written");
    if Command::new("bash").arg("--version").output().is_err() {
        return;
    }
    for (words, expected) in [
        (&["search", "samp"] as &[&str], "sampler:"),
        (&["search", "castle", "-neg"], "-negative:"),
        (&["search", "sampler", ":", "eu"], "euler_ancestral"),
        (&["search", "is", ":", "unr"], "unresolved"),
        (&["search", "@m"], "@mine"),
        (&["help", "fie"], "fields"),
        (&["cou"], "count"),
        (&["search", "--exp"], "--explain"),
    ] {
        let offered = offered(&home, words).expect("bash answers");
        assert!(offered.iter().any(|word| word.starts_with(expected)), "{words:?}: {offered:?}");
    }
    assert_eq!(offered(&home, &["search", "model", ":", "zzz"]).expect("bash answers"), [""]);
}
