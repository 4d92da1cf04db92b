//! The verdict on one listing, with reasons that a person can act on. Pure.

use std::cmp::Reverse;

use super::{Coverage, Verdict};
use crate::catalog::CrawlState;
use crate::crawl::report::{Anomaly, EndReason};

/// Items from which on missing maturity levels are no accident.
const TELLING_ITEMS: u64 = 200;

/// The maturity bit of what everybody may see.
const PG: u32 = 1;

type Reason = (Verdict, String);

/// The verdict on a listing that is walked as a whole.
pub(super) fn of(coverage: &Coverage) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    reasons.extend(of_end(coverage));
    reasons.extend(of_joins(coverage));
    reasons.extend(of_second_walk(coverage));
    reasons.extend(of_anomalies(coverage));
    reasons.extend(of_items(coverage));
    settle(reasons)
}

/// The verdict on a listing that is walked in parts.
pub(super) fn of_parts(coverage: &Coverage, walked: &[Coverage]) -> (Verdict, Vec<String>) {
    let mut reasons = Vec::new();
    let due = coverage.parts.iter().filter(|part| !part.done).count();
    if due > 0 {
        let all = coverage.parts.len();
        reasons.push((Verdict::Incomplete, format!("{due} of {all} parts are not walked to their end")));
    }
    for verdict in [Verdict::Incomplete, Verdict::Unknown] {
        let parts = walked.iter().filter(|part| part.verdict == verdict).count();
        if parts > 0 {
            reasons.push((verdict, format!("{parts} parts are {}", verdict.as_str())));
        }
    }
    reasons.push((
        Verdict::Unknown,
        "whether the parts make up the whole is not known: items that fit none of them are in none"
            .to_owned(),
    ));
    settle(reasons)
}

fn settle(mut reasons: Vec<Reason>) -> (Verdict, Vec<String>) {
    reasons.sort_by_key(|(verdict, _)| Reverse(*verdict));
    let verdict = reasons.first().map_or(Verdict::Complete, |(verdict, _)| *verdict);
    (verdict, reasons.into_iter().map(|(_, reason)| reason).collect())
}

fn of_end(coverage: &Coverage) -> Option<Reason> {
    let end = coverage.end_reason.as_deref().and_then(EndReason::from_word);
    let incomplete = |text: &str| Some((Verdict::Incomplete, text.to_owned()));
    let unknown = |text: &str| Some((Verdict::Unknown, text.to_owned()));
    match end {
        Some(EndReason::EmptyPageTimeout) if coverage.items > 0 => incomplete(
            "an empty page came where more items are due, probably because the site's database ran out of time: \
             run the same line again later, or crawl by version",
        ),
        _ if coverage.state == CrawlState::Running => {
            incomplete("the walk is not at its end: run the same line again")
        }
        None | Some(EndReason::EndOfList) => None,
        Some(EndReason::Until) => unknown("the walk was told to stop at a date"),
        Some(EndReason::KnownGround | EndReason::EndOfFirstWalk) => {
            unknown("the walk stopped where everything was known")
        }
        Some(EndReason::EmptyPageTimeout) => unknown(
            "nothing came: there is nothing, or the site's database ran out of time; crawl by version to be sure",
        ),
        Some(EndReason::CursorRepeated) => incomplete("the site led back to a page that was walked before"),
        Some(EndReason::CursorRejected) => incomplete("the site refused the cursor that it had given itself"),
        Some(EndReason::PageCap) => incomplete("the site gives no pages beyond this one: split the listing"),
        Some(EndReason::FilterIgnored) => {
            incomplete("the site ignores the filter, so the walk was stopped: try again another day")
        }
        Some(EndReason::NothingNew) if has(coverage, Anomaly::FewerThanClaimed) => None,
        Some(EndReason::NothingNew) => unknown("the last pages brought nothing new, and no page was empty"),
    }
}

fn of_joins(coverage: &Coverage) -> Option<Reason> {
    let claimed = coverage.counts.claimed;
    if claimed > 0 && coverage.ids >= claimed {
        return None;
    }
    if coverage.counts.pages < coverage.pages {
        return Some((
            Verdict::Unknown,
            "an earlier version of Stemmata began the walk and kept no pages: crawl it again".to_owned(),
        ));
    }
    let unchecked = coverage.boundaries_unchecked;
    (unchecked > 0).then(|| {
        let text = format!(
            "at {unchecked} of {} joins between pages an item may be lost: `stemmata crawl verify` checks them",
            coverage.counts.boundaries
        );
        (Verdict::Unknown, text)
    })
}

