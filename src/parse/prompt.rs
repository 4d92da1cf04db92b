//! Tags inside a prompt that call for a resource: `<lora:NAME:0.8>`, `<lyco:NAME>`, `<hypernet:NAME:-1>`.
//!
//! - Input: a prompt of any length, from anyone. Output: its tags in order, as slices of it.
//! - Names may hold blanks, letters of any script and folders. A tag that is never closed is prose.
//! - Never: more than [`MAX_TAGS`] tags, a tag of more than [`MAX_TAG_BYTES`] bytes.

use std::ops::Range;

use crate::entity::ResourceKind;

/// Most tags taken from one prompt.
pub const MAX_TAGS: usize = 512;

/// Longest tag read, in bytes, brackets included.
pub const MAX_TAG_BYTES: usize = 1024;

/// One tag of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct PromptTag<'a> {
    /// [`ResourceKind::Lora`] or [`ResourceKind::Hypernetwork`].
    pub kind: ResourceKind,
    /// The name as written, trimmed; never empty. May hold folders and an extension.
    pub name: &'a str,
    /// The weight, finite; `None` when it is not said or cannot be read.
    ///
    /// Of several, `unet=` counts most, then the first number, then `te=`.
    pub weight: Option<f64>,
    /// Where the tag stands in the prompt, in bytes, brackets included.
    pub span: Range<usize>,
}

/// The tags of a prompt, in order.
///
/// ```
/// let tags = stemmata::parse::prompt::tags("a kite <lora:red kite:0.8>, sky");
/// assert_eq!(tags[0].name, "red kite");
/// assert_eq!(tags[0].weight, Some(0.8));
/// assert_eq!(tags[0].span, 7..26);
/// ```
pub fn tags(prompt: &str) -> Vec<PromptTag<'_>> {
    let opened = prompt.match_indices('<').filter_map(|(start, _)| tag(prompt, start));
    opened.take(MAX_TAGS).collect()
}

/// The tag that opens at `start`, if one does.
fn tag(prompt: &str, start: usize) -> Option<PromptTag<'_>> {
    let rest = prompt.get(start..)?.strip_prefix('<')?;
    // The kind word is tried before the end is looked for: prompts are full of lone brackets.
    let (kind, body) = KINDS.iter().find_map(|(word, kind)| {
        let head = rest.get(..word.len())?;
        let after = rest.get(word.len()..)?.strip_prefix(':')?;
        head.eq_ignore_ascii_case(word).then_some((*kind, after))
    })?;
    let length = body.bytes().take(MAX_TAG_BYTES).position(|byte| matches!(byte, b'>' | b'<' | b'\n'))?;
    if body.as_bytes().get(length) != Some(&b'>') {
        return None;
    }
    let body = body.get(..length)?;
    let (name, fields) = name_and_fields(body);
    let name = name.trim();
    if name.is_empty() {
        return None;
    }
    let end = prompt.len().checked_sub(rest.len())?.checked_add(rest.find('>')?)?.checked_add(1)?;
    Some(PromptTag { kind, name, weight: weight(fields.split(':')), span: start..end })
}

/// Kind words in any case, each followed by a colon.
const KINDS: [(&str, ResourceKind); 5] = [
    ("lora", ResourceKind::Lora),
    ("lyco", ResourceKind::Lora),
    ("lycoris", ResourceKind::Lora),
    ("hypernet", ResourceKind::Hypernetwork),
    ("hypernetwork", ResourceKind::Hypernetwork),
];

/// A name ends at the first colon, unless it is an identifier, which has colons of its own: that ends after
/// its version.
fn name_and_fields(body: &str) -> (&str, &str) {
    let is_identifier = body.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("urn:"));
    let at = body.find('@').filter(|_| is_identifier).unwrap_or(0);
    let colon = body.get(at..).and_then(|rest| rest.find(':')).and_then(|colon| colon.checked_add(at));
    colon.and_then(|colon| body.split_at_checked(colon)).unwrap_or((body, ""))
}

