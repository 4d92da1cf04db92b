//! Questions of a query that the catalog answers, or the near index.
//!
//! - In: one condition. Out: the set of numbers that it holds for.
//! - Never: a look at the disk or the network; a wrong answer where there is none.

use std::fmt::Display;

use globset::{GlobBuilder, GlobMatcher};
use stemmata_index::near::CopyClass;
use stemmata_index::query::{Ask, Date, ErrorCode, Found, State, Test, Unanswered};

use super::kinship::Kinship;
use crate::catalog::{Catalog, CatalogError, LinkedBy, MediaId, PictureFile};
use crate::entity::{Evidence, ImageId, ImageKey, ImageName, MediaIdentity, MediaKey, ModelId};

/// Models that a name may mean in `descends:`.
const MAX_MODELS: u32 = 64;

/// The weakest links of groups whose pictures are copies; what is weaker nobody has verified.
const VERIFIED: CopyClass = CopyClass::Edited;

type Answer = Result<Found, Unanswered>;

/// Answers one question.
pub(super) fn answer(catalog: &Catalog, kinship: Option<&dyn Kinship>, ask: &Ask) -> Answer {
    match ask {
        Ask::Path(glob) => {
            let fits = path_test(glob)?;
            files(catalog, |file| fits(&full_path(file)))
        }
        Ask::Root(text) => {
            let wanted = text.trim_end_matches('/').to_lowercase();
            files(catalog, |file| {
                let root = String::from_utf8_lossy(file.root).to_lowercase();
                let rest = root.trim_end_matches('/').strip_suffix(wanted.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || wanted.starts_with('/'))
            })
        }
        Ask::Extension(ending) => files(catalog, |file| {
            let path = String::from_utf8_lossy(file.path);
            let name = path.rsplit('/').next().unwrap_or_default();
            name.rsplit_once('.').is_some_and(|(_, own)| own.eq_ignore_ascii_case(ending))
        }),
        Ask::FileSize(test) => {
            files(catalog, |file| passes(*test, i64::try_from(file.size_bytes).unwrap_or(i64::MAX)))
        }
        Ask::Modified(test) => {
            let (first, last) = moments(*test);
            files(catalog, |file| (first..=last).contains(&file.modified_ns.div_euclid(1_000_000)))
        }
        Ask::Seen(test) => {
            let (first, last) = moments(*test);
            catalog.images_seen_between(first, last).map(Found::Images).map_err(failed)
        }
        Ask::Is(State::Missing) => files(catalog, |file| file.is_missing),
        Ask::Is(State::Unresolved) => resources(catalog, LinkedBy::Nothing),
        Ask::Is(State::Ambiguous) => resources(catalog, LinkedBy::Several),
        Ask::Is(State::TakenDown) => resources(catalog, LinkedBy::Removed),
        Ask::Linked(_) => resources(catalog, LinkedBy::Anything),
        Ask::Via(word) => resources(catalog, LinkedBy::Evidence(evidence(word)?)),
        Ask::Confidence(test) => match hundredths(*test) {
            Some((least, most)) => resources(catalog, LinkedBy::Confidence(least, most)),
            None => Ok(Found::Resources(Vec::new())),
        },
        Ask::Descends(model) => descends(catalog, model),
        Ask::Is(State::Dup) => in_groups(kinship, |class| class != CopyClass::Candidate),
        Ask::Is(State::Candidate) => in_groups(kinship, |class| class == CopyClass::Candidate),
        Ask::Is(State::Best) => best(kinship),
        Ask::Class(word) => {
            let wanted = class(word)
                .ok_or_else(|| unanswered(ErrorCode::BadValue, format!("there is no class `{word}`")))?;
            in_groups(kinship, |class| class == wanted)
        }
        Ask::CopyOf(image) => {
            let media = media_of(catalog, image)?.get();
            let group = copies(kinship)?.group_within(media, VERIFIED);
            Ok(Found::Media(group.map_or_else(|| vec![media], |group| group.members.clone())))
        }
        Ask::Raw(text) => catalog.images_with_raw_text(text).map(Found::Images).map_err(failed),
        Ask::Blur { image, hundredths } => {
            let media = media_of(catalog, image)?.get();
            let distance = hundredths.map(|hundredths| f64::from(hundredths) / 100.0);
            let found = near(kinship)?.blurred(media, distance).map_err(unready)?;
            found.map(Found::Media).ok_or_else(|| {
                unanswered(
                    ErrorCode::Unready,
                    format!("of `{image}` no BlurHash is known that could be compared"),
                )
            })
        }
        Ask::Like { image, bits } => {
            let media = media_of(catalog, image)?.get();
            let found = near(kinship)?.alike(media, *bits).map_err(unready)?;
            found.map(Found::Media).ok_or_else(|| Unanswered {
                hint: Some("`stemmata fingerprint` looks at pictures on disk, `stemmata crawl media --image ID` at those of the site".into()),
                ..unanswered(ErrorCode::Unready, format!("of `{image}` nothing is known that could be compared"))
            })
        }
        _ => Err(unanswered(ErrorCode::NotIndexed, format!("`{ask}` cannot be answered yet"))),
    }
}

