//! What one crawl makes of each thing that can go wrong with its second page: survived, or named with its exit code, and
//! whole in the end either way, or known not to be.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::cli::Home;
use crate::support::site::{Cursors, Fault, Quirks, Site};
use crate::support::world::{Size, documents};

/// Images for two pages of ten and one of eight.
const SIZE: Size = Size { images: 28, models: 5 };

/// More than a request is ever repeated.
const LASTING: usize = 40;

/// Cases at once: they mostly wait.
const THREADS: usize = 6;

/// How a case ends.
struct Case {
    fault: Fault,
    times: usize,
    /// The exit code of the crawl.
    code: i32,
    /// Images that are stored then.
    images: usize,
    /// The verdict of `crawl coverage` then; nobody has verified the joins of an offset listing.
    verdict: &'static str,
    /// The oddities that it names.
    oddities: &'static str,
}

const fn case(
    fault: Fault,
    times: usize,
    code: i32,
    images: usize,
    verdict: &'static str,
    oddities: &'static str,
) -> Case {
    Case { fault, times, code, images, verdict, oddities }
}

fn cases() -> Vec<Case> {
    let once = |fault: Fault| case(fault, 1, 0, 28, "unknown", "");
    let lasting = |fault: Fault, code: i32| case(fault, LASTING, code, 10, "incomplete", "");
    vec![
        once(Fault::Status(500)),
        once(Fault::Status(429)),
        once(Fault::Status(522)),
        once(Fault::RetryAfter(503, "0".to_owned())),
        once(Fault::Html(200)),
        once(Fault::Html(503)),
        once(Fault::Challenge(403)),
        once(Fault::Challenge(503)),
        once(Fault::BrokenOff),
        once(Fault::Reset),
        once(Fault::Trickle(Duration::ZERO)),
        once(Fault::CutShort),
        once(Fault::Garbled),
        once(Fault::InvalidUtf8),
        once(Fault::WrongTypes),
        once(Fault::Empty),
        once(Fault::OversizedAbove(9, 200 << 20)),
        case(Fault::DamagedItems, 1, 7, 26, "incomplete", ""),
        case(Fault::NoItemsButCursor, 1, 0, 18, "unknown", "empty_page"),
        case(Fault::NoItems, 1, 0, 10, "unknown", "ended_on_empty_page"),
        lasting(Fault::Status(401), 3),
        lasting(Fault::Status(403), 3),
        lasting(Fault::Status(404), 4),
        lasting(Fault::Status(422), 2),
        lasting(Fault::Region, 5),
        lasting(Fault::Status(500), 5),
        lasting(Fault::Status(503), 5),
        lasting(Fault::Status(429), 6),
        lasting(Fault::Html(502), 5),
        lasting(Fault::BrokenOff, 5),
        lasting(Fault::CutShort, 5),
        lasting(Fault::Empty, 5),
        lasting(Fault::Garbled, 5),
        lasting(Fault::Redirect("http://127.0.0.1:9/elsewhere".to_owned()), 5),
    ]
}

impl Case {
    /// What is wrong with how it ends; `None` if nothing is.
    fn complaint(&self) -> Option<String> {
        let site = Site::start(documents(SIZE), Quirks { cursors: Cursors::AsTheSite, ..Quirks::default() });
        let home = Home::new();
        let base = site.base();
        let line = ["crawl", "images", "--limit", "10", "--api-base", &base, "--max-rps", "10000", "-q"];
        let images = || home.run(&["export", "images", "--format", "ndjson", "-q"]).stdout.lines().count();
        site.script([Fault::None]);
        site.script(vec![self.fault.clone(); self.times]);
        let answer = home.run(&line);
        let coverage = home.run(&["crawl", "coverage", "--format", "ndjson", "-q"]).stdout;
        let record: Value = serde_json::from_str(coverage.lines().next()?).expect("each line is JSON");
        let verdict = record["verdict"].as_str().expect("a record has a verdict");
        let oddities = record["anomalies"].as_object().expect("a record has oddities");
        let oddities = oddities.keys().cloned().collect::<Vec<_>>().join(" ");
        let found = (answer.code, images(), verdict, oddities.as_str());
        let expected = (self.code, self.images, self.verdict, self.oddities);
        if found != expected {
            let Self { fault, times, .. } = self;
            return Some(format!("{fault:?} x{times}: {found:?} instead of {expected:?}: {}", answer.stderr));
        }
        site.forgive();
        // The first run goes on where the fault stopped it; if that was taken for the end, the second begins anew.
        let codes = [(); 2].map(|()| home.run(&line).code);
        let whole = (codes, images()) == ([0, 0], 28);
        (!whole).then(|| format!("{:?}: then {codes:?} and {} images", self.fault, images()))
    }
}

#[test]
fn every_fault_is_survived_or_named_and_the_same_line_goes_on() {
    let cases = cases();
    assert_eq!(cases.len(), 34);
    let complaints = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for share in cases.chunks(cases.len().div_ceil(THREADS)) {
            let complaints = &complaints;
            scope.spawn(move || {
                let found: Vec<String> = share.iter().filter_map(Case::complaint).collect();
                complaints.lock().expect("no thread panics with it").extend(found);
            });
        }
    });
    assert_eq!(complaints.into_inner().expect("no thread panics with it"), [""; 0]);
}
