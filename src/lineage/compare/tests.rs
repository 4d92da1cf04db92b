//! Comparisons of reports made by hand.

use super::*;
use crate::lineage::{Counted, Sampling, ScopeKind, Totals};

fn report(samplers: &[(&str, u64)], distinct: u64) -> LineageReport {
    let images = samplers.iter().map(|(_, images)| images).sum();
    let empty = serde_json::json!({
        "schema": 2, "images": images, "evidence": {}, "classes": {}, "copies": null, "versions": [],
        "scope": {"kind": "model", "id": 1, "name": null, "since": null, "until": null},
        "counts": {"made_with": images, "posted_for": 0, "made_with_deduplicated": images, "made_with_distinct": null},
        "confidence": {"certain": 0, "strong": 0, "likely": 0, "weak": 0},
        "totals": Totals::default(), "first_seen": null, "last_seen": null, "weeks": [], "co_used": [],
        "samplers": [], "schedulers": [], "steps": null, "cfg": null, "sizes": [], "creators": [],
        "orientation": {"portrait": 0, "landscape": 0, "square": 0, "unknown": images},
        "seeds": {"images": 0, "distinct": 0, "reused": 0, "top": []}, "themes": crate::lineage::Themes::default(),
        "unresolved": {"images": 0, "resources": 0, "top": []}, "score": null, "drift": [],
        "ancestry": crate::lineage::Ancestry::default(),
    });
    let mut report: LineageReport = serde_json::from_value(empty).expect("the shape of a report");
    report.totals.samplers = Total { images, distinct };
    report.samplers = samplers
        .iter()
        .map(|(name, images)| Sampling { sampler: (*name).to_owned(), scheduler: None, images: *images })
        .collect();
    report
}

fn samplers(a: &LineageReport, b: &LineageReport) -> ListChange {
    let found = compare(a, b).lists.into_iter().find(|list| list.figure == "samplers");
    found.expect("one side has samplers")
}

#[test]
fn a_report_does_not_differ_from_itself() {
    let mut report = report(&[("euler", 7), ("lms", 3)], 2);
    report.creators = vec![Counted { name: "ann".to_owned(), images: 10 }];
    report.totals.creators = Total { images: 10, distinct: 1 };
    let same = compare(&report, &report);
    assert_eq!((&same.a, same.a.kind), (&same.b, ScopeKind::Model));
    assert!(same.numbers.iter().all(|number| number.change.is_none_or(|change| change == 0.0)));
    assert!(same.lists.iter().all(|list| list.divergence.is_none_or(|bits| bits == 0.0)));
    assert_eq!(same.lists.len(), 2, "empty lists are left out");
    let json = serde_json::to_string(&same).expect("a comparison is JSON");
    assert_eq!(serde_json::from_str::<Comparison>(&json).expect("it is read back"), same);
}

#[test]
fn whole_lists_say_zero_and_cut_ones_say_nothing() {
    let whole = report(&[("euler", 5), ("lms", 5)], 2);
    let other = report(&[("euler", 8), ("ddim", 2)], 2);
    let found = samplers(&whole, &other);
    let counts: Vec<_> = found.rows.iter().map(|row| (row.value.as_str(), row.a, row.b)).collect();
    assert_eq!(counts, [("lms", Some(5), Some(0)), ("euler", Some(5), Some(8)), ("ddim", Some(0), Some(2))]);
    assert!(!found.at_least);
    let cut = report(&[("euler", 8), ("ddim", 2)], 9);
    let found = samplers(&whole, &cut);
    let counts: Vec<_> = found.rows.iter().map(|row| (row.value.as_str(), row.a, row.b)).collect();
    assert_eq!(counts, [("euler", Some(5), Some(8)), ("ddim", Some(0), Some(2)), ("lms", Some(5), None)]);
    assert!(found.at_least);
}

#[test]
fn what_a_cut_list_says_is_never_more_than_the_truth() {
    let whole_a = report(&[("a", 40), ("b", 30), ("c", 20), ("d", 10)], 4);
    let whole_b = report(&[("d", 40), ("c", 30), ("b", 20), ("a", 10)], 4);
    let truth = samplers(&whole_a, &whole_b).divergence.expect("both sides have values");
    let mut cut = (whole_a, whole_b);
    for list in 1..4 {
        cut.0.samplers.truncate(4 - list);
        cut.1.samplers.truncate(4 - list);
        let found = samplers(&cut.0, &cut.1);
        assert!(found.at_least && found.divergence.expect("values") <= truth);
    }
}