fn unanswered(code: ErrorCode, message: String) -> Unanswered {
    Unanswered { code, message, hint: None }
}

fn failed(error: CatalogError) -> Unanswered {
    unanswered(ErrorCode::Unready, format!("the catalog could not be asked: {error}"))
}

fn unready(reason: impl Display) -> Unanswered {
    Unanswered {
        hint: Some("`stemmata dupes` works copies out".into()),
        ..unanswered(ErrorCode::Unready, reason.to_string())
    }
}

fn resources(catalog: &Catalog, which: LinkedBy) -> Answer {
    catalog.resources_linked_by(which).map(Found::Resources).map_err(failed)
}

/// The images whose file passes.
fn files(catalog: &Catalog, passes: impl Fn(&PictureFile<'_>) -> bool) -> Answer {
    let mut found = Vec::new();
    catalog
        .for_each_picture_file(|file| {
            if passes(file) {
                found.push(file.image.get());
            }
        })
        .map_err(failed)?;
    Ok(Found::Images(found))
}

/// The absolute path, with slashes. What is not UTF-8 in it is replaced: a query cannot say it.
fn full_path(file: &PictureFile<'_>) -> String {
    let root = String::from_utf8_lossy(file.root);
    let path = format!("{}/{}", root.trim_end_matches(['/', '\\']), String::from_utf8_lossy(file.path));
    if cfg!(windows) { path.replace('\\', "/") } else { path }
}

/// Whether a path fits a glob, or lies at or below a folder. Without a slash in front, any folder may come before.
fn path_test(text: &str) -> Result<impl Fn(&str) -> bool + use<>, Unanswered> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let is_absolute = text.starts_with(['/', '*']) || text.get(1..2) == Some(":");
    let anchored = if is_absolute { text.to_owned() } else { format!("**/{text}") };
    let build = |glob: &str| -> Result<GlobMatcher, Unanswered> {
        let glob = GlobBuilder::new(glob).literal_separator(false).backslash_escape(true).build();
        let glob = glob.map_err(|error| {
            unanswered(ErrorCode::BadPattern, format!("the glob cannot be read: {}", error.kind()))
        })?;
        Ok(glob.compile_matcher())
    };
    let (itself, below) = (build(&anchored)?, build(&format!("{anchored}/**"))?);
    Ok(move |path: &str| itself.is_match(path) || below.is_match(path))
}

fn passes(test: Test<i64>, value: i64) -> bool {
    match test {
        Test::Equal(limit) => value == limit,
        Test::Above(limit) => value > limit,
        Test::AtLeast(limit) => value >= limit,
        Test::Below(limit) => value < limit,
        Test::AtMost(limit) => value <= limit,
        Test::Between(low, high) => value >= low && value <= high,
    }
}

/// The first and the last millisecond that pass.
fn moments(test: Test<Date>) -> (i64, i64) {
    match test {
        Test::Equal(date) => (date.start_ms(), date.end_ms() - 1),
        Test::Above(date) => (date.end_ms(), i64::MAX),
        Test::AtLeast(date) => (date.start_ms(), i64::MAX),
        Test::Below(date) => (i64::MIN, date.start_ms() - 1),
        Test::AtMost(date) => (i64::MIN, date.end_ms() - 1),
        Test::Between(first, last) => (first.start_ms(), last.end_ms() - 1),
    }
}

