use crate::catalog::writer::tests::{
    Home, full_image, home, item, key, model, version, version_image, write,
};
use crate::entity::{
    Creator, GenerationData, Image, ImageName, Item, Media, MediaIdentity, MediaKey, MetaState, PostId,
    PostedFor, VersionId, VersionRelation,
};

fn posted(version: u64) -> Vec<PostedFor> {
    let version = VersionId::new(version).expect("not zero");
    vec![PostedFor { version, relation: VersionRelation::Posted }]
}

/// The picture of a version that only its media key identifies; all images of these tests have that key.
fn numberless(version: u64) -> Image {
    let MediaIdentity::Key(media) = full_image(1).media.identity else { panic!("the images have a key") };
    Image {
        name: ImageName::Url(format!("civitai-media:{media}")),
        posted_for: posted(version),
        ..version_image(1)
    }
}

fn image(id: u64, username: &str, post: Option<u64>) -> Image {
    Image { username: Some(username.to_owned()), post: post.and_then(PostId::new), ..full_image(id) }
}

/// An image with another media, posted for version 9.
fn sibling(id: u64, post: u64) -> Image {
    let identity = MediaIdentity::Key(MediaKey::from_bytes([u8::try_from(id).expect("small"); 16]));
    let media = Media { identity, ..full_image(id).media };
    Image { media, posted_for: posted(9), ..image(id, "cleo", Some(post)) }
}

/// Model 4 with version 9, published by somebody.
fn published_by(creator: &str) -> Item {
    let Item::Model(mut model, images) = model(Some("Kite"), vec![version("aabbccddeeff", "kite")]) else {
        panic!("a model")
    };
    model.creator =
        Some(Creator { username: creator.to_owned(), image: None, model_count: None, link: None });
    Item::Model(model, images)
}

/// Writes each item as a batch of its own.
fn arrive(home: &mut Home, items: Vec<Item>) {
    for (number, item) in items.into_iter().enumerate() {
        write(home, vec![(item, &format!("{number} of {}", home.catalog.generation().expect("reads")))]);
    }
}

/// The site's ids of the images posted for a version, and the number of all other images posted for it.
fn posted_images(home: &Home, version: u64) -> (Vec<i64>, usize) {
    let mut keys = Vec::new();
    let version = VersionId::new(version).expect("not zero");
    home.catalog.for_each_posted(version, |key, _| keys.push(key.get())).expect("reads");
    let all = keys.len();
    keys.retain(|key| *key > 0);
    let others = all - keys.len();
    (keys, others)
}

#[test]
fn an_image_of_the_owner_of_the_model_is_preferred() {
    let mut home = home();
    arrive(&mut home, vec![item(image(5, "bob", None)), item(image(6, "Ann", None)), published_by("ann")]);
    arrive(&mut home, vec![item(numberless(9))]);
    assert_eq!(posted_images(&home, 9), (vec![6], 0));
}

#[test]
fn an_image_in_the_post_of_most_other_pictures_of_the_version_is_preferred() {
    let mut home = home();
    arrive(&mut home, vec![item(image(5, "ann", Some(70))), item(image(6, "ann", Some(71)))]);
    arrive(&mut home, vec![item(sibling(1, 70)), item(sibling(2, 71)), item(sibling(3, 71))]);
    arrive(&mut home, vec![item(numberless(9))]);
    assert_eq!(posted_images(&home, 9), (vec![1, 2, 3, 6], 0));
}

#[test]
fn the_owner_counts_more_than_the_post() {
    let mut home = home();
    arrive(&mut home, vec![item(image(5, "bob", Some(70))), item(image(6, "ann", Some(71)))]);
    arrive(&mut home, vec![item(sibling(1, 70)), item(numberless(9)), published_by("ann")]);
    assert_eq!(posted_images(&home, 9), (vec![1, 6], 0));
}

#[test]
fn the_lowest_id_is_preferred_where_nothing_else_speaks() {
    let mut home = home();
    arrive(&mut home, vec![item(image(6, "bob", Some(70))), item(numberless(9))]);
    assert_eq!(posted_images(&home, 9), (vec![6], 0));
    arrive(&mut home, vec![item(image(5, "bob", Some(71)))]);
    assert_eq!(posted_images(&home, 9), (vec![5], 0));
}

