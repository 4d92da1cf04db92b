//! Clocks, and tables of what they say.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use crate::Outcome;
use crate::engines::{Engine, Kind, Question, size};

/// Ticks of the CPU clock of Linux in a second.
const TICKS: f64 = 100.0;

/// Time spent on something.
#[derive(Default)]
pub(crate) struct Work {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl Work {
    pub(crate) fn measure<T>(&mut self, work: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let (started, cpu) = (Instant::now(), cpu_seconds());
        let done = work();
        self.wall += started.elapsed().as_secs_f64();
        self.cpu += cpu_seconds() - cpu;
        done
    }
}

/// CPU seconds of this process, all threads; 0 where there is no `/proc`.
pub(crate) fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = text.rsplit_once(')').map_or("", |(_, rest)| rest);
    let numbers: Vec<f64> = after_name.split_whitespace().map(|field| field.parse().unwrap_or(0.0)).collect();
    (numbers.get(11).unwrap_or(&0.0) + numbers.get(12).unwrap_or(&0.0)) / TICKS
}

/// A line of `/proc/self/status`, in MiB.
pub(crate) fn memory(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes: f64 = line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0.0);
    kilobytes / 1024.0
}

/// The load of the machine over the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

pub(crate) fn megabytes(dir: &Path) -> Outcome<f64> {
    Ok(size(dir)? as f64 / f64::from(1 << 20))
}

/// Asks every question once to warm up and then `rounds` times; prints a row for each kind, and gives back how many
/// images match, by kind.
pub(crate) fn ask(
    engine: &mut dyn Engine,
    questions: &[Question],
    rounds: usize,
    name: &str,
    out: &mut dyn Write,
) -> Outcome<Vec<(Kind, u64)>> {
    let mut times: BTreeMap<Kind, Vec<f64>> = BTreeMap::new();
    let mut totals: BTreeMap<Kind, u64> = BTreeMap::new();
    let (mut wall, cpu) = (0.0, cpu_seconds());
    for round in 0..=rounds {
        for question in questions {
            let started = Instant::now();
            engine.ask(question)?;
            let took = started.elapsed().as_secs_f64() * 1e3;
            // With one round, the first answer counts: nothing is warm, and slow engines take half as long.
            if round > 0 || rounds == 1 {
                times.entry(question.kind).or_default().push(took);
                wall += took / 1e3;
            }
        }
        if rounds == 1 {
            break;
        }
    }
    let cpu = cpu_seconds() - cpu;
    for question in questions {
        if let Some(total) = engine.total(question)? {
            *totals.entry(question.kind).or_default() += total;
        }
    }
    writeln!(out, "{name:8} {:12} {:>9} {:>9} {:>9} {:>9}", "kind", "p50 ms", "p95 ms", "max ms", "matches")?;
    let all: Vec<f64> = times.values().flatten().copied().collect();
    for (kind, times) in &times {
        let matches = totals.get(kind).map_or("-".to_owned(), u64::to_string);
        row(name, &format!("{kind:?}"), times, &matches, out)?;
    }
    row(name, "all", &all, "", out)?;
    writeln!(
        out,
        "{name}: {wall:.1} s of questions, {cpu:.1} CPU-s with warming up, load {}, anonymous memory {:.0} MiB",
        load(),
        memory("RssAnon")
    )?;
    Ok(totals.into_iter().collect())
}

fn row(name: &str, kind: &str, times: &[f64], matches: &str, out: &mut dyn Write) -> Outcome<()> {
    let (p50, p95, most) = (percentile(times, 0.5), percentile(times, 0.95), percentile(times, 1.0));
    writeln!(out, "{name:8} {kind:12} {p50:9.3} {p95:9.3} {most:9.3} {matches:>9}")?;
    Ok(())
}

fn percentile(times: &[f64], share: f64) -> f64 {
    let mut sorted = times.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = (share * sorted.len() as f64) as usize;
    sorted.get(place.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}

/// Says where engines disagree on how many images match.
pub(crate) fn compare(answers: &[(String, Vec<(Kind, u64)>)], out: &mut dyn Write) -> Outcome<()> {
    let engines: Vec<&(String, Vec<(Kind, u64)>)> =
        answers.iter().filter(|(name, _)| name != "like").collect();
    let Some(((first, expected), others)) = engines.split_first().map(|(first, others)| (*first, others))
    else {
        return Ok(());
    };
    for (name, found) in others {
        let differing: Vec<String> = expected
            .iter()
            .zip(found)
            .filter(|(expected, found)| expected != found)
            .map(|(expected, found)| format!("{:?} {} / {}", expected.0, expected.1, found.1))
            .collect();
        let verdict = if differing.is_empty() {
            "agree on every kind".to_owned()
        } else {
            format!("differ: {differing:?}")
        };
        writeln!(out, "{first} and {name} {verdict}")?;
    }
    Ok(())
}
