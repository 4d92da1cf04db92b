//! Any sequence of pages, refusals and kills ends in what an undisturbed walk ends in.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::crawl::{ImageFilter, ImageSort, ModelFilter, ModelSort};
use crate::entity::ModelId;

/// Whose pages are cut, and how their joins behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A numeric cursor; the item that it names is lost.
    Database,
    /// The same without loss.
    DatabaseOldest,
    /// A date and a number; the model named is lost.
    NewestModels,
    /// An offset.
    Index,
    /// An offset that loses an item, as no server of today does.
    LossyIndex,
    /// Numbered pages.
    Tags,
}

const KINDS: [Kind; 6] =
    [Kind::Database, Kind::DatabaseOldest, Kind::NewestModels, Kind::Index, Kind::LossyIndex, Kind::Tags];

/// A site whose listing holds these ids in this order.
#[derive(Clone, Debug)]
struct Site {
    kind: Kind,
    ids: Vec<u64>,
    /// An item that makes pages of more than so many items too large.
    heavy: Option<(u64, u32)>,
}

struct Page {
    ids: Vec<u64>,
    pagination: Pagination,
}

impl Site {
    fn listing(&self) -> Listing {
        let model = ModelId::new(5);
        match self.kind {
            Kind::Database => Listing::Images(ImageFilter { model, ..ImageFilter::default() }),
            Kind::DatabaseOldest => {
                Listing::Images(ImageFilter { model, sort: ImageSort::Oldest, ..ImageFilter::default() })
            }
            Kind::NewestModels => {
                Listing::Models(ModelFilter { sort: ModelSort::Newest, ..ModelFilter::default() })
            }
            Kind::Index | Kind::LossyIndex => Listing::Images(ImageFilter::default()),
            Kind::Tags => Listing::Tags { query: None },
        }
    }

    /// Answers as the site does; `None` when the page is too large.
    fn answer(&self, parameters: &[(String, String)]) -> Option<Page> {
        let get =
            |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let limit: usize = get("limit").and_then(|text| text.parse().ok()).expect("always given");
        let cursor = get("cursor");
        let number = |text: &str| text.parse::<u64>().expect("the site's own cursor, or one above it");
        let from = match self.kind {
            Kind::Database => cursor.map_or(0, |c| self.place(|id| id < number(c))),
            Kind::DatabaseOldest => cursor.map_or(0, |c| self.place(|id| id >= number(c))),
            Kind::NewestModels => cursor.map_or(0, |c| {
                let (_, id) = c.split_once('|').expect("the site's own cursor");
                self.place(|known| known < number(id))
            }),
            Kind::Index => {
                cursor.map_or(0, |c| usize::try_from(number(&c.replace("|bdx", ""))).expect("small"))
            }
            Kind::LossyIndex => {
                cursor.map_or(0, |c| 1 + usize::try_from(number(&c.replace("|bdx", ""))).expect("small"))
            }
            Kind::Tags => {
                (usize::try_from(number(get("page").expect("numbered"))).expect("small") - 1) * limit
            }
        };
        let from = from.min(self.ids.len());
        let ids: Vec<u64> = self.ids[from..].iter().copied().take(limit).collect();
        if self.heavy.is_some_and(|(heavy, most)| limit > most as usize && ids.contains(&heavy)) {
            return None;
        }
        let end = from + ids.len();
        let next_cursor = self.ids.get(end).map(|id| match self.kind {
            Kind::Database | Kind::DatabaseOldest => id.to_string(),
            Kind::NewestModels => format!("2024-05-06 07:08:09|{id}"),
            Kind::Index | Kind::LossyIndex => format!("{end}|bdx"),
            Kind::Tags => String::new(),
        });
        let next_cursor = next_cursor.filter(|_| self.kind != Kind::Tags);
        Some(Page { ids, pagination: Pagination { next_cursor, ..Pagination::default() } })
    }

    fn place(&self, is_due: impl Fn(u64) -> bool) -> usize {
        self.ids.iter().position(|id| is_due(*id)).unwrap_or(self.ids.len())
    }
}

