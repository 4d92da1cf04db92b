//! A report for a terminal.
//!
//! - In: a report, and how many characters fit a line.
//! - Out: plain lines, each ending in a line feed.
//! - Never: a control character. Names come from strangers, and a terminal obeys what it is sent.

mod charts;
mod comparison;
mod family;
mod page;

use crate::entity::{Evidence, Timestamp};

use super::explain::explain;
use super::report::{ImageCounts, LineageReport, ScopeOut, VersionReport};
use charts::by_time;
pub use comparison::render_comparison;
use page::{Page, images, pad, percent};

/// Lays a report out in lines of at most `width` characters, or 40 if that is more.
pub fn render(report: &LineageReport, width: usize) -> String {
    let mut page = Page::new(width);
    page.heading(report);
    page.versions(&report.versions);
    page.more("versions", report.versions.len(), report.totals.versions.distinct);
    page.co_used(report);
    page.samplers(report);
    page.settings(report);
    page.sizes(report);
    page.seeds(report);
    page.bars("Creators", report.creators.iter().map(|creator| (creator.name.clone(), creator.images)));
    page.more("creators", report.creators.len(), report.totals.creators.distinct);
    page.themes(report);
    page.unresolved(report);
    page.drift(report);
    page.ancestry(report);
    page.score(report);
    page.finish()
}

/// The lines that explain every figure of a report, for below it.
pub fn render_explanations(report: &LineageReport, width: usize) -> String {
    let mut page = Page::new(width);
    page.title("What the figures mean");
    for explained in explain(report) {
        page.paragraph(&format!("{}: {}", explained.figure, explained.text));
    }
    page.finish()
}

fn day(moment: Option<Timestamp>) -> String {
    moment.map_or("-".to_owned(), |moment| moment.to_string().chars().take(10).collect())
}

/// What a report is about, in words.
fn called(scope: &ScopeOut) -> String {
    let name = scope.name.as_deref().unwrap_or("(no name)");
    let kind = scope.kind.as_str();
    match scope.id {
        Some(id) => format!("{name} ({kind}:{id})"),
        None => format!("{} {name}", kind.replace('_', " ")),
    }
}

/// The time in which images count, in words that follow others.
fn period(scope: &ScopeOut) -> String {
    match (scope.since, scope.until) {
        (None, None) => String::new(),
        (Some(since), None) => format!(" since {}", day(Some(since))),
        (None, Some(until)) => format!(" before {}", day(Some(until))),
        (Some(since), Some(until)) => format!(" from {} until {}", day(Some(since)), day(Some(until))),
    }
}

/// Known counts of distinct pictures, in words.
fn distinct(counts: &ImageCounts) -> String {
    let near = match counts.made_with_distinct {
        Some(distinct) => format!("{distinct} without near-duplicates"),
        None => "near-duplicates not looked for".to_owned(),
    };
    format!("{} by their bytes, {near}", counts.made_with_deduplicated)
}

impl Page {
    fn heading(&mut self, report: &LineageReport) {
        let scope = &report.scope;
        self.line(&called(scope));
        let period = period(scope);
        let made = if scope.kind == super::ScopeKind::Query { "found" } else { "made with it" };
        self.line(&format!("{} {made}{period}: {}", images(report.images), distinct(&report.counts)));
        if report.counts.posted_for > 0 {
            self.line(&format!(
                "{} posted for it, whatever their metadata says",
                images(report.counts.posted_for)
            ));
        }
        if report.copies.as_ref().is_some_and(|copies| copies.outdated) {
            self.line("near-duplicates are those of an earlier state of the catalog");
        }
        let confidence = &report.confidence;
        if report.images > 0 {
            self.line(&format!(
                "evidence: {} certain, {} strong, {} likely, {} weak",
                confidence.certain, confidence.strong, confidence.likely, confidence.weak
            ));
        }
        if !report.weeks.is_empty() {
            self.title(&format!("By week, {} to {}", day(report.first_seen), day(report.last_seen)));
            let line = by_time(&report.weeks, self.width().saturating_sub(4).min(104));
            self.line(&format!("  {line}"));
        }
        if let Some(stamp) = &report.stamp {
            self.line(&format!("made {} of generation {} by {}", stamp.at, stamp.generation, stamp.program));
        }
    }

