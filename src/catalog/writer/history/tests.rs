//! What is noted about something known before, and what is not.

use super::super::tests::{Home, batch, full_image, home, item, key, model, version, version_image, write};
use crate::catalog::{Absent, Batch, Change, Tombstone};
use crate::entity::{
    Image, Item, Media, MediaIdentity, MediaKey, MetaState, Model, NsfwLevel, PublishState, Timestamp,
};

fn moment(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis).expect("in range")
}

fn write_at(home: &mut Home, millis: i64, items: Vec<(Item, &str)>) {
    home.catalog.write(&Batch { at: moment(millis), ..batch(items) }).expect("writes");
}

fn mark_absent(home: &mut Home, what: Absent, id: u64, millis: i64) {
    let seen = Tombstone { at: moment(millis), status: 404 };
    home.catalog.note_absence(what, id, seen, "https://civitai.com/x").expect("writes");
}

fn change(millis: i64, field: &str, was: Option<&str>, now: Option<&str>) -> Change {
    Change {
        at: moment(millis),
        field: field.to_owned(),
        was: was.map(str::to_owned),
        now: now.map(str::to_owned),
    }
}

fn edited(edit: impl FnOnce(&mut Model)) -> Item {
    let Item::Model(mut inner, images) = model(Some("Kite"), vec![]) else { unreachable!("it is a model") };
    edit(&mut inner);
    Item::Model(inner, images)
}

#[test]
fn a_renamed_and_taken_down_model_has_both_in_its_history() {
    let mut home = home();
    write_at(&mut home, 10, vec![(model(Some("Kite"), vec![]), "a")]);
    write_at(&mut home, 20, vec![(model(Some("Dragon"), vec![]), "b")]);
    let down = |model: &mut Model| model.mode = Some("TakenDown".to_owned());
    write_at(&mut home, 30, vec![(edited(down), "c")]);
    assert_eq!(
        home.catalog.history(Absent::Model, 4).expect("reads"),
        [
            change(20, "name", Some("Kite"), Some("Dragon")),
            change(30, "mode", None, Some("TakenDown")),
            change(30, "name", Some("Dragon"), Some("Kite")),
        ]
    );
}

#[test]
fn the_order_of_tags_is_no_change_and_another_tag_is_one() {
    let mut home = home();
    let tagged =
        |tags: &[&str]| edited(|model| model.tags = tags.iter().map(|tag| (*tag).to_owned()).collect());
    write_at(&mut home, 10, vec![(tagged(&["style", "kite"]), "a")]);
    write_at(&mut home, 20, vec![(tagged(&["kite", "style"]), "b")]);
    assert_eq!(home.catalog.history(Absent::Model, 4).expect("reads"), []);
    write_at(&mut home, 30, vec![(tagged(&["kite"]), "c")]);
    assert_eq!(
        home.catalog.history(Absent::Model, 4).expect("reads"),
        [change(30, "tags", Some("kite, style"), Some("kite"))]
    );
}

#[test]
fn what_is_seen_for_the_first_time_or_again_has_no_history() {
    let mut home = home();
    for millis in [10, 20] {
        write_at(&mut home, millis, vec![(model(Some("Kite"), vec![version("aaaaaaaaa1", "f")]), "a")]);
        write_at(&mut home, millis, vec![(item(full_image(1)), "full")]);
        write_at(&mut home, millis, vec![(item(version_image(1)), "reduced")]);
    }
    assert_eq!(home.catalog.history(Absent::Model, 4).expect("reads"), []);
    assert_eq!(home.catalog.history(Absent::Version, 9).expect("reads"), []);
    assert_eq!(home.catalog.image_history(key(1)).expect("reads"), []);
}

#[test]
fn another_hash_and_another_file_are_noted() {
    let mut home = home();
    let at = |home: &mut Home, millis, hash, file, text| {
        write_at(home, millis, vec![(Item::Version(Box::new(version(hash, file)), vec![]), text)]);
    };
    at(&mut home, 10, "aaaaaaaaa1", "f", "a");
    at(&mut home, 20, "aaaaaaaaa2", "f", "b");
    at(&mut home, 30, "aaaaaaaaa2", "g", "c");
    assert_eq!(
        home.catalog.history(Absent::Version, 9).expect("reads"),
        [
            change(20, "file f AutoV2", Some("aaaaaaaaa1"), Some("aaaaaaaaa2")),
            change(30, "file f", Some("listed"), None),
        ]
    );
}

#[test]
fn an_absence_and_its_end_are_noted_although_the_document_is_the_same() {
    let mut home = home();
    let again = |home: &mut Home, millis| {
        write_at(home, millis, vec![(Item::Version(Box::new(version("aaaaaaaaa1", "f")), vec![]), "a")]);
    };
    again(&mut home, 10);
    mark_absent(&mut home, Absent::Version, 9, 20);
    mark_absent(&mut home, Absent::Version, 9, 25);
    again(&mut home, 30);
    again(&mut home, 40);
    let expected = [
        change(20, "absent", None, Some("404")),
        change(20, "state", Some("published"), Some("not_found")),
        change(25, "absent", None, Some("404")),
        change(30, "absent", Some("404"), None),
        change(30, "state", Some("not_found"), Some("published")),
    ];
    assert_eq!(home.catalog.history(Absent::Version, 9).expect("reads"), expected);
    mark_absent(&mut home, Absent::Version, 9, 50);
    let history = home.catalog.history(Absent::Version, 9).expect("reads");
    assert_eq!(history.len(), 7, "{history:?}");
}

