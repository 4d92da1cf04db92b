//! The steps of a command that takes several.

use std::collections::BTreeMap;

use serde::Serialize;

use super::words::counted;

/// What one step did.
#[derive(Debug, Serialize)]
pub(crate) struct Step {
    /// Its name.
    pub(crate) step: &'static str,
    /// How it ended: `done`, `enough`, `interrupted`, `budget`, `stalled`, `failed`.
    pub(crate) end: &'static str,
    /// What became of what it looked at, by name.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Things that are known to be left for the next run.
    pub(crate) left: u64,
    /// Requests that it sent.
    pub(crate) requests: u64,
}

impl Step {
    /// One line for people, without an end.
    pub(crate) fn text(&self) -> String {
        let counts = self.counts.iter().filter(|(_, count)| **count > 0);
        let mut parts: Vec<String> = counts.map(|(name, count)| counted(*count, name)).collect();
        if self.left > 0 {
            parts.push(format!("{} left", counted(self.left, "things")));
        }
        parts.push(counted(self.requests, "requests"));
        format!("{}: {}, {}", self.step, self.end, parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_what_it_counted_and_what_is_left() {
        let counts = BTreeMap::from([("found", 3), ("not found", 0)]);
        let step = Step { step: "hashes", end: "enough", counts, left: 1_200, requests: 4 };
        assert_eq!(step.text(), "hashes: enough, 3 found, 1,200 things left, 4 requests");
    }
}
