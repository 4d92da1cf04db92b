//! Killed at any moment while the site fails in every way, a home ends like one that nobody disturbed.
//!
//! Every line of the undisturbed home is run in another one too, against a site whose faults follow from a seed, and
//! is killed without warning at moments that follow from it too: when so many requests have arrived, when so many batches
//! are committed, or after so many milliseconds, which also meets linking and indexing. Then the same line is run
//! until it succeeds. `STEMMATA_CRASH_KILLS` sets how many kills there are to be at least.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::generator::records::{Plan, Records};
use crate::support::cli::Home;
use crate::support::demo_site::faults::mix;
use crate::support::everything::{everything, generation_of};
use crate::support::site::{Cursors, Quirks, Seeded, Site};
use crate::support::world::{Size, documents_with_pictures};

mod disk;
mod second;

/// Kills of an ordinary run of the tests.
const KILLS: u32 = 24;

/// Sets how many there are to be, and has them counted on stderr.
const KILLS_VARIABLE: &str = "STEMMATA_CRASH_KILLS";

/// Kills of one line before it is left alone.
const KILLS_A_LINE: u64 = 3;

/// Runs of one line that nobody kills, until it succeeds at the latest: three faults in a row can be too much.
const MOST_TRIES: u32 = 20;

/// How long a command may go without being killed or ending, far beyond what any needs.
const PATIENCE: Duration = Duration::from_secs(120);

const SIZE: Size = Size { images: 400, models: 40 };
const IMPORTED: Plan = Plan { images: 800, versions: 100, seed: 3 };

/// Every command that writes, in an order in which each has something to do.
const LINES: &[&[&str]] = &[
    &["crawl", "images", "--limit", "20"],
    &["resolve", "--max-items", "20"],
    &["crawl", "models", "--sort", "newest", "--limit", "4"],
    &["resolve"],
    &["crawl", "images", "--model-id", "3", "--limit", "3"],
    &["crawl", "images", "--username", "user1", "--sort", "oldest", "--limit", "9", "--no-index"],
    &["crawl", "verify", "images", "--model-id", "3", "--limit", "3"],
    &["crawl", "images", "--split", "user", "--limit", "30", "--no-index"],
    &["crawl", "creators"],
    &["crawl", "tags", "--no-link", "--no-index"],
    &["crawl", "model", "1", "2", "3", "4", "5"],
    &["crawl", "version", "11", "42", "72", "101"],
    &["crawl", "image", "501", "502", "777", "900"],
    &["crawl", "sync"],
    &["import", "models.ndjson", "images.ndjson"],
    &["resolve"],
    &["index", "rebuild"],
];

/// When a command is killed.
#[derive(Clone, Copy, Debug)]
enum Moment {
    /// When this many requests have arrived since it began.
    Requests(u64),
    /// When this many batches are committed since it began.
    Batches(u64),
    /// After this many milliseconds.
    Millis(u64),
}

impl Moment {
    fn draw(drawn: u64) -> Self {
        let amount = drawn >> 8;
        match drawn % 3 {
            0 => Self::Requests(1 + amount % 14),
            1 => Self::Batches(1 + amount % 8),
            _ => Self::Millis(amount % 120),
        }
    }
}

/// How many commands were killed, by what their moment was named after.
#[derive(Debug, Default)]
struct Kills {
    requests: u32,
    batches: u32,
    millis: u32,
}

impl Kills {
    fn total(&self) -> u32 {
        self.requests + self.batches + self.millis
    }

    fn count(&mut self, moment: Moment) {
        match moment {
            Moment::Requests(_) => self.requests += 1,
            Moment::Batches(_) => self.batches += 1,
            Moment::Millis(_) => self.millis += 1,
        }
    }
}

/// A home beside a site of its own.
struct Place {
    home: Home,
    site: Site,
}

