//! Words that the API takes: in its own spelling, or as people type them.

/// Whether two spellings are the same word: case, blanks, dashes and underscores do not count.
fn same_word(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| !matches!(c, ' ' | '-' | '_'))
            .map(|c| c.to_ascii_lowercase())
            .collect::<String>()
    };
    letters(one) == letters(other)
}

macro_rules! site_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every word, in the site's order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The site's spelling.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Reads the site's spelling or kebab case, in any case.
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| same_word(known.as_str(), word))
            }
        }
    };
}

site_words!(
    /// The order of an image listing.
    ImageSort {
        /// Most reactions first.
        MostReactions = "Most Reactions",
        /// Most comments first.
        MostComments = "Most Comments",
        /// Most often collected first.
        MostCollected = "Most Collected",
        /// Latest first.
        #[default]
        Newest = "Newest",
        /// Earliest first; the only order that loses no item at page boundaries of the database path.
        Oldest = "Oldest",
    }
);

site_words!(
    /// The order of a model listing.
    ModelSort {
        /// Best rated first.
        HighestRated = "Highest Rated",
        /// Most downloads first; loses no item at page boundaries.
        #[default]
        MostDownloaded = "Most Downloaded",
        /// Most thumbs up first.
        MostLiked = "Most Liked",
        /// Most comments first.
        MostDiscussed = "Most Discussed",
        /// Most often collected first.
        MostCollected = "Most Collected",
        /// Most images first.
        MostImages = "Most Images",
        /// Latest version first.
        Newest = "Newest",
        /// Earliest version first.
        Oldest = "Oldest",
    }
);

site_words!(
    /// How far back a listing goes.
    Period {
        /// One day.
        Day = "Day",
        /// Seven days.
        Week = "Week",
        /// One month.
        Month = "Month",
        /// One year.
        Year = "Year",
        /// Everything.
        #[default]
        AllTime = "AllTime",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_read_in_the_spelling_of_the_site_and_in_kebab_case() {
        for text in ["Most Reactions", "most-reactions", "most_reactions", "MOST REACTIONS"] {
            assert_eq!(ImageSort::from_word(text), Some(ImageSort::MostReactions), "{text}");
        }
        assert_eq!(ModelSort::from_word("newest"), Some(ModelSort::Newest));
        assert_eq!(Period::from_word("all-time"), Some(Period::AllTime));
        assert_eq!(Period::from_word("decade"), None);
    }

    #[test]
    fn every_word_reads_back_as_itself() {
        assert!(ImageSort::ALL.iter().all(|word| ImageSort::from_word(word.as_str()) == Some(*word)));
        assert!(ModelSort::ALL.iter().all(|word| ModelSort::from_word(word.as_str()) == Some(*word)));
        assert!(Period::ALL.iter().all(|word| Period::from_word(word.as_str()) == Some(*word)));
    }
}
