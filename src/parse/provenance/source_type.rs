//! Digital source types: the words of IPTC's list, and what they say about AI.
//!
//! Source: IPTC NewsCodes, `digitalsourcetype`; one word more comes from C2PA.

/// What a digital source type says about AI, the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AiUse {
    /// Nothing: a camera, a scan, a drawing, or computed without training.
    None,
    /// Some part is synthetic.
    Part,
    /// Edited with generative AI.
    Edited,
    /// Made by generative AI.
    Made,
}

/// The word of a digital source type, however it is given: as a URI of IPTC or C2PA, or bare.
///
/// ```
/// use stemmata::parse::provenance::source_word;
/// assert_eq!(source_word("http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture"), "digitalCapture");
/// assert_eq!(source_word("trainedAlgorithmicMedia"), "trainedAlgorithmicMedia");
/// ```
pub fn source_word(value: &str) -> &str {
    let value = value.trim().trim_end_matches('/');
    value.rsplit_once('/').map_or(value, |(_, word)| word)
}

/// What a word of the list says about AI; an unknown word says nothing.
pub fn ai_use(word: &str) -> AiUse {
    match word {
        "trainedAlgorithmicMedia" | "trainedAlgorithmicData" => AiUse::Made,
        "compositeWithTrainedAlgorithmicMedia" => AiUse::Edited,
        "compositeSynthetic" => AiUse::Part,
        _ => AiUse::None,
    }
}