fn of_second_walk(coverage: &Coverage) -> Option<Reason> {
    let second = coverage.verified.as_ref()?;
    if second.anomalies.contains_key(Anomaly::HeadUnfiltered.as_str()) {
        return Some((
            Verdict::Incomplete,
            "the listing begins exactly as the one without its filter: the site seems to ignore it"
                .to_owned(),
        ));
    }
    let is_running = second.state == CrawlState::Running;
    is_running.then(|| {
        (Verdict::Unknown, "`stemmata crawl verify` is not through: run it again to go on".to_owned())
    })
}

fn of_anomalies(coverage: &Coverage) -> Vec<Reason> {
    let words: [(Anomaly, Verdict, &str); 7] = [
        (
            Anomaly::DepthLimit,
            Verdict::Incomplete,
            "it ended about where the site's index ends, whatever there is: walk it in parts with --split",
        ),
        (
            Anomaly::FewerThanClaimed,
            Verdict::Incomplete,
            "fewer items came than the site says there are: `stemmata crawl verify` walks it a second time",
        ),
        (Anomaly::ItemTooLarge, Verdict::Incomplete, "items too large to take were passed over"),
        (
            Anomaly::EndedOnFullPage,
            Verdict::Unknown,
            "the last page is full, so the listing may go on behind it",
        ),
        (Anomaly::EndedOnEmptyPage, Verdict::Unknown, "the last page is empty, as when the site stops early"),
        (Anomaly::EmptyPage, Verdict::Unknown, "there were empty pages in between"),
        (
            Anomaly::MetaMissing,
            Verdict::Unknown,
            "whole pages carry no generation data although it was asked for: crawl again another day",
        ),
    ];
    let is_settled = |anomaly| anomaly == Anomaly::EndedOnFullPage && ends_alike(coverage);
    let met = words.into_iter().filter(|(anomaly, ..)| has(coverage, *anomaly) && !is_settled(*anomaly));
    met.map(|(_, verdict, text)| (verdict, text.to_owned())).collect()
}

/// Whether a second walk, whose pages end elsewhere, came to the same end on a page that is not full.
fn ends_alike(coverage: &Coverage) -> bool {
    coverage.verified.as_ref().is_some_and(|second| {
        second.state == CrawlState::Done
            && second.end_reason.as_deref() == Some(EndReason::EndOfList.as_str())
            && [Anomaly::EndedOnFullPage, Anomaly::EndedOnEmptyPage]
                .iter()
                .all(|anomaly| !second.anomalies.contains_key(anomaly.as_str()))
    })
}

fn of_items(coverage: &Coverage) -> Vec<Reason> {
    let counts = &coverage.counts;
    let mut reasons = Vec::new();
    if counts.failed > 0 {
        let text = format!("{} items could not be used", counts.failed);
        reasons.push((Verdict::Incomplete, text));
    }
    if counts.contradicting > 0 && coverage.end_reason.as_deref() != Some(EndReason::FilterIgnored.as_str()) {
        let text = format!("{} items contradict the filter", counts.contradicting);
        reasons.push((Verdict::Unknown, text));
    }
    if asked_for_all_levels(coverage) && coverage.ids >= TELLING_ITEMS && counts.nsfw_levels == PG {
        let text =
            "all levels were asked for and nothing above PG came: the site may reduce what this region sees";
        reasons.push((Verdict::Unknown, text.to_owned()));
    }
    reasons
}

fn asked_for_all_levels(coverage: &Coverage) -> bool {
    coverage.listing.contains("browsingLevel=31") || coverage.listing.contains("nsfw=true")
}