/// The hundredths that pass, first and last.
fn hundredths(test: Test<f64>) -> Option<(u8, u8)> {
    let passing = (0_u8..=100).filter(|hundredth| {
        let value = f64::from(*hundredth) / 100.0;
        match test {
            Test::Equal(limit) => (value - limit).abs() < 1e-9,
            Test::Above(limit) => value > limit + 1e-9,
            Test::AtLeast(limit) => value >= limit - 1e-9,
            Test::Below(limit) => value < limit - 1e-9,
            Test::AtMost(limit) => value <= limit + 1e-9,
            Test::Between(low, high) => value >= low - 1e-9 && value <= high + 1e-9,
        }
    });
    let passing: Vec<u8> = passing.collect();
    passing.first().copied().zip(passing.last().copied())
}

fn evidence(word: &str) -> Result<Evidence, Unanswered> {
    Evidence::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Evidence::ALL.into_iter().map(Evidence::as_str).collect();
        Unanswered {
            hint: Some(format!("it is one of {}", known.join(", "))),
            ..unanswered(ErrorCode::BadValue, format!("there is no evidence `{word}`"))
        }
    })
}

fn class(word: &str) -> Option<CopyClass> {
    Some(match word {
        "same_bytes" => CopyClass::SameBytes,
        "same_pixels" => CopyClass::SamePixels,
        "reencode" => CopyClass::ReEncode,
        "edited" => CopyClass::Edited,
        "candidate" => CopyClass::Candidate,
        _ => return None,
    })
}

fn descends(catalog: &Catalog, text: &str) -> Answer {
    let models: Vec<ModelId> = match text.trim().parse().ok().and_then(ModelId::new) {
        Some(model) => vec![model],
        None => match catalog.models_with_name(text, MAX_MODELS).map_err(failed)? {
            models if models.is_empty() => catalog.models_with_words(text, MAX_MODELS).map_err(failed)?,
            models => models,
        },
    };
    if models.is_empty() {
        return Err(unanswered(ErrorCode::UnknownTarget, format!("no model here is called `{text}`")));
    }
    let mut found = Vec::new();
    for model in models {
        found.extend(catalog.resources_descending_from(model).map_err(failed)?);
    }
    Ok(Found::Resources(found))
}

fn near(kinship: Option<&dyn Kinship>) -> Result<&dyn Kinship, Unanswered> {
    kinship.ok_or_else(|| {
        unanswered(ErrorCode::NotIndexed, "copies and look-alikes cannot be asked for here".into())
    })
}

fn copies(kinship: Option<&dyn Kinship>) -> Result<&stemmata_index::near::Copies, Unanswered> {
    let copies = near(kinship)?.copies().map_err(unready)?;
    copies.ok_or_else(|| unready("copies were not worked out yet"))
}

/// The media in groups of such a class.
fn in_groups(kinship: Option<&dyn Kinship>, wanted: impl Fn(CopyClass) -> bool) -> Answer {
    let groups = copies(kinship)?.groups().iter().filter(|group| wanted(group.class));
    Ok(Found::Media(groups.flat_map(|group| group.members.iter().copied()).collect()))
}

/// The media that stand for the widest groups that they are in.
fn best(kinship: Option<&dyn Kinship>) -> Answer {
    let copies = copies(kinship)?;
    let verified = copies.groups().iter().filter(|group| group.class <= VERIFIED);
    let firsts = verified.filter_map(|group| group.members.first().copied());
    Ok(Found::Media(firsts.filter(|first| copies.representative(*first, VERIFIED) == *first).collect()))
}