/// What the catalog holds.
#[derive(Clone, Debug, Default)]
struct Store {
    row: Option<CrawlRow>,
    pages: Vec<CrawlPage>,
    ids: BTreeSet<u64>,
}

/// When a process is killed, in decisions that it takes.
#[derive(Clone, Copy, Debug)]
enum Kill {
    BeforeCommit(usize),
    AfterCommit(usize),
}

fn moment() -> Timestamp {
    Timestamp::from_millis(0).expect("the epoch")
}

fn fresh_row(limit: u32, base_walk: u64) -> CrawlRow {
    CrawlRow {
        listing: "x".to_owned(),
        state: CrawlState::Running,
        cursor: None,
        pages: 0,
        items: 0,
        started_at: moment(),
        updated_at: moment(),
        coverage: BTreeMap::new(),
        walk: 1,
        end_reason: None,
        counts: WalkCounts { page_limit: limit, base_walk, ..WalkCounts::default() },
    }
}

/// One process: from what the store holds until the end, or until it is killed.
fn process(
    site: &Site,
    store: &mut Store,
    limit: u32,
    base: Option<&[CrawlPage]>,
    kill: Option<Kill>,
) -> bool {
    let purpose = base.map_or(Purpose::Take, |pages| Purpose::Verify(Box::new(Base::of_pages(pages, true))));
    let row = store.row.clone().unwrap_or_else(|| fresh_row(limit, 0));
    let listing = site.listing();
    let mut walk = Walk::new(row, &listing, purpose);
    store.pages.iter().for_each(|page| walk.remember(page));
    for decision in 0..10_000 {
        let committed = if let Some(owed) = walk.owed() {
            let came: Vec<u64> = owed.iter().copied().filter(|id| site.ids.contains(id)).collect();
            let turn = walk.recovered(&owed, Some(&came), 0, moment());
            Some((turn.page, came))
        } else if walk.row.state == CrawlState::Done {
            return true;
        } else {
            step(site, &mut walk)
        };
        let Some((page, ids)) = committed else { continue };
        match kill {
            Some(Kill::BeforeCommit(at)) if at == decision => return false,
            _ => {}
        }
        store.row = Some(walk.row.clone());
        store.pages.push(page);
        store.ids.extend(ids);
        match kill {
            Some(Kill::AfterCommit(at)) if at == decision => return false,
            _ => {}
        }
    }
    panic!("the walk does not end: {walk:?}");
}

/// One request; nothing to commit when the page is too large.
fn step(site: &Site, walk: &mut Walk) -> Option<(CrawlPage, Vec<u64>)> {
    let ask = walk.ask(u64::MAX);
    let Some(page) = site.answer(&ask.parameters()) else {
        assert!(walk.shrink(ask.limit) || walk.step_over().is_some(), "no way past the item");
        return None;
    };
    let skipped: Vec<u64> = page.ids.iter().copied().skip(ask.skip()).collect();
    let sights: Vec<Sight> = skipped
        .iter()
        .map(|id| Sight { id: *id, satisfies: true, lacks_meta: false, nsfw_level: 1, at: None })
        .collect();
    let ahead = walk.ask_after(
        &ask,
        &page.pagination,
        page.ids.len(),
        page.ids.len(),
        skipped.len() as u64,
        u64::MAX,
    );
    let turn = walk.turn(&Shown {
        ask: &ask,
        pagination: &page.pagination,
        held: page.ids.len(),
        taken: page.ids.len(),
        items: skipped.len() as u64,
        failed: 0,
        sights: &sights,
        is_known_ground: false,
        until: None,
        at: moment(),
    });
    if walk.row.state == CrawlState::Running && !walk.is_closing() {
        assert_eq!(ahead, Some(walk.ask(u64::MAX)), "what is fetched ahead is what is asked next");
    }
    Some((turn.page, skipped))
}

/// The walk with these kills, one process after the other.
fn crawl(site: &Site, limit: u32, base: Option<&[CrawlPage]>, kills: &[Kill]) -> Store {
    let mut store = Store::default();
    for kill in kills {
        if process(site, &mut store, limit, base, Some(*kill)) {
            return store;
        }
    }
    assert!(process(site, &mut store, limit, base, None));
    store
}

