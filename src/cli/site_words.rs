//! Values of the site's own kind on the command line: its spelling or kebab case, and ids.

use stemmata::crawl::{ImageSort, MODEL_TYPES, ModelSort, Period};
use stemmata::entity::MediaType;

/// How a checkpoint came to be.
const CHECKPOINT_TYPES: &[&str] = &["Trained", "Merge"];
/// Types of posted media.
const MEDIA_TYPES: &[(&str, MediaType)] =
    &[("image", MediaType::Image), ("video", MediaType::Video), ("audio", MediaType::Audio)];

/// Value parser for `--sort` of images.
pub(crate) fn image_sort(text: &str) -> Result<ImageSort, String> {
    ImageSort::from_word(text).ok_or_else(|| list(ImageSort::ALL.iter().map(|sort| sort.as_str())))
}

/// Value parser for `--sort` of models.
pub(crate) fn model_sort(text: &str) -> Result<ModelSort, String> {
    ModelSort::from_word(text).ok_or_else(|| list(ModelSort::ALL.iter().map(|sort| sort.as_str())))
}

/// Value parser for `--period`.
pub(crate) fn period(text: &str) -> Result<Period, String> {
    Period::from_word(text).ok_or_else(|| list(Period::ALL.iter().map(|period| period.as_str())))
}

/// Value parser for `--types`: the site's spelling of the type.
pub(crate) fn model_type(text: &str) -> Result<String, String> {
    one_of(MODEL_TYPES, text)
}

/// Value parser for `--checkpoint-type`: the site's spelling of the type.
pub(crate) fn checkpoint_type(text: &str) -> Result<String, String> {
    one_of(CHECKPOINT_TYPES, text)
}

/// Value parser for `--type`.
pub(crate) fn media_type(text: &str) -> Result<MediaType, String> {
    let wanted = letters(text);
    let found = MEDIA_TYPES.iter().find(|(word, _)| *word == wanted);
    found.map(|(_, kind)| *kind).ok_or_else(|| list(MEDIA_TYPES.iter().map(|(word, _)| *word)))
}

/// Value parser for the site's numbers.
pub(crate) fn id<I: TryFrom<u64, Error = &'static str>>(text: &str) -> Result<I, String> {
    let number: u64 = text.trim().parse().map_err(|_| "an id is a number".to_owned())?;
    I::try_from(number).map_err(str::to_owned)
}

fn one_of(words: &[&str], text: &str) -> Result<String, String> {
    let wanted = letters(text);
    let found = words.iter().find(|word| letters(word) == wanted);
    found.map(|word| (*word).to_owned()).ok_or_else(|| list(words.iter().copied()))
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    format!("it is one of {}", words.map(kebab).collect::<Vec<_>>().join(", "))
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn kebab(word: &str) -> String {
    let mut text = String::new();
    let mut after_small = false;
    for c in word.chars() {
        if c == ' ' || (c.is_uppercase() && after_small) {
            text.push('-');
        }
        if c != ' ' {
            text.extend(c.to_lowercase());
        }
        after_small = c.is_lowercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_read() {
        for text in ["Most Reactions", "most-reactions", "MOST_REACTIONS"] {
            assert_eq!(image_sort(text), Ok(ImageSort::MostReactions));
        }
        assert_eq!(period("all-time"), Ok(Period::AllTime));
        assert_eq!(model_type("lora"), Ok("LORA".to_owned()));
        assert_eq!(model_type("textual-inversion"), Ok("TextualInversion".to_owned()));
        assert_eq!(model_type("clip-vision"), Ok("CLIPVision".to_owned()), "the newer types are known, too");
    }

    #[test]
    fn an_unknown_word_gets_the_list() {
        assert_eq!(period("decade"), Err("it is one of day, week, month, year, all-time".to_owned()));
    }

    #[test]
    fn every_word_is_read_back_from_its_kebab_case() {
        assert!(MODEL_TYPES.iter().all(|word| model_type(&kebab(word)) == Ok((*word).to_owned())));
        assert!(ImageSort::ALL.iter().all(|sort| image_sort(&kebab(sort.as_str())) == Ok(*sort)));
        assert!(ModelSort::ALL.iter().all(|sort| model_sort(&kebab(sort.as_str())) == Ok(*sort)));
    }
}
