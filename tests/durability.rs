//! Killed, repeated, fed in parts: the same catalog and the same index in the end.

use std::fs;
use std::path::{Path, PathBuf};

use crate::generator::records::{Plan, Records};
use crate::support::cli::Home;
use crate::support::everything::{everything, found, generation_of};

const PLAN: Plan = Plan { images: 6_000, versions: 300, seed: 7 };

/// Writes generated documents into a folder of their own: models, then images.
fn documents(folder: &Path) -> [PathBuf; 2] {
    let records = Records::new(PLAN);
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.join(name);
        fs::write(&path, bytes).expect("writes");
        path
    };
    [
        write("models.ndjson", records.models().expect("models")),
        write("images.ndjson", records.images(0..PLAN.images).expect("images")),
    ]
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path in UTF-8")
}

#[test]
fn an_import_that_was_killed_anywhere_ends_like_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [models, images] = documents(folder.path());
    let calm = Home::new();
    let import = ["import", text(&models), text(&images), "-q"];
    assert_eq!(calm.run(&import).code, 0);
    let expected = everything(&calm);

    let shaken = Home::new();
    let mut cut_short = 0;
    for generation in [1, 2, 4] {
        let mut child = shaken.piped(&import);
        while child.try_wait().expect("can be asked").is_none() && generation_of(&shaken) < generation {
            std::thread::yield_now();
        }
        cut_short += u32::from(child.try_wait().expect("can be asked").is_none());
        // On Unix this is SIGKILL: the command has no chance to tidy up.
        child.kill().expect("can be killed");
        child.wait().expect("ends");
    }
    assert!(cut_short > 0, "no import was cut short");
    assert_eq!(shaken.run(&import).code, 0);
    assert!(everything(&shaken) == expected, "a killed import left traces");
}

#[test]
fn an_index_that_grew_equals_one_that_was_built_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let [models, images] = documents(folder.path());
    let home = Home::new();
    let all = fs::read_to_string(&images).expect("reads");
    let lines: Vec<&str> = all.lines().take(3_000).collect();
    let changed: Vec<String> =
        lines.iter().step_by(3).map(|line| line.replace("\"likeCount\":", "\"likeCount\":9")).collect();
    let parts = [lines[..2_000].join("\n"), changed.join("\n"), lines[1_500..].join("\n")];
    for (number, part) in parts.iter().enumerate() {
        let path = folder.path().join(format!("part{number}.ndjson"));
        fs::write(&path, part).expect("writes");
        assert_eq!(home.run(&["import", text(&path), "-q"]).code, 0);
    }
    assert_eq!(home.run(&["import", text(&models), "-q"]).code, 0);
    let grown = found(&home);
    assert_eq!(grown.lines().count(), 3_001, "a heading and each image once");
    assert_eq!(home.run(&["index", "rebuild", "-q"]).code, 0);
    assert!(found(&home) == grown, "the rebuilt index answers differently");
}
