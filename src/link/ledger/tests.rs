use super::*;
use crate::catalog::{Fixture, SomeFile, SomeImage, SomeVersion, text_resource};
use crate::entity::ResourceSources;
use crate::link::catch_up;
use crate::run::RunContext;

const SHA: [&str; 3] = [
    "a1a2a3a411bb22cc33dd44ee55ff66007788990011223344556677889900aabb",
    "a1a2a3a4ffbb99cc33dd44ee55ff66007788990011223344556677889900aabb",
    "b1a2a3a4ffbb99cc33dd44ee55ff66007788990011223344556677889900aabb",
];

fn shop() -> Fixture {
    let mut fixture = Fixture::new();
    fixture.model(5, "Detail", Some("LORA"));
    for (number, sha) in (1..).zip(SHA) {
        let (state, date_ms) = ("published", Some(number));
        fixture.version(&SomeVersion { version: number, model: Some(5), name: "v1", state, date_ms });
        let name = if number == 3 { "style.pt" } else { "detail.pt" };
        let (name, kind) = (Some(name), Some("Model"));
        let (version, site_id) = (number, None);
        fixture.file(&SomeFile { file: number, version, site_id, name, kind, primary: true, former: false });
        fixture.hash(number, HashKind::Sha256, sha);
    }
    let uses = [
        (text_resource(ResourceKind::Lora, "Detail", ""), 1),
        (text_resource(ResourceKind::Lora, "x", &SHA[0][..8]), 2),
        (text_resource(ResourceKind::Lora, "style", "0123456789"), 3),
        (text_resource(ResourceKind::Lora, "y", "e3b0c44298"), 1),
        (text_resource(ResourceKind::Lora, "linked", &SHA[0][..10]), 3),
        (text_resource(ResourceKind::Model, "Linked", "9876543210"), 1),
        (text_resource(ResourceKind::Lora, "Linked", "9876543210"), 1),
    ];
    for image in 1..=3 {
        fixture.image(&SomeImage { image, media: image, meta_state: 2, ..SomeImage::default() });
    }
    fixture.image(&SomeImage { image: 4, media: 4, meta_state: 3, ..SomeImage::default() });
    for (resource, images) in uses {
        let id = fixture.resource(&resource);
        for image in (1..=images).chain([4]) {
            fixture.uses(image, id, None, ResourceSources::HASHES);
        }
    }
    catch_up(&mut fixture.catalog, &RunContext::quiet()).expect("linking works");
    fixture
}

/// Name, images, reason and guesses.
type Told = (String, u64, Reason, Vec<(GuessKind, u64)>);

fn told(ledger: &Ledger) -> Vec<Told> {
    let guesses =
        |row: &Unresolved| row.guesses.iter().map(|guess| (guess.why, guess.version.get())).collect();
    let name = |row: &Unresolved| row.resource.name.clone().unwrap_or_default();
    ledger.rows.iter().map(|row| (name(row), row.images, row.reason, guesses(row))).collect()
}

#[test]
fn what_would_explain_most_images_comes_first_with_guesses() {
    use GuessKind::{Prefix, SameName, SameNameElsewhere, Title};
    let ledger = unresolved(&shop().catalog, &LedgerOptions::default()).expect("readable");
    let expected = [
        ("style", 3, Reason::HashUnknown, vec![(SameName, 3)]),
        ("x", 2, Reason::HashUnknown, vec![(Prefix, 1), (Prefix, 2)]),
        ("Linked", 1, Reason::HashUnknown, vec![]),
        ("Detail", 1, Reason::NameAmbiguous, vec![(SameName, 1), (SameName, 2), (Title, 3)]),
        ("Linked", 1, Reason::HashUnknown, vec![(SameNameElsewhere, 1)]),
        ("y", 1, Reason::JunkHash, vec![]),
    ];
    assert_eq!(
        told(&ledger),
        expected.map(|(name, images, why, guesses)| (name.to_owned(), images, why, guesses))
    );
    assert_eq!((ledger.total, ledger.uses), (6, 9), "the image that hides its data counts nowhere");
    assert_eq!(ledger.rows[0].could_be, [HashKind::AutoV2]);
}

#[test]
fn the_ledger_can_be_narrowed_and_says_how_much_it_left_out() {
    let catalog = shop().catalog;
    let options = LedgerOptions { kind: Some(ResourceKind::Lora), min_images: 2, limit: Some(1) };
    let ledger = unresolved(&catalog, &options).expect("readable");
    assert_eq!((ledger.rows.len(), ledger.total, ledger.uses), (1, 2, 5));
    let none = LedgerOptions { kind: Some(ResourceKind::Vae), ..LedgerOptions::default() };
    assert_eq!(unresolved(&catalog, &none).expect("readable"), Ledger::default());
}