/// What must be equal after a disturbed and an undisturbed walk.
fn outcome(store: &Store) -> (CrawlRow, Vec<CrawlPage>, BTreeSet<u64>) {
    let mut row = store.row.clone().expect("something was committed");
    row.coverage.retain(|name, _| !Anomaly::from_word(name).is_some_and(Anomaly::is_passing));
    (row, store.pages.clone(), store.ids.clone())
}

fn sites() -> impl Strategy<Value = (Site, u32)> {
    let ids = proptest::collection::btree_set(1_000_u64..1_400, 1..60);
    let heavy = proptest::option::of((0_usize..60, 1_u32..6));
    (0..KINDS.len(), ids, heavy, 1_u32..12).prop_map(|(kind, ids, heavy, limit)| {
        let kind = KINDS[kind];
        let mut ids: Vec<u64> = ids.into_iter().collect();
        if kind != Kind::DatabaseOldest {
            ids.reverse();
        }
        let heavy = heavy.and_then(|(at, most)| ids.get(at).map(|id| (*id, most)));
        (Site { kind, ids, heavy }, limit)
    })
}

fn kills() -> impl Strategy<Value = Vec<Kill>> {
    let kill =
        prop_oneof![(0_usize..8).prop_map(Kill::BeforeCommit), (0_usize..8).prop_map(Kill::AfterCommit)];
    proptest::collection::vec(kill, 0..12)
}

proptest! {
    #[test]
    fn a_walk_that_is_killed_anywhere_ends_as_one_that_is_not((site, limit) in sites(), kills in kills()) {
        let undisturbed = crawl(&site, limit, None, &[]);
        let disturbed = crawl(&site, limit, None, &kills);
        prop_assert_eq!(outcome(&disturbed), outcome(&undisturbed));
        let row = undisturbed.row.expect("committed");
        let all: BTreeSet<u64> = site.ids.iter().copied().collect();
        if site.kind != Kind::LossyIndex {
            prop_assert_eq!(&undisturbed.ids, &all, "{:?}", site.kind);
        }
        prop_assert_eq!(row.counts.distinct, undisturbed.ids.len() as u64);
        prop_assert_eq!(row.end_reason.as_deref(), Some("end_of_list"));
        if matches!(site.kind, Kind::Database | Kind::DatabaseOldest | Kind::NewestModels) {
            let counts = &row.counts;
            let settled = counts.boundaries_sound + counts.boundary_recovered;
            prop_assert_eq!(settled, counts.boundaries);
        }
    }

    #[test]
    fn a_second_walk_finds_whatever_the_first_one_lost_between_pages(
        (site, limit) in sites(), kills in kills(),
    ) {
        let site = Site { kind: Kind::LossyIndex, heavy: None, ..site };
        let limit = limit.max(2);
        let first = crawl(&site, limit, None, &[]);
        let undisturbed = crawl(&site, limit, Some(&first.pages), &[]);
        let second = crawl(&site, limit, Some(&first.pages), &kills);
        prop_assert_eq!(outcome(&second), outcome(&undisturbed));
        let all: BTreeSet<u64> = site.ids.iter().copied().collect();
        let lost: BTreeSet<u64> = all.difference(&first.ids).copied().collect();
        let both: BTreeSet<u64> = first.ids.union(&second.ids).copied().collect();
        prop_assert_eq!(&both, &all);
        let counts = second.row.expect("committed").counts;
        // The second walk loses items too: where that is the neighbour of a lost one, its join cannot be told.
        prop_assert_eq!(counts.gaps_closed + counts.inside + counts.beyond, lost.len() as u64);
        prop_assert_eq!(counts.newer, 0);
        let named: BTreeSet<u64> = counts.gaps.iter().map(|gap| gap.id).collect();
        prop_assert!(named.is_subset(&lost));
    }
}

fn sight(id: u64) -> Sight {
    Sight { id, satisfies: true, lacks_meta: false, nsfw_level: 1, at: None }
}

