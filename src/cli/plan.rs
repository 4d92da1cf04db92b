//! `crawl plan`: what a sync would ask, and how long that would take; sends nothing.

use serde::Serialize;
use stemmata::crawl::Memory;
use stemmata::crawl::estimate::{Minutes, Requests};
use stemmata::crawl::sync::{self, PlannedStep, SyncOptions, SyncStep};
use stemmata::run::Clock;

use super::args::UpToDateFlags;
use super::exit::Exit;
use super::failure::Outcome;
use super::output::{SCHEMA, Supported};
use super::session::Session;
use super::site;
use super::summary::{counted, grouped};

/// The plan, as scripts read it.
#[derive(Serialize)]
struct Plan {
    schema: u32,
    r#type: &'static str,
    command: &'static str,
    /// Whether everything known has been linked; if not, some hashes may be explained already.
    links_up_to_date: bool,
    steps: Vec<Step>,
    requests: Requests,
    minutes: Minutes,
    max_rps: f64,
}

#[derive(Serialize)]
struct Step {
    step: &'static str,
    /// Null where only the site knows.
    items: Option<u64>,
    beyond: u64,
    spared: u64,
    listings: Vec<String>,
    requests: Requests,
    minutes: Minutes,
}

/// The steps that the flags name, in the order in which they are taken.
pub(crate) fn steps(flags: &UpToDateFlags) -> Vec<SyncStep> {
    let is_wanted = |step: &SyncStep| flags.only.is_empty() || flags.only.contains(step);
    SyncStep::ALL.into_iter().filter(is_wanted).collect()
}

/// How far the flags go.
pub(crate) fn options(flags: &UpToDateFlags) -> SyncOptions {
    SyncOptions {
        stale_days: flags.stale,
        max_items: flags.max_items,
        period: flags.period,
        page_limit: None,
        memory: if flags.refresh { Memory::Ignored } else { Memory::Used },
    }
}

/// Prints the plan.
pub(crate) fn run(flags: &UpToDateFlags, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Document)?;
    let base = site::base(&flags.site)?;
    let catalog = session.catalog()?;
    let planned = sync::plan(&catalog, &base, &steps(flags), &options(flags), Clock::System.now())?;
    let max_rps = flags.site.pace.max_rps;
    let all = planned.iter().map(|step| step.requests).fold(Requests::exactly(0), Requests::plus);
    let requests = all.within(flags.site.pace.max_requests);
    let plan = Plan {
        schema: SCHEMA,
        r#type: "plan",
        command: "crawl plan",
        links_up_to_date: catalog.linked_generation()? == catalog.generation()?,
        steps: planned.into_iter().map(|step| Step::of(step, max_rps)).collect(),
        requests,
        minutes: requests.minutes(max_rps),
        max_rps,
    };
    sink.document(&plan, |plan, _| plan.text())?;
    Ok(Exit::Done)
}

impl Step {
    fn of(planned: PlannedStep, max_rps: f64) -> Self {
        Self {
            step: planned.step.as_str(),
            items: planned.items,
            beyond: planned.beyond,
            spared: planned.spared,
            listings: planned.listings,
            minutes: planned.requests.minutes(max_rps),
            requests: planned.requests,
        }
    }

    fn text(&self, max_rps: f64) -> String {
        let what = match self.items {
            Some(items) => format!("{} to ask for", counted(items, "things")),
            None => self.listings.join("; then "),
        };
        let mut text = format!("{}: {what}\n", self.step);
        if self.requests != Requests::exactly(0) {
            text.push_str(&format!("  {}\n", cost(self.requests, self.minutes, max_rps)));
        }
        for (number, words) in
            [(self.beyond, "beyond --max-items"), (self.spared, "spared by answers of the last days")]
        {
            if number > 0 {
                text.push_str(&format!("  left out, {words}: {}\n", grouped(number)));
            }
        }
        text
    }
}

impl Plan {
    fn text(&self) -> String {
        let mut text: String = self.steps.iter().map(|step| step.text(self.max_rps)).collect();
        text.push_str(&format!("together: {}\n", cost(self.requests, self.minutes, self.max_rps)));
        if !self.links_up_to_date {
            text.push_str("not everything is linked yet; `stemmata link` may explain some hashes\n");
        }
        text
    }
}

/// Requests and minutes in words.
pub(crate) fn cost(requests: Requests, minutes: Minutes, max_rps: f64) -> String {
    let range = match requests.most {
        Some(most) if most == requests.least => counted(most, "requests"),
        Some(most) => format!("{} to {}", grouped(requests.least), counted(most, "requests")),
        None => format!("{} or more", counted(requests.least, "requests")),
    };
    let time = match minutes.most {
        Some(most) if most >= 1.0 => format!("up to {most} minutes"),
        Some(_) => "less than a minute".to_owned(),
        None if minutes.least >= 1.0 => format!("{} minutes or more", minutes.least),
        None => "nobody knows how long".to_owned(),
    };
    format!("{range}; {time}, at {max_rps} a second")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(requests: Requests) -> String {
        cost(requests, requests.minutes(2.0), 2.0)
    }

    #[test]
    fn a_cost_says_what_is_known_and_what_is_not() {
        assert_eq!(told(Requests::exactly(600)), "600 requests; up to 5 minutes, at 2 a second");
        assert_eq!(told(Requests::from(2)), "2 requests or more; nobody knows how long, at 2 a second");
        let range = Requests { least: 1, most: Some(1_200) };
        assert_eq!(told(range), "1 to 1,200 requests; up to 10 minutes, at 2 a second");
        assert_eq!(told(Requests::exactly(0)), "0 requests; less than a minute, at 2 a second");
    }
}
