//! Pictures on disk become images, once; what happens to the files afterwards loses nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use stemmata::catalog::{Access, Batch, Catalog, FileKind, LocalFile, RawBlock, ScanBatch, ScannedFile};
use stemmata::entity::Timestamp;

use crate::support::cli::{Answer, Home};
use crate::support::pictures::{self, Comment};

/// A home, and a folder of pictures.
struct World {
    home: Home,
    folder: tempfile::TempDir,
}

fn infotext(prompt: &str, seed: u64) -> String {
    format!(
        "{prompt} <lora:mist:0.6>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: {seed}, Size: 512x768, Model hash: a1b2c3d4e5, Model: dream"
    )
}

fn picture(prompt: &str, seed: u64) -> Vec<u8> {
    pictures::png(&[("parameters", &infotext(prompt, seed))])
}

impl World {
    fn new() -> Self {
        Self { home: Home::new(), folder: tempfile::tempdir().expect("a temporary folder") }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("has a parent")).expect("creates");
        fs::write(&path, bytes).expect("writes");
        path
    }

    #[track_caller]
    fn scan(&self, flags: &[&str]) -> Value {
        let answer = self.scan_answer(flags);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one JSON object")
    }

    fn scan_answer(&self, flags: &[&str]) -> Answer {
        let root = self.root();
        let root = root.to_str().expect("a temporary path in UTF-8");
        self.home.run(&[&["scan", root, "--json"], flags].concat())
    }

    fn catalog(&self) -> Catalog {
        Catalog::open(&self.home.path().join("catalog.db"), Access::Write).expect("a catalog")
    }

    fn files(&self) -> Vec<LocalFile> {
        let catalog = self.catalog();
        let roots = catalog.roots().expect("reads");
        roots.iter().flat_map(|root| catalog.local_files(root.id, b"").expect("reads")).collect()
    }

    /// Paths of images whose prompt holds a word, as the index finds them.
    fn found(&self, word: &str) -> Vec<String> {
        let answer = self.home.run(&["search", word, "--sort", "id", "--format", "paths", "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let mut names: Vec<String> = answer.stdout.lines().map(|line| self.below(line)).collect();
        names.sort();
        names
    }

    fn below(&self, path: &str) -> String {
        let root = format!("{}/", self.root().display());
        path.strip_prefix(&root).unwrap_or(path).to_owned()
    }

    fn exported(&self) -> String {
        let answer = self.home.run(&["export", "images", "-q"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout
    }

    fn generation(&self) -> Value {
        self.home.run(&["stats", "--json"]).json()["generation"].clone()
    }
}

#[test]
fn what_pictures_of_every_kind_say_is_found_shown_and_traced() {
    let world = World::new();
    world.write("a.png", &picture("castle", 1));
    world.write("b/c.jpeg", &pictures::jpeg_user_comment(&infotext("castle tower", 2), Comment::Utf16Be));
    world.write("b/d.webp", &pictures::webp_user_comment(&infotext("castle moat", 3), Comment::Utf16Be));
    world.write("b/e.gif", &pictures::gif(&["nothing to say"]));
    world.write("b/misnamed.txt", &picture("castle gate", 4));
    world.write("notes.md", b"castle");
    world.write("empty.png", b"");
    let summary = world.scan(&[]);
    assert_eq!(summary["read"]["files"], 6);
    assert_eq!(summary["read"]["pictures"], 5);
    assert_eq!(summary["read"]["other files left alone"], 2);
    assert_eq!(world.found("castle"), ["a.png", "b/c.jpeg", "b/d.webp", "b/misnamed.txt"]);
    assert_eq!(world.found("castle seed:2"), ["b/c.jpeg"]);
    let path = world.path("b/c.jpeg");
    let path = path.to_str().expect("UTF-8");
    let trace = world.home.run(&["trace", path, "--json"]).json();
    assert_eq!((&trace["image"], &trace["via"]), (&Value::from(path), &"metadata".into()));
    let kinds: Vec<&str> = trace["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["kind"].as_str())
        .collect();
    assert!(kinds.contains(&"lora") && kinds.contains(&"model"), "{trace}");
    let exported = world.exported();
    assert_eq!(exported.lines().count(), 5);
    let first: Value = serde_json::from_str(exported.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&first["source"], &first["generation"]["sampler"]),
        (&"local".into(), &"euler_ancestral".into())
    );
}

#[test]
fn a_scan_of_what_has_not_changed_writes_nothing() {
    let world = World::new();
    for number in 0..40 {
        world.write(&format!("{number:02}.png"), &picture("castle", number));
    }
    world.write("00.txt", b"a caption");
    world.scan(&[]);
    let before = (world.generation(), world.exported());
    let summary = world.scan(&[]);
    assert_eq!((&summary["read"]["files"], &summary["read"]["unchanged"]), (&41.into(), &41.into()));
    assert_eq!(summary["written"]["images"], serde_json::json!({"new": 0, "changed": 0, "unchanged": 0}));
    assert_eq!((world.generation(), world.exported()), before);
    let all = world.scan(&["--all"]);
    assert_eq!(all["written"]["images"]["unchanged"], 40);
    assert_eq!(world.exported(), before.1);
}

#[test]
fn a_changed_picture_says_what_it_says_now() {
    let world = World::new();
    world.write("a.png", &picture("castle", 1));
    world.scan(&[]);
    world.write("a.png", &picture("harbour with boats", 2));
    world.scan(&[]);
    assert_eq!((world.found("castle").len(), world.found("harbour")), (0, vec!["a.png".to_owned()]));
    world.write("a.png", &pictures::png(&[]));
    let summary = world.scan(&[]);
    assert_eq!(summary["read"]["without metadata"], 1);
    assert_eq!(world.found("harbour").len(), 0);
}

#[test]
fn a_sidecar_speaks_for_its_picture_as_long_as_it_is_there() {
    let world = World::new();
    world.write("a.png", &pictures::png(&[]));
    let sidecar = world.write("a.txt", infotext("castle", 1).as_bytes());
    let summary = world.scan(&[]);
    assert_eq!((&summary["read"]["pictures"], &summary["read"]["sidecars"]), (&1.into(), &1.into()));
    assert_eq!(world.found("castle"), ["a.png"]);
    fs::write(&sidecar, infotext("a wide harbour", 2)).expect("writes");
    world.scan(&[]);
    assert_eq!((world.found("castle").len(), world.found("harbour").len()), (0, 1));
    fs::remove_file(&sidecar).expect("removes");
    let summary = world.scan(&[]);
    assert_eq!(summary["read"]["missing"], 1);
    assert_eq!(world.found("harbour").len(), 0);
}

#[test]
fn text_hidden_in_pixels_is_looked_for_on_request() {
    use crate::support::pictures::{Png, gradient, stealth};

    let world = World::new();
    let pixels = stealth::hide(64, 64, gradient(64, 64, 1), "stealth_pngcomp", &infotext("castle", 5));
    world.write("a.png", &Png::pixels(64, 64, pixels).build());
    assert_eq!(world.scan(&[])["read"]["without metadata"], 1);
    assert_eq!(world.found("castle").len(), 0);
    world.scan(&["--all", "--stealth"]);
    assert_eq!(world.found("castle seed:5"), ["a.png"]);
}

#[test]
fn a_scan_that_was_killed_anywhere_ends_like_one_that_was_not() {
    let calm = World::new();
    for number in 0..3_000 {
        calm.write(&format!("{}/{number}.png", number % 7), &picture("castle", number));
    }
    calm.scan(&["-j", "2"]);
    let expected = (calm.exported(), calm.found("seed:17"));

    let root = calm.root();
    let shaken = World { home: Home::new(), folder: calm.folder };
    let mut cut_short = 0;
    for generation in [1, 3, 5] {
        let root = root.to_str().expect("UTF-8");
        let mut child = shaken.home.piped(&["scan", root, "-q", "-j", "2"]);
        let reached = || {
            Catalog::open(&shaken.home.path().join("catalog.db"), Access::Read)
                .and_then(|catalog| catalog.generation())
                .is_ok_and(|now| now >= generation)
        };
        while child.try_wait().expect("can be asked").is_none() && !reached() {
            std::thread::yield_now();
        }
        cut_short += u32::from(child.try_wait().expect("can be asked").is_none());
        child.kill().expect("can be killed");
        child.wait().expect("ends");
    }
    assert!(cut_short > 0, "no scan was cut short");
    shaken.scan(&["-j", "1"]);
    assert!((shaken.exported(), shaken.found("seed:17")) == expected, "a killed scan left traces");
    assert_eq!(shaken.files().len(), 3_000);
}

/// Gives a file another time of its last change.
fn touch(path: &Path, seconds: u64) {
    let file = fs::File::options().append(true).open(path).expect("opens");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).expect("a settable time");
}

#[test]
fn a_file_that_moved_stays_the_same_image() {
    let world = World::new();
    let a = world.write("a.png", &picture("castle", 1));
    world.write("b.png", &picture("castle", 2));
    world.scan(&[]);
    let before = world.files();
    // Renamed.
    fs::create_dir(world.path("new")).expect("creates");
    fs::rename(&a, world.path("new/a.png")).expect("moves");
    // Copied and deleted, so that only the bytes are the same.
    fs::copy(world.path("b.png"), world.path("new/renamed.png")).expect("copies");
    fs::remove_file(world.path("b.png")).expect("removes");
    touch(&world.path("new/renamed.png"), 1_000_000_000);
    let summary = world.scan(&[]);
    assert_eq!((&summary["read"]["moved"], summary["read"].get("missing")), (&2.into(), None));
    assert_eq!(world.found("castle"), ["new/a.png", "new/renamed.png"]);
    let after = world.files();
    let images = |files: &[LocalFile]| files.iter().map(|file| (file.id, file.image)).collect::<Vec<_>>();
    assert_eq!(images(&before), images(&after), "the same rows");
    assert_eq!(world.exported().lines().count(), 2);
}

#[test]
fn a_copy_is_no_move_and_other_bytes_are_not_the_same_file() {
    let world = World::new();
    let a = world.write("a.png", &picture("castle", 1));
    world.scan(&["--hash"]);
    fs::copy(&a, world.path("copy.png")).expect("copies");
    let summary = world.scan(&["--hash"]);
    assert_eq!(summary["read"].get("moved"), None);
    assert_eq!(world.found("castle").len(), 2);
    let groups = world.home.run(&["dupes", "--class", "same-bytes", "--format", "ndjson"]).lines();
    assert_eq!(groups[0]["members"].as_array().map(Vec::len), Some(2), "{groups:?}");

    fs::remove_file(&a).expect("removes");
    world.write("other.png", &picture("castle", 7));
    let summary = world.scan(&["--hash"]);
    assert_eq!((summary["read"].get("moved"), &summary["read"]["missing"]), (None, &1.into()));
}

#[test]
fn a_root_that_is_not_there_or_empty_is_offline_and_keeps_everything() {
    let world = World::new();
    world.write("in/a.png", &picture("castle", 1));
    let root = world.path("in");
    let scan = |world: &World| world.home.run(&["scan", root.to_str().expect("UTF-8"), "--json"]);
    assert_eq!(scan(&world).code, 0);
    let away = world.path("away");
    fs::rename(&root, &away).expect("moves");
    for is_mount_point in [false, true] {
        if is_mount_point {
            fs::create_dir(&root).expect("creates");
        }
        let answer = scan(&world);
        assert!(answer.stderr.contains("offline"), "{}", answer.stderr);
        assert_eq!(answer.json()["read"]["offline folders"], 1);
        assert_eq!(world.found("castle"), ["in/a.png"]);
        assert!(!world.catalog().roots().expect("reads")[0].online);
        let pruned = world.home.run(&["scan", root.to_str().expect("UTF-8"), "--prune", "--yes"]);
        assert_eq!((pruned.code, world.files().len()), (0, 1), "{}", pruned.stderr);
    }
    fs::remove_dir(&root).expect("removes");
    fs::rename(&away, &root).expect("moves");
    assert_eq!(scan(&world).json()["read"]["unchanged"], 1);
    assert!(world.catalog().roots().expect("reads")[0].online);
}

#[test]
fn a_file_that_is_gone_is_kept_until_it_is_pruned_on_purpose() {
    let world = World::new();
    let a = world.write("a.png", &picture("castle", 1));
    world.write("b.png", &picture("castle", 2));
    world.scan(&[]);
    let bytes = fs::read(&a).expect("reads");
    fs::remove_file(&a).expect("removes");
    assert_eq!(world.scan(&[])["read"]["missing"], 1);
    let stats = world.home.run(&["stats", "--json"]);
    assert!(stats.stdout.contains(r#""missing":1,"failed":0"#), "{}", stats.stdout);
    assert_eq!(world.found("castle"), ["a.png", "b.png"]);
    let shown = world.home.run(&["show", a.to_str().expect("UTF-8"), "--json"]).json();
    assert_eq!((&shown["file"]["state"], &shown["generation"]["seed"]), (&"missing".into(), &1.into()));

    let asked = world.scan_answer(&["--prune"]);
    assert!(asked.stderr.contains("1 file is missing") && asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert_eq!(world.found("castle"), ["a.png", "b.png"]);
    assert_eq!(world.scan(&["--prune", "--yes"])["read"]["forgotten"], 1);
    assert_eq!(world.found("castle"), ["b.png"]);
    assert_eq!(world.home.run(&["show", a.to_str().expect("UTF-8")]).code, 2, "it names nothing any more");
    assert_eq!(world.exported().lines().count(), 1);

    fs::write(&a, bytes).expect("writes");
    world.scan(&[]);
    assert_eq!(world.found("castle"), ["a.png", "b.png"]);
}

#[test]
fn a_file_that_failed_is_left_alone_until_a_retry() {
    let world = World::new();
    let path = world.write("a.png", &picture("castle", 1));
    world.write("b.png", &picture("castle", 2));
    let metadata = fs::metadata(&path).expect("is there");
    let mut catalog = world.catalog();
    let root_bytes = world.root().as_os_str().as_encoded_bytes().to_vec();
    let root = catalog.add_root(&root_bytes).expect("a root");
    let modified =
        metadata.modified().expect("a time").duration_since(SystemTime::UNIX_EPOCH).expect("after");
    #[cfg(unix)]
    let (device, inode) = {
        use std::os::unix::fs::MetadataExt as _;
        (metadata.dev(), metadata.ino())
    };
    #[cfg(not(unix))]
    let (device, inode) = (0, 0);
    let stat = stemmata::catalog::FileStat {
        size_bytes: metadata.len(),
        modified_ns: i64::try_from(modified.as_nanos()).expect("a near time"),
        device,
        inode,
    };
    let failed = ScannedFile {
        root: root.id,
        path: b"a.png".to_vec(),
        stat,
        kind: FileKind::Other,
        failure: Some("input/output error".to_owned()),
        sample: None,
        content: None,
        image: None,
        moved_from: None,
    };
    let raw = RawBlock::pack(&[]).expect("packs");
    let at = Timestamp::from_millis(0).expect("a moment");
    let batch = Batch { stage: "scan", source: String::new(), at, raw, records: Vec::new(), crawl: None };
    catalog.write_scan(&ScanBatch { batch, files: vec![failed] }).expect("writes");
    drop(catalog);

    let answer = world.scan_answer(&[]);
    assert!(answer.stderr.contains("--retry-failed"), "{}", answer.stderr);
    assert_eq!(world.found("castle"), ["b.png"]);
    let summary = world.scan(&["--retry-failed"]);
    assert_eq!((&summary["read"]["files"], &summary["read"]["pictures"]), (&1.into(), &1.into()));
    assert_eq!(world.found("castle"), ["a.png", "b.png"]);
    assert_eq!(world.scan(&["--retry-failed"])["read"]["files"], 0);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_are_no_text_survive() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    let world = World::new();
    let root = world.root();
    let [one, other] = [&b"caf\xe9.png"[..], b"caf\xe8.png"].map(|name| root.join(OsStr::from_bytes(name)));
    fs::write(&one, picture("castle", 1)).expect("writes");
    fs::write(&other, picture("castle", 2)).expect("writes");
    world.scan(&[]);
    let exported = world.exported();
    let names: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["path_bytes"].clone())
        .collect();
    assert_eq!(names.len(), 2);
    assert!(names[0].as_str().is_some_and(|name| name.ends_with("636166e82e706e67")), "{names:?}");
    let show = |path: &Path| {
        let output = world.home.command(&["show", "--json"]).arg(path).output().expect("runs");
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    };
    assert_eq!(show(&one)["generation"]["seed"], 1);
    assert_eq!(show(&other)["generation"]["seed"], 2);
    fs::remove_file(&one).expect("removes");
    world.scan(&[]);
    assert_eq!(
        (&show(&one)["generation"]["seed"], &show(&one)["file"]["state"]),
        (&1.into(), &"missing".into())
    );
    fs::rename(&other, &one).expect("moves");
    world.scan(&[]);
    assert_eq!(show(&one)["generation"]["seed"], 2);
}

#[test]
fn hidden_and_ignored_files_and_the_home_are_left_out_unless_asked_for() {
    let world = World::new();
    for name in ["a.png", ".hidden/b.png", "skip/c.png", "private/d.png", "out/e.png"] {
        world.write(name, &picture("castle", 1));
    }
    world.write(".stemmataignore", b"skip/\n");
    world.write(".ignore", b"private\n");
    world.write(".gitignore", b"out\n");
    world.scan(&[]);
    assert_eq!(world.found("castle"), ["a.png", "out/e.png"]);
    world.scan(&["--no-ignore", "--hidden"]);
    assert_eq!(world.found("castle"), [".hidden/b.png", "a.png", "out/e.png", "private/d.png", "skip/c.png"]);
    // Left out again, they are still where they were, and not gone.
    assert_eq!(world.scan(&[])["read"].get("missing"), None);

    let home = world.home.path().to_str().expect("UTF-8").to_owned();
    fs::write(world.home.path().join("f.png"), picture("castle", 1)).expect("writes");
    let inside = Home::new();
    let nested = inside.path().join("nested");
    let nested = nested.to_str().expect("UTF-8");
    fs::write(inside.path().join("g.png"), picture("castle", 1)).expect("writes");
    for _ in 0..2 {
        let place = inside.path().to_str().expect("UTF-8").to_owned();
        let summary = inside.run(&["--home", nested, "scan", &place, "--json"]).json();
        assert_eq!(summary["read"]["files"], 1, "{home}: {summary}");
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_links_are_left_alone_and_loops_end() {
    use std::os::unix::fs::symlink;

    let world = World::new();
    world.write("in/a.png", &picture("castle", 1));
    let made = std::process::Command::new("mkfifo").arg(world.path("in/pipe.png")).status();
    assert!(made.expect("mkfifo is there").success());
    symlink(world.path("in"), world.path("in/loop")).expect("links");
    symlink(world.path("in/a.png"), world.path("in/link.png")).expect("links");
    symlink(world.path("nowhere"), world.path("in/broken.png")).expect("links");
    assert_eq!(world.scan(&[])["read"]["other files left alone"], 4);
    assert_eq!(world.found("castle"), ["in/a.png"]);
    let followed = world.scan_answer(&["--follow-links"]);
    assert_eq!(followed.code, 7, "the loop and the broken link are told: {}", followed.stderr);
    assert_eq!(world.found("castle"), ["in/a.png", "in/link.png"]);
}

#[test]
fn garbage_costs_only_itself_whatever_the_number_of_threads() {
    let world = World::new();
    let good = picture("castle", 1);
    for cut in 0..good.len().min(400) {
        world.write(&format!("cut/{cut:03}.png"), &good[..cut]);
    }
    let mut state = 7_u64;
    for number in 0..200 {
        let bytes: Vec<u8> = (0..300)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let head: &[u8] =
            [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe1", b"RIFF\xff\xff\xff\xffWEBP"][number % 3];
        world.write(&format!("noise/{number}"), &[head, &bytes].concat());
    }
    world.write("good.png", &good);
    world.scan(&["-j", "1"]);
    let one = world.exported();
    assert!(world.found("castle").contains(&"good.png".to_owned()));
    let many = World { home: Home::new(), folder: world.folder };
    many.scan(&["-j", "4"]);
    assert!(many.exported() == one, "threads change the catalog");
}

#[test]
fn parts_of_a_root_and_folders_around_it_are_one_root() {
    let world = World::new();
    world.write("in/a/1.png", &picture("castle", 1));
    world.write("in/b/2.png", &picture("castle", 2));
    let scan = |name: &str| {
        let path = world.path(name);
        world.home.run(&["scan", path.to_str().expect("UTF-8"), "--json"]).json()
    };
    scan("in/a");
    scan("in/b/2.png");
    assert_eq!(world.catalog().roots().expect("reads").len(), 2);
    let summary = scan("in");
    assert_eq!(
        (&summary["read"]["unchanged"], world.catalog().roots().expect("reads").len()),
        (&2.into(), 1)
    );
    fs::remove_file(world.path("in/a/1.png")).expect("removes");
    fs::remove_file(world.path("in/b/2.png")).expect("removes");
    assert_eq!(scan("in/a")["read"]["missing"], 1, "only what was looked at");
    assert_eq!(scan("in/a/1.png")["read"].get("missing"), None);
}

#[test]
fn nothing_to_scan_says_what_to_do() {
    let home = Home::new();
    let answer = home.run(&["scan", "--json"]);
    assert_eq!((answer.code, &answer.error()["code"]), (2, &"usage".into()));
    let answer = home.run(&["scan", "/no/such/folder", "--json"]);
    assert_eq!((answer.code, &answer.error()["code"]), (4, &"scan.not_found".into()));
    #[cfg(unix)]
    assert_eq!(home.run(&["scan", "/dev/null"]).code, 2);
}

#[cfg(target_os = "linux")]
#[test]
fn a_watched_folder_is_scanned_when_it_changes_until_ctrl_c() {
    use std::io::{BufRead as _, BufReader};

    let world = World::new();
    world.write("a.png", &picture("castle", 1));
    let root = world.root();
    let mut child = world.home.piped(&["scan", root.to_str().expect("UTF-8"), "--watch"]);
    let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut line = String::new();
    while !line.contains("watching") {
        line.clear();
        assert!(stderr.read_line(&mut line).expect("readable") > 0, "it ended");
    }
    world.write("sub/b.png", &picture("castle", 2));
    world.write("c.png", &picture("castle", 3));
    fs::remove_file(world.path("a.png")).expect("removes");
    let patience = Instant::now() + Duration::from_secs(30);
    let missing = || world.files().iter().filter(|file| file.state.as_str() == "missing").count();
    while world.found("castle").len() < 3 || missing() < 1 {
        assert!(Instant::now() < patience, "the change was not noticed");
        std::thread::yield_now();
    }
    let asked = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(asked.expect("kill is there").success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn folders_are_listed_and_forgotten_only_on_purpose() {
    let world = World::new();
    world.write("in/a.png", &picture("castle", 1));
    world.write("other/b.png", &picture("castle", 2));
    let path = |name: &str| world.path(name).to_str().expect("UTF-8").to_owned();
    let scanned = world.home.run(&["scan", &path("in"), &path("other"), "-q"]);
    assert_eq!(scanned.code, 0, "{}", scanned.stderr);
    let listed = world.home.run(&["scan", "--list", "--format", "ndjson"]).lines();
    let facts: Vec<_> = listed.iter().map(|one| (&one["path"], &one["online"], &one["present"])).collect();
    let (one, other, yes, single) = (path("in").into(), path("other").into(), true.into(), 1.into());
    assert_eq!(facts, [(&one, &yes, &single), (&other, &yes, &single)]);

    let asked = world.home.run(&["scan", "--forget", &path("other")]);
    assert!(asked.stderr.contains("1 file is known") && asked.stderr.contains("--yes"), "{}", asked.stderr);
    assert_eq!(world.found("castle").len(), 2);
    let forgotten = world.home.run(&["scan", "--forget", &path("other"), "--yes"]);
    assert_eq!(forgotten.code, 0, "{}", forgotten.stderr);
    assert_eq!(world.found("castle"), ["in/a.png"]);
    assert!(world.path("other/b.png").exists(), "nothing on disk is touched");
    assert_eq!(world.home.run(&["scan", "--list", "--format", "paths"]).stdout, format!("{}\n", path("in")));
    assert_eq!(world.home.run(&["scan", "--forget", &path("other"), "--yes"]).code, 4);
}