#[test]
fn an_image_that_the_version_names_itself_is_its_picture_and_stays_so() {
    let mut home = home();
    arrive(&mut home, vec![item(image(6, "bob", None)), item(numberless(9)), item(version_image(6))]);
    arrive(&mut home, vec![published_by("ann"), item(image(5, "ann", None))]);
    assert_eq!(posted_images(&home, 9), (vec![6], 0));
}

#[test]
fn versions_of_different_owners_show_different_images() {
    let mut home = home();
    arrive(&mut home, vec![item(image(5, "bob", None)), item(image(6, "ann", None)), published_by("ann")]);
    arrive(&mut home, vec![item(numberless(9)), item(numberless(10))]);
    assert_eq!((posted_images(&home, 9), posted_images(&home, 10)), ((vec![6], 0), (vec![5], 0)));
}

#[test]
fn an_image_that_changes_its_media_gives_the_picture_back() {
    let mut home = home();
    arrive(&mut home, vec![item(image(5, "bob", None)), item(numberless(9))]);
    assert_eq!(posted_images(&home, 9), (vec![5], 0));
    arrive(&mut home, vec![item(Image { media: sibling(5, 70).media, ..image(5, "bob", None) })]);
    assert_eq!(posted_images(&home, 9), (vec![], 1));
    assert_eq!(home.catalog.stats().expect("reads").images, 2);
    arrive(&mut home, vec![item(image(5, "bob", None))]);
    assert_eq!(posted_images(&home, 9), (vec![5], 0));
    assert_eq!(home.catalog.stats().expect("reads").images, 1);
}

#[test]
fn lent_generation_data_give_way_to_the_image_s_own() {
    let data = |prompt: &str| GenerationData { prompt: Some(prompt.to_owned()), ..GenerationData::default() };
    let lender = Image {
        meta: MetaState::Present,
        generation: data("lent"),
        resources: full_image(1).resources,
        ..numberless(9)
    };
    let bare = Image {
        meta: MetaState::Null,
        generation: GenerationData::default(),
        resources: vec![],
        ..image(5, "bob", None)
    };
    let mut home = home();
    let prompt = |home: &Home, id| {
        let row = home.catalog.image(key(id)).expect("reads").expect("is there");
        (row.generation_data.prompt, home.catalog.resources_of(key(id)).expect("reads").len())
    };
    arrive(&mut home, vec![item(bare.clone()), item(lender)]);
    assert_eq!(prompt(&home, 5), (Some("lent".to_owned()), 1));
    arrive(&mut home, vec![item(Image { resources: vec![], ..image(5, "bob", None) })]);
    assert_eq!(prompt(&home, 5), (Some("a red kite".to_owned()), 0));
    arrive(&mut home, vec![item(Image { name: image(4, "bob", None).name, ..bare })]);
    assert_eq!(prompt(&home, 4), (Some("lent".to_owned()), 1), "the lower id is the picture now");
}

#[test]
fn an_owner_who_hides_generation_data_hides_them_in_either_order() {
    let hiding = || item(Image { meta: MetaState::Hidden, ..numberless(9) });
    for items in [vec![hiding(), item(full_image(5))], vec![item(full_image(5)), hiding()]] {
        let mut home = home();
        arrive(&mut home, items);
        let row = home.catalog.image(key(5)).expect("reads").expect("is there");
        assert_eq!((row.meta, row.generation_data), (MetaState::Hidden, GenerationData::default()));
        assert!(home.catalog.resources_of(key(5)).expect("reads").is_empty());
    }
}

#[test]
fn a_picture_elsewhere_is_no_image_of_the_site() {
    let url = "https://example.org/a.png".to_owned();
    let media = Media { identity: MediaIdentity::Url(url.clone()), ..full_image(1).media };
    let foreign = Image { name: ImageName::Url(url), media: media.clone(), ..numberless(9) };
    let mut home = home();
    arrive(&mut home, vec![item(Image { media, ..full_image(5) }), item(foreign)]);
    assert_eq!(posted_images(&home, 9), (vec![], 1));
}