/// The media of the image that a query names: its number, media key, URL or path.
fn media_of(catalog: &Catalog, text: &str) -> Result<MediaId, Unanswered> {
    let by_key = |key: ImageKey| catalog.media_of_image(key).map_err(failed);
    let mut found = match text.parse().ok().and_then(ImageId::new) {
        Some(id) => by_key(id.into())?,
        None => None,
    };
    if let (None, Some(key)) = (found, MediaKey::parse(text)) {
        found = catalog.media_by_identity(&MediaIdentity::Key(key)).map_err(failed)?;
    }
    let absolute = std::path::absolute(text).map(|path| path.into_os_string().into_encoded_bytes());
    let names = [Some(ImageName::Url(text.to_owned())), absolute.ok().map(ImageName::Path)];
    for name in names.into_iter().flatten() {
        if found.is_none()
            && let Some(key) = catalog.image_by_name(&name).map_err(failed)?
        {
            found = by_key(key)?;
        }
    }
    found.ok_or_else(|| Unanswered {
        hint: Some("give an image id, a media key, a URL or a path of the catalog; `stemmata similar FILE` takes any picture".into()),
        ..unanswered(ErrorCode::UnknownTarget, format!("`{text}` is no image of the catalog"))
    })
}

#[cfg(test)]
mod tests {
    use stemmata_index::near::{Copies, CopyGroup};

    use super::*;

    #[test]
    fn a_path_is_a_glob_or_a_folder_with_all_below_it() {
        let fits = |glob: &str, path: &str| path_test(glob).expect("a good glob")(path);
        assert!(fits("/home/me/Pictures", "/home/me/Pictures/a/b.png"));
        assert!(fits("/home/me/Pictures/", "/home/me/Pictures/b.png"));
        assert!(!fits("/home/me/Pictures", "/home/me/Pictures2/b.png"));
        assert!(fits("*/outputs/2024-*/**", "/x/y/outputs/2024-01-02/a.png"));
        assert!(fits("*.png", "/x/y/a.png") && !fits("*.png", "/x/y/a.webp"));
        assert!(fits("outputs", "/x/outputs/a.png") && fits("outputs/a.*", "/x/outputs/a.png"));
        assert!(!fits("puts", "/x/outputs/a.png"));
        assert!(path_test("a[").is_err());
    }

    struct Known(Option<Copies>);

    impl Kinship for Known {
        fn copies(&self) -> Result<Option<&Copies>, String> {
            Ok(self.0.as_ref())
        }

        fn alike(&self, _: u64, _: Option<u32>) -> Result<Option<Vec<u64>>, String> {
            Ok(None)
        }

        fn blurred(&self, _: u64, _: Option<f64>) -> Result<Option<Vec<u64>>, String> {
            Ok(None)
        }
    }

    #[track_caller]
    fn check_media(answer: Answer, expected: &[u64]) {
        let Ok(Found::Media(mut media)) = answer else { panic!("not media") };
        media.sort_unstable();
        media.dedup();
        assert_eq!(media, expected);
    }

    #[test]
    fn one_picture_is_the_best_of_nested_groups_and_candidates_are_no_copies() {
        let group = |class, members: &[u64]| CopyGroup { class, members: members.to_vec() };
        let groups = vec![
            group(CopyClass::SamePixels, &[3, 1]),
            group(CopyClass::Edited, &[2, 1, 3]),
            group(CopyClass::ReEncode, &[5, 6]),
            group(CopyClass::Candidate, &[9, 5, 6]),
        ];
        let known = Known(Some(Copies::new(7, groups)));
        check_media(in_groups(Some(&known), |class| class <= VERIFIED), &[1, 2, 3, 5, 6]);
        check_media(in_groups(Some(&known), |class| class == CopyClass::Candidate), &[5, 6, 9]);
        check_media(best(Some(&known)), &[2, 5]);
    }

    #[test]
    fn copies_that_nobody_worked_out_are_unready_and_not_absent() {
        let answer = best(Some(&Known(None)));
        let Err(unanswered) = answer else { panic!("answered") };
        assert_eq!(unanswered.code, ErrorCode::Unready);
        assert!(unanswered.hint.expect("a hint").contains("stemmata dupes"));
    }

    #[test]
    fn confidence_is_counted_in_hundredths() {
        assert_eq!(hundredths(Test::AtLeast(0.8)), Some((80, 100)));
        assert_eq!(hundredths(Test::Below(0.8)), Some((0, 79)));
        assert_eq!(hundredths(Test::Equal(0.29)), Some((29, 29)));
        assert_eq!(hundredths(Test::Above(1.0)), None);
        assert_eq!(hundredths(Test::AtLeast(f64::MAX)), None);
    }
}