    fn versions(&mut self, versions: &[VersionReport]) {
        if versions.is_empty() {
            return;
        }
        self.title("Versions                made with  distinct  posted for  first seen  last seen");
        for version in versions {
            let label = format!("{} {}", version.id, version.name.as_deref().unwrap_or("(no name)"));
            let counts = version.images;
            self.line(&format!(
                "  {}  {:>9}  {:>8}  {:>10}  {:>10}  {:>10}",
                pad(&label, 20),
                counts.made_with,
                counts.made_with_distinct.unwrap_or(counts.made_with_deduplicated),
                counts.posted_for,
                day(version.first_seen),
                day(version.last_seen)
            ));
            self.evidence(version);
            self.files(version);
        }
    }

    /// How the images of a version name it. Those posted for it have a column of their own, and a name alone counts
    /// for nothing.
    fn evidence(&mut self, version: &VersionReport) {
        let not_counted = [Evidence::PostedFor, Evidence::ReturnedFor, Evidence::Name];
        let mut parts: Vec<String> = version
            .evidence
            .iter()
            .filter(|(kind, _)| !not_counted.contains(kind))
            .map(|(kind, images)| format!("by {kind} {images}"))
            .collect();
        if let Some(images) = version.evidence.get(&Evidence::Name) {
            parts.push(format!("by name alone {images}, not counted"));
        }
        if !parts.is_empty() {
            self.line(&format!("       {}", parts.join("; ")));
        }
    }

    fn files(&mut self, version: &VersionReport) {
        for file in &version.files {
            let name = file.name.as_deref().unwrap_or("(no name)");
            let hash = ["AutoV2", "SHA256", "AutoV3"]
                .into_iter()
                .find_map(|kind| file.hashes.get(kind).map(|hash| format!("  {kind} {hash}")))
                .unwrap_or_default();
            let former = if file.former { "  no longer listed" } else { "" };
            self.line(&format!("       {name}{hash}{former}"));
        }
    }

    fn co_used(&mut self, report: &LineageReport) {
        if report.co_used.is_empty() {
            return;
        }
        let name_width = self.name_width(48);
        self.title("Used together with (images, times as often as anywhere, weight)");
        for other in &report.co_used {
            let name = other.name.clone().unwrap_or_else(|| format!("version:{}", other.version));
            let weight = other
                .weight
                .map(|weight| format!("  weight {:.2} ({:.2} to {:.2})", weight.p50, weight.p10, weight.p90))
                .unwrap_or_default();
            self.line(&format!(
                "  {}  {:>7}  x{:<6.1}{weight}",
                pad(&name, name_width),
                other.images,
                other.lift_shrunk
            ));
        }
        self.more("versions", report.co_used.len(), report.totals.co_used.distinct);
    }

    fn samplers(&mut self, report: &LineageReport) {
        let rows = report.samplers.iter().map(|sampling| {
            let scheduler =
                sampling.scheduler.as_deref().map(|name| format!(" + {name}")).unwrap_or_default();
            (format!("{}{scheduler}", sampling.sampler), sampling.images)
        });
        self.bars("Samplers", rows);
        self.more("samplers", report.samplers.len(), report.totals.samplers.distinct);
    }

    fn settings(&mut self, report: &LineageReport) {
        if report.steps.is_none() && report.cfg.is_none() {
            return;
        }
        self.title("Settings     least     10%     50%     90%    most  most frequent");
        if let Some(steps) = &report.steps {
            self.line(&format!(
                "  steps    {:>7} {:>7} {:>7} {:>7} {:>7}  {}",
                steps.min,
                steps.p10,
                steps.p50,
                steps.p90,
                steps.max,
                frequent(steps.values.iter().map(|value| (value.value.to_string(), value.images)))
            ));
        }
        if let Some(cfg) = &report.cfg {
            self.line(&format!(
                "  cfg      {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>7.1}  {}",
                cfg.min,
                cfg.p10,
                cfg.p50,
                cfg.p90,
                cfg.max,
                frequent(cfg.values.iter().map(|value| (value.value.to_string(), value.images)))
            ));
        }
    }

