//! How long reports take: a model of every image, a typical one, a query, and the ranking of all models.
//!
//! `cargo run --release --example lineage -- --home HOME [--images N] [--rounds N]`
//!
//! HOME holds a catalog with links and a current index, such as `generate` and `stemmata import` make: the catalog that
//! is measured in `benches/README.md` has a million images and 50,000 versions. Each line is the median of the rounds, of
//! one process in which everything is opened before: wall time, CPU seconds beside it, images counted. "all" reports on
//! every image that names a resource, which is what a model of a million images costs; "typical" on the model whose
//! number of images is nearest to `--images`. "naive" reads all facts of all images on one thread and counts nothing:
//! ratios to it can be compared between machines.
//!
//! Do not conclude what opening takes; the first report of a cold cache reads the columns from the disk.

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use stemmata::catalog::{Access, Catalog};
use stemmata::lineage::{self, Inputs, Options, Period, Ranking, Scope, Wanted};
use stemmata_index::Reader;
use stemmata_index::query::{NoResolver, Node, Presence};

const USAGE: &str = "usage: lineage --home DIR [--images N] [--rounds N]";

/// The outside of the program: any cause will do, a person reads it.
type Outcome<T> = Result<T, Box<dyn Error>>;

struct Settings {
    home: PathBuf,
    images: u64,
    rounds: usize,
}

fn main() -> Outcome<()> {
    let settings = Settings::parse(std::env::args().skip(1))?;
    let catalog = Catalog::open(&settings.home.join("catalog.db"), Access::Read)?;
    let reader = Reader::open(&settings.home.join("index"))?;
    let (period, options) = (Period::default(), Options::default());
    let ranking = lineage::ranking(&catalog, Some(&reader), period, usize::MAX)?;
    say(&format!("{} images that name a resource, {} models with images", ranking.images, ranking.models))?;
    let named: stemmata_index::query::Query = Node::Has(Presence::Resource).into();
    measure("naive", settings.rounds, || {
        let mut seen = 0;
        reader.for_each(&NoResolver, &named, &mut |facts| seen += u64::from(facts.media.is_some()))?;
        Ok(seen)
    })?;
    let report = |scope: &Scope| -> Outcome<u64> {
        let inputs = Inputs { catalog: &catalog, scope, period, copies: None, options };
        Ok(lineage::report_from_index(&inputs, &reader)?.images)
    };
    for (name, row) in
        [("largest model", ranking.rows.first()), ("typical", nearest(&ranking, settings.images))]
    {
        let Some(row) = row else { continue };
        let scope = lineage::find_scope(&catalog, &Wanted::Model(row.model))?;
        measure(name, settings.rounds, || report(&scope))?;
    }
    measure("all", settings.rounds, || {
        let scope = Scope::query("has:resource");
        let inputs = Inputs { catalog: &catalog, scope: &scope, period, copies: None, options };
        Ok(lineage::report_on_matches(&inputs, &reader, &NoResolver, &named)?.images)
    })?;
    measure("ranking of 50", settings.rounds, || {
        Ok(lineage::ranking(&catalog, Some(&reader), period, 50)?.images)
    })?;
    Ok(())
}

fn nearest(ranking: &Ranking, images: u64) -> Option<&lineage::RankedModel> {
    ranking.rows.iter().min_by_key(|row| row.images.abs_diff(images))
}

/// Runs a few times and says the median.
fn measure(name: &str, rounds: usize, mut work: impl FnMut() -> Outcome<u64>) -> Outcome<()> {
    let mut taken = Vec::new();
    let mut images = 0;
    for _ in 0..rounds.max(1) {
        let (started, cpu) = (Instant::now(), cpu_time());
        images = work()?;
        taken.push((started.elapsed(), cpu_time().saturating_sub(cpu)));
    }
    taken.sort();
    let (wall, cpu) = taken[taken.len() / 2];
    say(&format!(
        "{name:<14} {:>8.1} ms {:>8.1} ms of CPU {images:>9} images",
        wall.as_secs_f64() * 1e3,
        cpu.as_secs_f64() * 1e3
    ))
}

/// CPU time of this process so far, from `/proc`; zero on other systems.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Fields 14 and 15 count ticks of a hundredth of a second; the name in field 2 may hold blanks.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
    Duration::from_millis(ticks.sum::<u64>() * 10)
}

fn say(line: &str) -> Outcome<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

impl Settings {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let mut settings = Self { home: PathBuf::new(), images: 10_000, rounds: 5 };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--home" => settings.home = value.into(),
                "--images" => settings.images = value.parse()?,
                "--rounds" => settings.rounds = value.parse()?,
                _ => return Err(USAGE.into()),
            }
        }
        if settings.home.as_os_str().is_empty() { Err(USAGE.into()) } else { Ok(settings) }
    }
}