fn has(coverage: &Coverage, anomaly: Anomaly) -> bool {
    coverage.met(anomaly) > 0
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::Verified;
    use super::*;
    use crate::catalog::WalkCounts;
    use crate::entity::Timestamp;

    fn check(change: impl Fn(&mut Coverage), verdict: Verdict, word: &str) {
        let moment = Timestamp::from_millis(0).expect("the epoch");
        let mut coverage = Coverage {
            listing: "civitai.com/api/v1/images?browsingLevel=31".to_owned(),
            state: CrawlState::Done,
            walk: 1,
            pages: 3,
            items: 500,
            ids: 500,
            counts: WalkCounts { pages: 3, boundaries: 2, nsfw_levels: 3, ..WalkCounts::default() },
            boundaries_unchecked: 0,
            verified: None,
            anomalies: BTreeMap::new(),
            passing: BTreeMap::new(),
            end_reason: Some(EndReason::EndOfList.as_str().to_owned()),
            parts: Vec::new(),
            started_at: moment,
            updated_at: moment,
            verdict: Verdict::Unknown,
            reasons: Vec::new(),
        };
        change(&mut coverage);
        let (found, reasons) = of(&coverage);
        assert_eq!(found, verdict, "{reasons:?}");
        assert_eq!(found == Verdict::Complete, reasons.is_empty(), "whatever is not complete has a reason");
        assert!(word.is_empty() || reasons.iter().any(|reason| reason.contains(word)), "{word}: {reasons:?}");
    }

    fn ended(reason: EndReason) -> impl Fn(&mut Coverage) {
        move |coverage| coverage.end_reason = Some(reason.as_str().to_owned())
    }

    fn met(anomaly: Anomaly) -> impl Fn(&mut Coverage) {
        move |coverage| {
            coverage.anomalies.insert(anomaly.as_str().to_owned(), 1);
        }
    }

    #[test]
    fn a_walk_to_its_end_without_open_joins_is_complete_and_every_doubt_has_its_reason() {
        check(|_| (), Verdict::Complete, "");
        check(
            |coverage| coverage.state = CrawlState::Running,
            Verdict::Incomplete,
            "run the same line again",
        );
        check(|coverage| coverage.boundaries_unchecked = 1, Verdict::Unknown, "1 of 2 joins");
        check(|coverage| coverage.counts.pages = 2, Verdict::Unknown, "earlier version");
        check(|coverage| coverage.counts.failed = 1, Verdict::Incomplete, "could not be used");
        check(|coverage| coverage.counts.contradicting = 1, Verdict::Unknown, "contradict");
        check(|coverage| coverage.counts.nsfw_levels = 1, Verdict::Unknown, "region");
        check(met(Anomaly::DepthLimit), Verdict::Incomplete, "--split");
        check(met(Anomaly::EndedOnFullPage), Verdict::Unknown, "full");
        check(met(Anomaly::MetaMissing), Verdict::Unknown, "generation data");
        check(ended(EndReason::CursorRepeated), Verdict::Incomplete, "led back");
        check(ended(EndReason::CursorRejected), Verdict::Incomplete, "refused");
        check(ended(EndReason::FilterIgnored), Verdict::Incomplete, "ignores the filter");
        check(ended(EndReason::EmptyPageTimeout), Verdict::Incomplete, "ran out of time");
        check(ended(EndReason::Until), Verdict::Unknown, "date");
        check(ended(EndReason::PageCap), Verdict::Incomplete, "split");
    }

    #[test]
    fn a_full_last_page_is_settled_by_a_second_walk_that_ends_on_another() {
        let verified = |anomaly: Option<Anomaly>, end: EndReason| {
            move |coverage: &mut Coverage| {
                coverage.anomalies.insert(Anomaly::EndedOnFullPage.as_str().to_owned(), 1);
                coverage.verified = Some(Verified {
                    state: CrawlState::Done,
                    end_reason: Some(end.as_str().to_owned()),
                    counts: WalkCounts::default(),
                    anomalies: anomaly.iter().map(|met| (met.as_str().to_owned(), 1)).collect(),
                });
            }
        };
        check(verified(None, EndReason::EndOfList), Verdict::Complete, "");
        check(verified(Some(Anomaly::EndedOnFullPage), EndReason::EndOfList), Verdict::Unknown, "full");
        check(verified(None, EndReason::CursorRejected), Verdict::Unknown, "full");
    }

    #[test]
    fn a_listing_that_holds_as_many_as_the_site_claims_needs_no_joins() {
        let open = |coverage: &mut Coverage| {
            (coverage.boundaries_unchecked, coverage.counts.claimed) = (2, coverage.ids);
        };
        check(open, Verdict::Complete, "");
    }
}