    fn sizes(&mut self, report: &LineageReport) {
        let shapes = &report.orientation;
        let known = shapes.portrait + shapes.landscape + shapes.square;
        if known == 0 {
            return;
        }
        let rows = report.sizes.iter().map(|size| (format!("{}x{}", size.width, size.height), size.images));
        self.bars("Sizes", rows);
        self.more("sizes", report.sizes.len(), report.totals.sizes.distinct);
        self.line(&format!(
            "  portrait {}, landscape {}, square {}",
            percent(shapes.portrait, known),
            percent(shapes.landscape, known),
            percent(shapes.square, known)
        ));
    }

    fn seeds(&mut self, report: &LineageReport) {
        let seeds = &report.seeds;
        if seeds.reused == 0 {
            return;
        }
        self.title(&format!(
            "Seeds: {} of {} share theirs with another image",
            seeds.reused,
            images(seeds.images)
        ));
        for seed in seeds.top.iter().take(5) {
            self.line(&format!("  {:>20}  {:>7}", seed.seed, seed.images));
        }
    }

    fn themes(&mut self, report: &LineageReport) {
        let themes = &report.themes;
        for (title, list) in [
            ("Typical of its prompts", &themes.prompt),
            ("Typical of its negative prompts", &themes.negative),
        ] {
            if list.is_empty() {
                continue;
            }
            let name_width = self.name_width(40);
            self.title(&format!("{title} (images by owners, log-odds, standard deviations)"));
            for theme in list {
                self.line(&format!(
                    "  {}  {:>7} by {:<6}  {:>6.2}  {:>7.1}",
                    pad(&theme.chunk, name_width),
                    theme.images,
                    if theme.owners == 0 { "-".to_owned() } else { theme.owners.to_string() },
                    theme.log_odds,
                    theme.z
                ));
            }
        }
    }

    fn unresolved(&mut self, report: &LineageReport) {
        let unresolved = &report.unresolved;
        if unresolved.resources == 0 {
            return;
        }
        let word = if unresolved.resources == 1 { "reference" } else { "references" };
        self.title(&format!(
            "Unexplained: {} {word} in {}, {} of all",
            unresolved.resources,
            images(unresolved.images),
            percent(unresolved.images, report.images)
        ));
        for resource in &unresolved.top {
            let name = resource.name.as_deref().unwrap_or("(no name)");
            let hash = resource.hash.as_ref().map(|hash| format!("  {hash}")).unwrap_or_default();
            self.line(&format!("  {:>7}  {:<12} {name}{hash}", resource.images, resource.kind));
        }
    }

    fn drift(&mut self, report: &LineageReport) {
        for drift in &report.drift {
            self.title(&format!(
                "From version:{} ({}) to version:{} ({})",
                drift.from,
                images(drift.from_images),
                drift.to,
                images(drift.to_images)
            ));
            // What is the same in both is no news.
            for part in drift.parts.iter().filter(|part| part.divergence > 0.0) {
                let moved: Vec<String> = part
                    .movers
                    .iter()
                    .take(3)
                    .map(|mover| {
                        let share = |share: f64| format!("{:.0} %", share * 100.0);
                        format!("{} {} to {}", mover.value, share(mover.from_share), share(mover.to_share))
                    })
                    .collect();
                let within = if part.divergence > part.by_chance { "" } else { ", within chance" };
                self.line(&format!(
                    "  {:<10} {:.3} bits (chance {:.3}{within})  {}",
                    part.figure,
                    part.divergence,
                    part.by_chance,
                    moved.join("; ")
                ));
            }
        }
    }

    fn score(&mut self, report: &LineageReport) {
        let Some(score) = &report.score else { return };
        self.title(&format!("Provenance: {:.1} of 100", score.value));
        self.paragraph(&format!("= {}", score.formula));
        for part in &score.parts {
            self.line(&format!(
                "  {:<10} {:>5.1} of {:>2}  {:>3.0} %  {}",
                part.name,
                part.points,
                part.weight,
                part.share * 100.0,
                part.meaning
            ));
        }
    }
}

/// The first of some values with their counts, in words.
fn frequent(values: impl Iterator<Item = (String, u64)>) -> String {
    let parts: Vec<String> = values.take(3).map(|(value, images)| format!("{value} ({images})")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
