//! Prompts in, words out.

use proptest::prelude::*;

use crate::tokenizer::{Kind, MAX_WORD_CHARS, keyword, words};

#[track_caller]
fn check(text: &str, expected: &str) {
    let expected: Vec<&str> = expected.split_whitespace().collect();
    assert_eq!(words(Kind::Prompt, text), expected, "{text:?}");
}

#[test]
fn words_are_letters_and_digits_in_lower_case() {
    check("Masterpiece, best quality, 8K", "masterpiece best quality 8k");
    check("red_hair don't sci-fi", "red hair don t sci fi");
    check("", "");
    check(" ,,( ) !!", "");
}

#[test]
fn weights_are_no_words() {
    check("(masterpiece:1.2)", "masterpiece");
    check("((red hair: 1.35 ), [cat:dog:0.5]", "red hair cat dog");
    check("(shadow:-0.5)(light:+1)", "shadow light");
}

#[test]
fn numbers_that_are_no_weights_stay() {
    check("16:9, f/1.8, 2girls", "16 9 f 1 8 2girls");
    check("(aspect 16:9, wide)", "aspect 16 9 wide");
    check(r"\(2024:12\)", "2024 12");
}

#[test]
fn tags_of_extra_networks_are_no_words() {
    check("cat <lora:add_detail:0.8> dog", "cat dog");
    check("cat<lyco:x y:1:0.5>dog <hypernet:é:1>", "cat dog");
    check("<lora:unclosed cat", "lora unclosed cat");
    check("a <3 b > c", "a 3 b c");
}

#[test]
fn keywords_of_generators_are_no_words_in_upper_case() {
    check("cat BREAK dog AND bird", "cat dog bird");
    check("break and Break BREAKER", "break and break breaker");
}

#[test]
fn escaped_brackets_are_punctuation() {
    check(r"miku_\(vocaloid\)", "miku vocaloid");
}

#[test]
fn accents_width_and_case_are_folded() {
    check("Café ＡＢＣ ﬁne İstanbul STRASSE Straße", "cafe abc fine istanbul strasse strasse");
    check("Ёлка ΣΊΣΥΦΟΣ", "елка σισυφοσ");
    check("Ærøskøbing Łódź", "aeroskobing lodz");
}

#[test]
fn characters_of_scripts_without_spaces_stand_alone() {
    check("猫耳girl", "猫 耳 girl");
    check("ガール か", "ガ ー ル か");
    check("고양이", "고 양 이");
}

#[test]
fn typographic_punctuation_separates() {
    check("“quoted” — text…end", "quoted text end");
}

#[test]
fn emphasis_of_every_tool_is_dropped() {
    for text in [
        "(red hair:1.2)",
        "((red hair))",
        "[red hair]",
        "{red hair}",
        "{{red_hair}}",
        "(red hair)1.1",
        "(red hair)++",
        "red hair--",
        "1.3::red hair::",
        "-1.5::red hair ::",
        "red hair::1.2",
        "red::2 hair::-0.5",
        "[red:hair:0.5]",
        "[red|hair]",
        "[[red hair::10]]",
        "{2$$red|hair}",
        "__red/hair__",
        "red hair <lora:x:0.8>",
        "red BREAK hair",
        "(red hair:1.2)<hypernet:x:1>",
        "red ++ hair",
        "red,, hair",
    ] {
        check(text, "red hair");
    }
}

#[test]
fn what_only_looks_like_emphasis_stays() {
    check("c++17 std::vector 10:30 ratio 3:2", "c 17 std vector 10 30 ratio 3 2");
    check("sci-fi (1980s)2girls 1.5 m", "sci fi 1980s 2girls 1 5 m");
    check("costs 2$ or 3$", "costs 2 or 3");
}

#[test]
fn pictographs_are_words() {
    check("cat 😀🎉 ❤️ 👍🏽", "cat 😀 🎉 ❤ 👍");
    check("⭐star", "⭐ star");
}

#[test]
fn long_words_are_cut() {
    let long = "x".repeat(500);
    assert_eq!(words(Kind::Prompt, &long), ["x".repeat(MAX_WORD_CHARS)]);
    let wide = "é".repeat(500);
    assert_eq!(words(Kind::Prompt, &wide), ["e".repeat(MAX_WORD_CHARS)]);
}

#[test]
fn names_keep_everything_but_the_ending_of_a_file() {
    assert_eq!(words(Kind::Name, "models\\Foo_v1.2.safetensors"), ["models", "foo", "v1", "2"]);
    assert_eq!(words(Kind::Name, "BREAK AND"), ["break", "and"]);
    assert_eq!(words(Kind::Name, ".pt"), ["pt"]);
}

#[test]
fn keywords_are_folded_and_keep_their_spaces() {
    assert_eq!(keyword("  SD   1.5 "), "sd 1.5");
    assert_eq!(keyword("ＡＢ"), "ab");
    assert_eq!(keyword(" \t"), "");
}

/// The words of plain text, written down as simply as can be.
fn reference(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            word.push(c.to_ascii_lowercase());
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words
}

proptest! {
    #[test]
    fn keywords_are_folded_alike_on_both_ways(text in "[ -~\tÀ]{0,30}") {
        use unicode_normalization::UnicodeNormalization;
        let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
        prop_assert_eq!(keyword(&text), folded.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    #[test]
    fn plain_text_splits_like_the_reference(text in "[a-z0-9A-Z ,._!?'/-]{0,60}") {
        prop_assume!(!text.contains("AND") && !text.contains("BREAK"));
        prop_assert_eq!(words(Kind::Prompt, &text), reference(&text));
    }

    #[test]
    fn words_of_words_are_the_same_words(text in "\\PC{0,40}") {
        let once = words(Kind::Name, &text);
        let again: Vec<String> = once.iter().flat_map(|word| words(Kind::Name, word)).collect();
        prop_assert_eq!(once, again);
    }

    #[test]
    fn no_text_breaks_the_analyzer(text in any::<String>()) {
        for word in words(Kind::Prompt, &text) {
            prop_assert!(!word.is_empty() && word.chars().count() <= MAX_WORD_CHARS * 4);
        }
    }

    #[test]
    fn syntax_never_breaks_the_analyzer(text in "[<>:()\\[\\]\\\\a-c1é猫. ]{0,80}") {
        words(Kind::Prompt, &text);
    }
}
