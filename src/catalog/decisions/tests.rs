use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::catalog::Access;
use crate::entity::{
    Decision, HexHash, ImageId, ImageName, Refused, ResourceKind, Ruling, Timestamp, VersionId,
};

fn version(id: u64) -> VersionId {
    VersionId::new(id).expect("positive")
}

fn image() -> impl Strategy<Value = ImageName> {
    prop_oneof![
        (1..9_u64).prop_map(|id| ImageName::Site(ImageId::new(id).expect("positive"))),
        "[a-z]{1,6}".prop_map(|name| ImageName::Url(format!("https://{name}.example/x"))),
        proptest::collection::vec(any::<u8>(), 1..9).prop_map(ImageName::Path),
        Just(ImageName::Path(b"https://not.a/url".to_vec())),
    ]
}

fn ruling() -> impl Strategy<Value = Ruling> {
    let hash = "[0-9a-f]{8,64}".prop_map(|digits| HexHash::parse(&digits).expect("enough digits"));
    let name = ("[^\\s]{1,9}", 0..ResourceKind::ALL.len())
        .prop_map(|(name, kind)| Refused::Name(ResourceKind::ALL[kind], name));
    let what = prop_oneof![image().prop_map(Refused::Image), hash.clone().prop_map(Refused::Hash), name];
    prop_oneof![
        (hash, 1..9_u64).prop_map(|(hash, id)| Ruling::Hash { hash, version: version(id) }),
        (what, 1..9_u64).prop_map(|(what, id)| Ruling::NotLink { what, version: version(id) }),
        (image(), image()).prop_map(|(a, b)| Ruling::not_duplicate(a, b)),
        "[a-z0-9_-]{1,12}".prop_map(|id| Ruling::Undo { id }),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    (0..4_000_000_000_000_i64, ".{0,9}", ruling())
        .prop_map(|(at, by, ruling)| new_decision(Timestamp::from_millis(at).expect("a time"), &by, ruling))
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(list in proptest::collection::vec(decision(), 0..9)) {
        let mut overlay = Overlay::default();
        overlay.decisions = list.into_iter().collect();
        let (again, faults) = Overlay::read(&overlay.to_text());
        prop_assert_eq!(&again, &overlay);
        prop_assert!(faults.is_empty(), "{:?}", faults);
    }

    #[test]
    fn text_of_any_kind_is_kept(text in "(.{0,30}\n){0,5}") {
        let (overlay, faults) = Overlay::read(&text);
        prop_assert!(overlay.not_understood() <= faults.len());
        let (again, _) = Overlay::read(&overlay.to_text());
        prop_assert_eq!(again, overlay);
    }
}

#[test]
fn a_decision_of_a_later_version_is_kept_and_named() {
    let later = r#"{"id":"a","at":"2026-01-02T03:04:05Z","by":"ann","what":"prefer","version":7}"#;
    let cases = [
        (later, LineFault::UnknownKind),
        ("{", LineFault::NotADecision),
        (
            r#"{"id":"a b","at":"2026-01-02T03:04:05Z","by":"ann","what":"undo","undo":"x"}"#,
            LineFault::BadField("id"),
        ),
        (r#"{"id":"a","at":"today","by":"ann","what":"undo","undo":"x"}"#, LineFault::BadField("at")),
        (
            r#"{"id":"a","at":"2026-01-02T03:04:05Z","by":"ann","what":"hash","hash":"zz","version":7}"#,
            LineFault::BadField("hash"),
        ),
        (
            r#"{"id":"a","at":"2026-01-02T03:04:05Z","by":"ann","what":"not_link","version":7}"#,
            LineFault::BadField("image, hash or name"),
        ),
    ];
    for (line, fault) in cases {
        let (overlay, faults) = Overlay::read(&format!("\n{line}\n"));
        assert_eq!(faults, [(2, fault)], "{line}");
        assert_eq!(overlay.to_text(), format!("{line}\n"), "nothing is lost");
    }
}

fn say(file: &DecisionsFile, at: i64, id: u64) {
    let ruling = Ruling::Hash { hash: HexHash::parse("0123456789").expect("a hash"), version: version(id) };
    let decision = new_decision(Timestamp::from_millis(at).expect("a time"), "ann", ruling);
    let done = file.change(Overlay::default(), |overlay| overlay.decisions.insert(decision));
    assert!(done.expect("the file can be written"));
}

#[test]
fn the_file_is_the_truth_and_the_copy_stands_in_for_it() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let open = || Catalog::open(&home.path().join("catalog.db"), Access::Write).expect("opens");
    let catalog = open();
    let file = catalog.decisions_file().expect("it is on disk");
    assert_eq!(catalog.take_decisions().expect("works"), None, "there is no file");
    say(&file, 1, 7);
    let change = catalog.take_decisions().expect("works").expect("there is one decision");
    assert_eq!((change.before.len(), change.after.len()), (0, 1));
    assert_eq!(catalog.take_decisions().expect("works"), None, "nothing changed since");
    std::fs::remove_file(file.path()).expect("removes");
    assert_eq!(catalog.take_decisions().expect("works"), None);
    assert_eq!(catalog.decisions().expect("works").len(), 1, "the copy is still there");
    say(&file, 2, 8);
    assert_eq!(catalog.take_decisions().expect("works").map(|change| change.after.len()), Some(1));
    drop(catalog);
    std::fs::remove_file(home.path().join("catalog.db")).expect("removes");
    assert_eq!(open().take_decisions().expect("works").map(|change| change.after.len()), Some(1));
}

#[test]
fn decisions_made_at_once_are_all_kept() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let file = DecisionsFile::beside(&home.path().join("catalog.db"));
    std::thread::scope(|scope| {
        for number in 1..9 {
            let file = &file;
            scope.spawn(move || say(file, number, number.unsigned_abs()));
        }
    });
    let all = file.read().expect("readable").expect("it exists");
    assert_eq!((all.decisions.len(), all.decisions.in_force().len()), (8, 1));
}

#[test]
fn a_file_that_is_no_text_is_an_error_that_names_it() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("decisions.ndjson");
    std::fs::write(&path, [0xff, 0xfe]).expect("writes");
    let refused = DecisionsFile::at(Path::new(&path)).read();
    assert!(matches!(refused, Err(crate::catalog::CatalogError::Decisions { .. })), "{refused:?}");
}