fn weight<'a>(fields: impl Iterator<Item = &'a str>) -> Option<f64> {
    let (mut plain, mut unet, mut text_encoder) = (None, None, None);
    for field in fields {
        let (slot, value) = match field.split_once('=') {
            None => (&mut plain, field),
            Some((name, value)) => match name.trim().to_ascii_lowercase().as_str() {
                "unet" => (&mut unet, value),
                "te" => (&mut text_encoder, value),
                _ => continue,
            },
        };
        *slot = slot.or_else(|| number(value));
    }
    unet.or(plain).or(text_encoder)
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(prompt: &str, expected: &[(ResourceKind, &str, Option<f64>)]) {
        let found = tags(prompt);
        let read: Vec<_> = found.iter().map(|tag| (tag.kind, tag.name, tag.weight)).collect();
        assert_eq!(read, expected, "{prompt}");
        for tag in found {
            let written = &prompt[tag.span];
            assert!(written.starts_with('<') && written.ends_with('>') && written.contains(tag.name));
        }
    }

    #[test]
    fn each_kind_of_tag_is_read_in_any_case() {
        use ResourceKind::{Hypernetwork, Lora};
        check("<lora:a:0.8> x <LORA:B:1>", &[(Lora, "a", Some(0.8)), (Lora, "B", Some(1.0))]);
        check("<lyco:c:.5><hypernet:d:2>", &[(Lora, "c", Some(0.5)), (Hypernetwork, "d", Some(2.0))]);
    }

    #[test]
    fn names_hold_blanks_scripts_and_folders() {
        use ResourceKind::Lora;
        check("<lora:my kite (v2):1>", &[(Lora, "my kite (v2)", Some(1.0))]);
        check("<lora:国潮-泼墨_V1:1>", &[(Lora, "国潮-泼墨_V1", Some(1.0))]);
        check(
            "<lora:urn:air:sdxl:lora:civitai:5@9:0.7>",
            &[(Lora, "urn:air:sdxl:lora:civitai:5@9", Some(0.7))],
        );
        check("<lora:style\\kite/red.safetensors:1>", &[(Lora, "style\\kite/red.safetensors", Some(1.0))]);
    }

    #[test]
    fn weights_of_every_form_are_read() {
        use ResourceKind::Lora;
        let cases = [
            ("-0.5", Some(-0.5)),
            ("1:0.5", Some(1.0)),
            ("te=0.2:unet=0.7", Some(0.7)),
            ("te=0.2", Some(0.2)),
            ("1:0.5:lbw=OUTALL", Some(1.0)),
            ("lbw=MIDD:0.6", Some(0.6)),
            (" 0.9 ", Some(0.9)),
            ("", None),
            ("strong", None),
            ("NaN", None),
            ("inf", None),
        ];
        for (text, weight) in cases {
            check(&format!("<lora:a:{text}>"), &[(Lora, "a", weight)]);
        }
        check("<lora:a>", &[(Lora, "a", None)]);
    }

    #[test]
    fn what_is_no_tag_is_prose() {
        for prompt in
            ["<lora:>", "<lora: :1>", "<lora:a:1", "<lora:a\n:1>", "a < b > c", "<b:a:1>", "<lorax:a:1>", "<"]
        {
            check(prompt, &[]);
        }
        check("<lora:a<lora:b:1>", &[(ResourceKind::Lora, "b", Some(1.0))]);
    }

    #[test]
    fn floods_are_cut_off() {
        assert_eq!(tags(&"<lora:a:1>".repeat(MAX_TAGS * 2)).len(), MAX_TAGS);
        assert!(tags(&format!("<lora:{}:1>", "a".repeat(MAX_TAG_BYTES))).is_empty());
        assert!(tags(&"<lora:".repeat(100_000)).is_empty());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(prompt in "[<>:=.loraLycte 0-9\\-\u{e9}\u{1f600}\n]{0,80}") {
            for tag in tags(&prompt) {
                prop_assert!(prompt.get(tag.span.clone()).is_some_and(|text| text.contains(tag.name)));
            }
        }

        #[test]
        fn a_written_tag_is_read_back(name in "[a-z\u{4e00}][a-z \u{4e00}_/]{0,20}[a-z]", weight in -4.0_f64..4.0) {
            let prompt = format!("x<lora:{name}:{weight}>y");
            let found = tags(&prompt);
            prop_assert_eq!(found.len(), 1);
            prop_assert_eq!(found[0].name, name.as_str());
            prop_assert_eq!(found[0].weight, Some(weight));
        }
    }
}