/// Takes one page of `sights` and a cursor into `walk`; what was odd about it.
fn take(
    walk: &mut Walk,
    sights: &[Sight],
    next_cursor: Option<&str>,
    until: Option<Timestamp>,
) -> Vec<Anomaly> {
    let ask = walk.ask(u64::MAX);
    let pagination = Pagination { next_cursor: next_cursor.map(str::to_owned), ..Pagination::default() };
    walk.turn(&Shown {
        ask: &ask,
        pagination: &pagination,
        held: sights.len(),
        taken: sights.len(),
        items: sights.len() as u64,
        failed: 0,
        sights,
        is_known_ground: false,
        until,
        at: moment(),
    })
    .notes
}

fn walk_over(kind: Kind, limit: u32) -> Walk {
    let site = Site { kind, ids: Vec::new(), heavy: None };
    Walk::new(fresh_row(limit, 0), &site.listing(), Purpose::Take)
}

#[test]
fn a_page_on_which_nothing_satisfies_the_filter_ends_the_walk() {
    let mut walk = walk_over(Kind::Index, 5);
    let stranger = |id| Sight { satisfies: false, ..sight(id) };
    take(&mut walk, &[stranger(1), sight(2)], Some("2|bdx"), None);
    assert_eq!(walk.end_reason(), None, "one stranger is no ignored filter");
    take(&mut walk, &[3, 4, 5, 6, 7].map(stranger), Some("7|bdx"), None);
    assert_eq!(walk.end_reason(), Some(EndReason::FilterIgnored));
    assert_eq!((walk.row.state, walk.row.counts.contradicting), (CrawlState::Done, 6));
}

#[test]
fn some_items_that_satisfy_an_ignored_filter_by_chance_do_not_hide_it() {
    for (strangers, ends) in [(17, false), (18, true)] {
        let mut walk = walk_over(Kind::Index, 20);
        let page: Vec<Sight> = (1..=20).map(|id| Sight { satisfies: id > strangers, ..sight(id) }).collect();
        take(&mut walk, &page, Some("20|bdx"), None);
        assert_eq!(walk.end_reason() == Some(EndReason::FilterIgnored), ends, "{strangers} of 20");
    }
}

#[test]
fn a_page_of_items_that_are_all_older_ends_the_walk() {
    let mut walk = walk_over(Kind::Index, 5);
    let dated = |id, millis| Sight { at: Timestamp::from_millis(millis), ..sight(id) };
    let until = Timestamp::from_millis(100);
    take(&mut walk, &[dated(1, 300), dated(2, 50)], Some("2|bdx"), until);
    assert_eq!(walk.end_reason(), None, "one is young enough");
    take(&mut walk, &[sight(3), dated(4, 50)], Some("4|bdx"), until);
    assert_eq!(walk.end_reason(), None, "an item without a date is not old");
    take(&mut walk, &[dated(5, 99), dated(6, 50)], Some("6|bdx"), until);
    assert_eq!(walk.end_reason(), Some(EndReason::Until));
    assert_eq!((walk.row.counts.earliest, walk.row.counts.latest), (Some(50), Some(300)));
}

#[test]
fn a_page_without_any_generation_data_is_odd() {
    let mut walk = walk_over(Kind::Index, 9);
    let bare = |id| Sight { lacks_meta: true, ..sight(id) };
    assert_eq!(take(&mut walk, &[1, 2, 3, 4].map(bare), Some("4|bdx"), None), [], "too few to tell");
    assert_eq!(take(&mut walk, &[5, 6, 7, 8, 9].map(bare), Some("9|bdx"), None), [Anomaly::MetaMissing]);
    assert_eq!(walk.row.counts.without_meta, 9);
}

#[test]
fn a_listing_that_moves_under_the_walk_is_noticed() {
    let mut walk = walk_over(Kind::Index, 3);
    take(&mut walk, &[9, 8, 7].map(sight), Some("3|bdx"), None);
    let notes = take(&mut walk, &[7, 6, 5].map(sight), Some("6|bdx"), None);
    assert_eq!(notes, [Anomaly::Drift, Anomaly::DuplicateItem]);
    assert_eq!((walk.row.counts.drifts, walk.row.counts.distinct), (1, 5));
    take(&mut walk, &[4, 3, 2].map(sight), Some("9|bdx"), None);
    let counts = &walk.row.counts;
    assert_eq!(
        (counts.boundaries, counts.boundaries_sound),
        (2, 1),
        "an overlap shows that nothing lies between"
    );
}