#[test]
fn a_version_that_comes_back_without_saying_its_state_is_no_longer_not_found() {
    let mut home = home();
    mark_absent(&mut home, Absent::Version, 9, 20);
    let mut silent = version("aaaaaaaaa1", "f");
    silent.state = PublishState::Unknown;
    write_at(&mut home, 30, vec![(Item::Version(Box::new(silent), vec![]), "a")]);
    let state: String = home
        .catalog
        .connection
        .query_row("SELECT state FROM versions WHERE version = 9", [], |row| row.get(0))
        .expect("one row");
    assert_eq!(state, "unknown");
}

#[test]
fn a_picture_that_was_exchanged_is_noted_and_another_width_of_it_is_not() {
    let mut home = home();
    write_at(&mut home, 10, vec![(item(full_image(1)), "a")]);
    let narrow =
        Image { url: Some("https://image.civitai.com/x/width=450/y.jpeg".to_owned()), ..full_image(1) };
    write_at(&mut home, 20, vec![(item(narrow.clone()), "b")]);
    assert_eq!(home.catalog.image_history(key(1)).expect("reads"), []);
    let identity = MediaIdentity::Key(MediaKey::from_bytes([8; 16]));
    let other = Image { media: Media { identity, ..full_image(1).media }, ..full_image(1) };
    write_at(&mut home, 30, vec![(item(other.clone()), "c")]);
    assert_eq!(
        home.catalog.image_history(key(1)).expect("reads"),
        [change(30, "url", narrow.url.as_deref(), other.url.as_deref())]
    );
}

#[test]
fn another_kind_of_document_about_the_same_image_tells_of_no_change() {
    let mut home = home();
    let rated = |image: Image, level| Image { nsfw_level: Some(NsfwLevel::from_bits(level)), ..image };
    write_at(&mut home, 10, vec![(item(rated(version_image(1), 1)), "reduced")]);
    write_at(&mut home, 20, vec![(item(rated(full_image(1), 2)), "full")]);
    assert_eq!(home.catalog.image_history(key(1)).expect("reads"), []);
    write_at(&mut home, 30, vec![(item(rated(full_image(1), 4)), "full, rated again")]);
    assert_eq!(
        home.catalog.image_history(key(1)).expect("reads"),
        [change(30, "nsfw_level", Some("2"), Some("4"))]
    );
}

#[test]
fn withdrawn_generation_data_is_noted_without_its_words_and_can_come_back() {
    let mut home = home();
    let withheld = Image {
        meta: MetaState::Withheld,
        generation: crate::entity::GenerationData::default(),
        resources: vec![],
        ..full_image(1)
    };
    write_at(&mut home, 10, vec![(item(full_image(1)), "full")]);
    write_at(&mut home, 20, vec![(item(withheld), "null")]);
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!((row.meta, row.generation_data.is_empty()), (MetaState::Hidden, true));
    assert!(home.catalog.resources_of(key(1)).expect("reads").is_empty());
    write_at(&mut home, 30, vec![(item(full_image(1)), "full again")]);
    assert_eq!(
        home.catalog.image_history(key(1)).expect("reads"),
        [
            change(20, "meta", Some("present"), Some("hidden")),
            change(30, "meta", Some("hidden"), Some("present"))
        ]
    );
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!(row.generation_data.prompt.as_deref(), Some("a red kite"));
}

#[test]
fn an_image_that_never_had_generation_data_is_not_said_to_have_withdrawn_it() {
    let mut home = home();
    let withheld = Image { meta: MetaState::Withheld, ..version_image(1) };
    write(&mut home, vec![(item(withheld), "null")]);
    let row = home.catalog.image(key(1)).expect("reads").expect("is there");
    assert_eq!(row.meta, MetaState::Null);
}

#[test]
fn a_version_that_its_model_no_longer_lists_is_unpublished_and_comes_back_when_it_is_listed_again() {
    let mut home = home();
    let listing = |versions| {
        let Item::Model(mut model, images) = model(Some("Kite"), versions) else {
            unreachable!("it is a model")
        };
        model.lists_all_versions = true;
        Item::Model(model, images)
    };
    let state = |home: &Home| -> String {
        let sql = "SELECT state FROM versions WHERE version = 9";
        home.catalog.connection.query_row(sql, [], |row| row.get(0)).expect("one row")
    };
    write_at(&mut home, 10, vec![(listing(vec![version("aaaaaaaaa1", "f")]), "a")]);
    write_at(&mut home, 20, vec![(model(Some("Kite"), vec![]), "part of it")]);
    assert_eq!(state(&home), "published", "a filter may have left it out");
    write_at(&mut home, 30, vec![(listing(vec![]), "b")]);
    assert_eq!(state(&home), "unpublished");
    write_at(&mut home, 40, vec![(listing(vec![version("aaaaaaaaa1", "f")]), "a")]);
    assert_eq!(state(&home), "published");
    assert_eq!(
        home.catalog.history(Absent::Version, 9).expect("reads"),
        [
            change(30, "state", Some("published"), Some("unpublished")),
            change(40, "state", Some("unpublished"), Some("published")),
        ]
    );
}