impl Place {
    fn new(seeded: Option<Seeded>) -> Self {
        let quirks = Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() };
        let site = Site::start(documents_with_pictures(SIZE), quirks);
        site.seed(seeded);
        let home = Home::new();
        write_records(home.path());
        Self { home, site }
    }

    fn words<'a>(&self, line: &[&'a str], base: &'a str) -> Vec<&'a str> {
        let asks = ["crawl", "resolve"].contains(&line[0]);
        let site: &[&str] = if asks { &["--api-base", base, "--max-rps", "10000"] } else { &[] };
        line.iter().copied().chain(site.iter().copied()).chain(["-q"]).collect()
    }

    fn start(&self, line: &[&str]) -> Child {
        let base = self.site.base();
        self.home.command(&self.words(line, &base)).spawn().expect("the command starts")
    }

    /// Runs `line` until it succeeds.
    fn finish(&self, line: &[&str]) {
        let base = self.site.base();
        let mut last = None;
        for _ in 0..MOST_TRIES {
            let answer = self.home.run(&self.words(line, &base));
            if answer.code == 0 {
                return;
            }
            last = Some(answer);
        }
        unreachable!("{line:?} never succeeds: {last:?}");
    }

    /// All that the home says of itself, and of what it has of the site.
    fn everything(&self) -> Vec<(&'static str, String)> {
        let mut everything = everything(&self.home);
        everything.push(("coverage", self.coverage()));
        everything
    }

    /// The coverage of every listing, but for when and how often it was walked, and for faults that passed.
    fn coverage(&self) -> String {
        let answer = self.home.run(&["crawl", "coverage", "--format", "ndjson", "-q"]);
        assert!([0, 9].contains(&answer.code), "{answer:?}");
        let host = self.site.base().trim_start_matches("http://").to_owned();
        let mut text = String::new();
        for line in answer.stdout.replace(&host, "SITE").lines() {
            let mut record: Value = serde_json::from_str(line).expect("each line is JSON");
            let fields = record.as_object_mut().expect("each line is an object");
            for field in ["walk", "passing", "started_at", "updated_at"] {
                assert!(
                    fields.remove(field).is_some() || fields["type"] == "summary",
                    "no {field} in {line}"
                );
            }
            text.push_str(&format!("{record}\n"));
        }
        text
    }

    /// Runs `line` and kills it at `moment`; whether it had not ended by then.
    fn kill(&self, line: &[&str], moment: Moment) -> bool {
        let (requests, batches) = (self.site.request_count() as u64, generation_of(&self.home));
        let began = Instant::now();
        let is_due = || match moment {
            Moment::Requests(amount) => self.site.request_count() as u64 >= requests + amount,
            Moment::Batches(amount) => generation_of(&self.home) >= batches + amount,
            Moment::Millis(amount) => began.elapsed() >= Duration::from_millis(amount),
        };
        let mut child = self.start(line);
        while child.try_wait().expect("can be asked").is_none() {
            if is_due() {
                // On Unix this is SIGKILL: the command has no chance to tidy up.
                child.kill().expect("can be killed");
                let status = child.wait().expect("ends");
                return status.code().is_none();
            }
            assert!(began.elapsed() < PATIENCE, "{line:?} neither ends nor comes to {moment:?}");
            std::thread::sleep(Duration::from_micros(300));
        }
        false
    }
}

/// What `import` reads: generated, and unknown to the site.
fn write_records(folder: &Path) {
    let records = Records::new(IMPORTED);
    let write = |name: &str, bytes: Vec<u8>| fs::write(folder.join(name), bytes).expect("writes");
    write("models.ndjson", records.models().expect("models"));
    write("images.ndjson", records.images(0..IMPORTED.images).expect("images"));
}

/// How many kills there are to be.
fn wanted() -> u32 {
    let asked = std::env::var(KILLS_VARIABLE).ok();
    asked.map_or(KILLS, |text| text.parse().expect("the number of kills is a number"))
}

#[test]
fn a_home_that_was_killed_anywhere_ends_like_one_that_was_not() {
    let calm = Place::new(None);
    LINES.iter().for_each(|line| calm.finish(line));
    let expected = calm.everything();
    let (wanted, mut kills, mut rounds) = (wanted(), Kills::default(), 0);
    while kills.total() < wanted {
        rounds += 1;
        assert!(rounds <= wanted, "{kills:?} in {rounds} rounds: hardly anything can be killed");
        let seed = u64::from(rounds);
        let shaken = Place::new(Some(Seeded::new(seed, 200, Seeded::passing())));
        for (number, line) in (0_u64..).zip(LINES) {
            for attempt in 0..KILLS_A_LINE {
                let moment = Moment::draw(mix(seed << 32 | number << 8 | attempt));
                if shaken.kill(line, moment) {
                    kills.count(moment);
                }
            }
            shaken.finish(line);
        }
        let found = shaken.everything();
        assert_eq!(found.len(), expected.len());
        for ((name, found), (_, expected)) in found.iter().zip(&expected) {
            assert!(
                found == expected,
                "round {rounds}: `{name}` differs\n{}",
                first_difference(found, expected)
            );
        }
    }
    assert!(kills.requests > 0 && kills.batches > 0 && kills.millis > 0, "{kills:?}");
    if std::env::var_os(KILLS_VARIABLE).is_some() {
        writeln!(io::stderr(), "{kills:?} in {rounds} rounds").unwrap_or_default();
    }
}

fn first_difference(found: &str, expected: &str) -> String {
    let pair = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    pair.map_or_else(
        || format!("{} lines instead of {}", found.lines().count(), expected.lines().count()),
        |(found, expected)| format!("found    {found}\nexpected {expected}"),
    )
}