#[test]
fn the_end_of_the_index_is_told_from_the_end_of_the_listing() {
    let mut walk = walk_over(Kind::Index, 200);
    walk.row.items = 49_900;
    let notes = take(&mut walk, &[9, 8, 7].map(sight), None, None);
    assert_eq!(notes, [Anomaly::DepthLimit]);
    let mut of_model = walk_over(Kind::Database, 200);
    of_model.row.items = 49_900;
    assert_eq!(take(&mut of_model, &[9, 8, 7].map(sight), None, None), [], "the database has no such limit");
}

#[test]
fn an_empty_page_of_the_database_stops_the_walk_once_and_ends_it_the_second_time() {
    let mut walk = walk_over(Kind::Database, 2);
    take(&mut walk, &[sight(90), sight(80)], Some("70"), None);
    assert!(walk.is_suspicious(0, &Pagination::default()) && !walk.stands_still());
    walk.stand_still(moment());
    assert!(walk.stands_still());
    assert_eq!((walk.row.state, walk.row.cursor.as_deref()), (CrawlState::Running, Some("70")));
    let mut later = Walk::new(walk.row.clone(), &walk.listing, Purpose::Take);
    assert_eq!(take(&mut later, &[], None, None), [Anomaly::EmptyPageTimeout]);
    assert_eq!((later.row.state, later.end_reason()), (CrawlState::Done, Some(EndReason::EmptyPageTimeout)));
    let mut in_time = Walk::new(walk.row.clone(), &walk.listing, Purpose::Take);
    take(&mut in_time, &[sight(70)], None, None);
    assert_eq!(in_time.end_reason(), Some(EndReason::EndOfList));
}

#[test]
fn a_cursor_that_no_address_can_carry_ends_the_walk_and_is_not_kept() {
    let mut walk = walk_over(Kind::Index, 2);
    let endless = "9".repeat(MAX_CURSOR_BYTES + 1);
    assert_eq!(take(&mut walk, &[sight(9), sight(8)], Some(&endless), None), [Anomaly::CursorRejected]);
    assert_eq!((walk.row.cursor.clone(), walk.end_reason()), (None, Some(EndReason::CursorRejected)));
}

#[test]
fn pages_shrink_to_what_can_be_had_and_grow_again() {
    let mut walk = walk_over(Kind::Index, 100);
    for expected in [50, 25] {
        let limit = walk.ask(u64::MAX).limit;
        assert!(walk.shrink(limit));
        assert_eq!(walk.ask(u64::MAX).limit, expected);
    }
    let mut limits = Vec::new();
    for page in 1..=2 * PAGES_BEFORE_GROWTH {
        take(&mut walk, &[sight(page.into())], Some(&format!("{page}|bdx")), None);
        limits.push(walk.ask(u64::MAX).limit);
    }
    limits.dedup();
    assert_eq!(limits, [25, 50, 100]);
    assert!(!walk.shrink(1));
}

#[test]
fn an_item_too_large_for_any_page_is_passed_over_only_where_it_can_be_told() {
    assert_eq!(walk_over(Kind::Index, 1).step_over(), None);
    let mut numbered = walk_over(Kind::Tags, 1);
    assert_eq!(numbered.step_over().as_deref(), Some("item 0"));
    assert_eq!(numbered.ask(u64::MAX).parameters().last(), Some(&("page".to_owned(), "2".to_owned())));
    let mut of_model = walk_over(Kind::Database, 1);
    take(&mut of_model, &[sight(90)], Some("80"), None);
    assert_eq!(of_model.ask(u64::MAX).parameters()[1].1, "81");
    assert_eq!(of_model.step_over().as_deref(), Some("image 80"));
    assert_eq!(of_model.ask(u64::MAX).parameters()[1].1, "80", "strictly behind it");
    take(&mut of_model, &[sight(70)], None, None);
    assert_eq!((of_model.row.counts.failed, of_model.row.state), (1, CrawlState::Done));
}
