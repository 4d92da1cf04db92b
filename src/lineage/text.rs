//! A report for a terminal.
//!
//! - In: a report, and how many characters fit a line.
//! - Out: plain lines, each ending in a line feed.
//! - Never: a control character. Names come from strangers, and a terminal obeys what it is sent.

use std::fmt::Write as _;

use crate::entity::Evidence;

use super::report::{LineageReport, VersionReport};
use super::scope::ScopeKind;

/// Narrowest line that the layout is made for, in characters.
const MIN_WIDTH: usize = 40;

/// Widest name column, in characters.
const MAX_NAME: usize = 48;

/// Longest bar, in characters.
const BAR: usize = 20;

/// Lays a report out in lines of at most `width` characters, or 40 if that is more.
pub fn render(report: &LineageReport, width: usize) -> String {
    let mut page = Page { text: String::new(), width: width.max(MIN_WIDTH) };
    let kind = match report.scope.kind {
        ScopeKind::Model => "model",
        ScopeKind::Version => "version",
    };
    let name = report.scope.name.as_deref().unwrap_or("(no name)");
    page.line(&format!("{name} ({kind}:{})", report.scope.id));
    page.line(&format!("{} made with it", images(report.images)));
    page.versions(&report.versions);
    page.co_used(report);
    page.bars(
        "Samplers",
        report.samplers.iter().map(|sampling| {
            let scheduler =
                sampling.scheduler.as_deref().map(|name| format!(" + {name}")).unwrap_or_default();
            (format!("{}{scheduler}", sampling.sampler), sampling.images)
        }),
    );
    page.settings(report);
    page.bars("Creators", report.creators.iter().map(|creator| (creator.name.clone(), creator.images)));
    page.unresolved(report);
    page.ancestry(report);
    page.text
}

struct Page {
    text: String,
    width: usize,
}

impl Page {
    fn line(&mut self, line: &str) {
        let fitting = fit(&printable(line), self.width);
        self.text.push_str(fitting.trim_end());
        self.text.push('\n');
    }

    fn title(&mut self, title: &str) {
        self.text.push('\n');
        self.line(title);
    }

    /// The columns that the name of a row may take when `rest` characters follow it.
    fn name_width(&self, rest: usize) -> usize {
        self.width.saturating_sub(rest).clamp(8, MAX_NAME)
    }

    fn versions(&mut self, versions: &[VersionReport]) {
        self.title("Versions                made with  distinct  posted for  first seen  last seen");
        for version in versions {
            let label = format!("{} {}", version.id, version.name.as_deref().unwrap_or("(no name)"));
            let day = |moment: Option<crate::entity::Timestamp>| {
                moment.map_or("-".to_owned(), |moment| moment.to_string().chars().take(10).collect())
            };
            let counts = version.images;
            self.line(&format!(
                "  {}  {:>9}  {:>8}  {:>10}  {:>10}  {:>10}",
                pad(&label, 20),
                counts.made_with,
                counts.made_with_deduplicated,
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
        self.title("Used together with");
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
                other.lift
            ));
        }
    }

    fn bars(&mut self, title: &str, rows: impl Iterator<Item = (String, u64)>) {
        let rows: Vec<(String, u64)> = rows.collect();
        let Some(most) = rows.iter().map(|(_, count)| *count).max().filter(|most| *most > 0) else { return };
        let name_width = self.name_width(BAR + 14);
        self.title(title);
        for (name, count) in rows {
            // At least one mark, so that a rare value does not look like none.
            let marks = (count.saturating_mul(BAR as u64) / most).max(1);
            let bar = "#".repeat(usize::try_from(marks).unwrap_or(BAR));
            self.line(&format!("  {}  {count:>7}  {bar}", pad(&name, name_width)));
        }
    }

    fn settings(&mut self, report: &LineageReport) {
        if report.steps.is_none() && report.cfg.is_none() {
            return;
        }
        self.title("Settings     least     10%     50%     90%    most");
        if let Some(steps) = report.steps {
            self.line(&format!(
                "  steps    {:>7} {:>7} {:>7} {:>7} {:>7}",
                steps.min, steps.p10, steps.p50, steps.p90, steps.max
            ));
        }
        if let Some(cfg) = report.cfg {
            self.line(&format!(
                "  cfg      {:>7.1} {:>7.1} {:>7.1} {:>7.1} {:>7.1}",
                cfg.min, cfg.p10, cfg.p50, cfg.p90, cfg.max
            ));
        }
    }

    fn unresolved(&mut self, report: &LineageReport) {
        let unresolved = &report.unresolved;
        if unresolved.resources == 0 {
            return;
        }
        let word = if unresolved.resources == 1 { "reference" } else { "references" };
        self.title(&format!("Unexplained: {} {word} in {}", unresolved.resources, images(unresolved.images)));
        for resource in &unresolved.top {
            let name = resource.name.as_deref().unwrap_or("(no name)");
            let hash = resource.hash.as_ref().map(|hash| format!("  {hash}")).unwrap_or_default();
            self.line(&format!("  {:>7}  {:<12} {name}{hash}", resource.images, resource.kind));
        }
    }

    fn ancestry(&mut self, report: &LineageReport) {
        let ancestry = &report.ancestry;
        if ancestry.base_models.is_empty() && ancestry.linked_vae.is_empty() && ancestry.same_files.is_empty()
        {
            return;
        }
        self.title("Ancestry");
        for base in &ancestry.base_models {
            let versions: Vec<String> = base.versions.iter().map(ToString::to_string).collect();
            self.line(&format!("  base model {}: {}", base.name, versions.join(", ")));
        }
        let vae = ancestry.linked_vae.iter().map(|file| ("same VAE", file));
        let same = ancestry.same_files.iter().map(|file| ("same file", file));
        for (word, file) in vae.chain(same) {
            let other: Vec<&str> = [file.other_model_name.as_deref(), file.other_name.as_deref()]
                .into_iter()
                .flatten()
                .collect();
            self.line(&format!(
                "  {word} in {} and version:{} {}: {}",
                file.version,
                file.other,
                other.join(" "),
                file.file.as_deref().unwrap_or("(no name)")
            ));
        }
    }
}

fn images(count: u64) -> String {
    if count == 1 { "1 image".to_owned() } else { format!("{count} images") }
}

/// Text of exactly `width` characters: longer is cut, shorter is filled with blanks.
fn pad(text: &str, width: usize) -> String {
    let fitting = fit(&printable(text), width);
    let missing = width.saturating_sub(fitting.chars().count());
    fitting + &" ".repeat(missing)
}

/// Text of at most `width` characters; a cut shows as `...`.
fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(3)).collect();
    format!("{kept}...")
}

/// Spells out what a terminal would obey, or what would hide or turn round other text.
fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || invisible {
            // Writing to text cannot fail.
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown
}

#[cfg(test)]
mod tests;
