//! Wall and CPU seconds of a step, and its peak of memory, as a line of JSON.

use std::fs;
use std::time::Instant;

/// CPU seconds of this process, of all threads; zero where the system does not say.
fn cpu_seconds() -> f64 {
    let Ok(stat) = fs::read_to_string("/proc/self/stat") else { return 0.0 };
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// Largest resident memory so far; zero where the system does not say.
fn peak_mib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Lets the peak begin anew, where the system allows it.
fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// Does `work` and says what it took, with what `note` adds to the line.
pub(crate) fn step<T>(name: &str, work: impl FnOnce() -> T, note: impl FnOnce(&T, f64, f64) -> String) -> T {
    forget_peak();
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let value = work();
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let note = note(&value, wall, cpu);
    println!(r#"{{"step":"{name}","wall_s":{wall:.4},"cpu_s":{cpu:.2},"peak_mib":{}{note}}}"#, peak_mib());
    value
}
