//! The site's words for sorts, periods and types, in its own spelling or in kebab case.

/// Sorts of the image listing.
pub(crate) const IMAGE_SORTS: &[&str] =
    &["Newest", "Oldest", "Most Reactions", "Most Comments", "Most Collected"];
/// Sorts of the model listing.
pub(crate) const MODEL_SORTS: &[&str] = &[
    "Newest",
    "Oldest",
    "Highest Rated",
    "Most Downloaded",
    "Most Liked",
    "Most Discussed",
    "Most Collected",
    "Most Images",
];
/// Spans of time that a listing can be limited to.
pub(crate) const PERIODS: &[&str] = &["AllTime", "Year", "Month", "Week", "Day"];
/// Types of models.
pub(crate) const MODEL_TYPES: &[&str] = &[
    "Checkpoint",
    "TextualInversion",
    "Hypernetwork",
    "AestheticGradient",
    "LORA",
    "LoCon",
    "DoRA",
    "Controlnet",
    "Upscaler",
    "MotionModule",
    "VAE",
    "Poses",
    "Wildcards",
    "Workflows",
    "Detection",
    "Other",
];
/// How a checkpoint came to be.
pub(crate) const CHECKPOINT_TYPES: &[&str] = &["Trained", "Merge"];
/// Types of posted media.
pub(crate) const MEDIA_TYPES: &[&str] = &["image", "video", "audio"];

/// Reads one of `words`, whatever its case, blanks and hyphens.
///
/// # Errors
///
/// A message that lists the words in kebab case.
pub(crate) fn one_of(words: &'static [&'static str], text: &str) -> Result<&'static str, String> {
    let wanted = letters(text);
    words.iter().copied().find(|word| letters(word) == wanted).ok_or_else(|| {
        let known: Vec<String> = words.iter().map(|word| kebab(word)).collect();
        format!("it is one of {}", known.join(", "))
    })
}

/// Value parser for `--sort` of images.
pub(crate) fn image_sort(text: &str) -> Result<String, String> {
    one_of(IMAGE_SORTS, text).map(str::to_owned)
}

/// Value parser for `--sort` of models.
pub(crate) fn model_sort(text: &str) -> Result<String, String> {
    one_of(MODEL_SORTS, text).map(str::to_owned)
}

/// Value parser for `--period`.
pub(crate) fn period(text: &str) -> Result<String, String> {
    one_of(PERIODS, text).map(str::to_owned)
}

/// Value parser for `--types`.
pub(crate) fn model_type(text: &str) -> Result<String, String> {
    one_of(MODEL_TYPES, text).map(str::to_owned)
}

/// Value parser for `--checkpoint-type`.
pub(crate) fn checkpoint_type(text: &str) -> Result<String, String> {
    one_of(CHECKPOINT_TYPES, text).map(str::to_owned)
}

/// Value parser for `--type`.
pub(crate) fn media_type(text: &str) -> Result<String, String> {
    one_of(MEDIA_TYPES, text).map(str::to_owned)
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
        for text in ["Most Reactions", "most-reactions", "mostreactions", "MOST_REACTIONS"] {
            assert_eq!(image_sort(text), Ok("Most Reactions".to_owned()));
        }
        assert_eq!(period("all-time"), Ok("AllTime".to_owned()));
        assert_eq!(model_type("lora"), Ok("LORA".to_owned()));
        assert_eq!(model_type("textual-inversion"), Ok("TextualInversion".to_owned()));
    }

    #[test]
    fn an_unknown_word_gets_the_list() {
        assert_eq!(period("decade"), Err("it is one of all-time, year, month, week, day".to_owned()));
    }

    #[test]
    fn every_word_is_read_back_from_its_kebab_case() {
        for words in [IMAGE_SORTS, MODEL_SORTS, PERIODS, MODEL_TYPES, CHECKPOINT_TYPES, MEDIA_TYPES] {
            for word in words {
                assert_eq!(one_of(words, &kebab(word)), Ok(*word));
            }
        }
    }
}
