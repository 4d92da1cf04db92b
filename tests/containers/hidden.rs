//! What pictures say about where they come from, and what their pixels hide.

use ciborium::cbor;
use stemmata::parse::provenance::{self, AiUse};
use stemmata::parse::{Limits, Plane, Value, extract_bytes, stealth};

use crate::support::pictures::c2pa::{Action, Manifest, cbor_box, jumb};
use crate::support::pictures::stealth::hide;
use crate::support::pictures::{Jpeg, Png, c2pa, gradient, xmp};

/// What a file says about where it comes from, as `field: text`.
fn claims(file: &[u8]) -> Vec<String> {
    let found = extract_bytes(file, &Limits::default());
    let (claims, warnings) = provenance::claims(&found.blocks, &Limits::default());
    assert_eq!(warnings, []);
    let worded = |claim: &stemmata::parse::Claim| match &claim.value {
        Value::Text(text) => format!("{}: {text}", claim.field.as_str()),
        other => format!("{}: {other:?} is no text", claim.field.as_str()),
    };
    claims.iter().map(worded).collect()
}

#[test]
fn a_manifest_says_who_made_the_picture_how() {
    let created =
        Action { action: "c2pa.created", source: Some("trainedAlgorithmicMedia"), agent: Some("gpt-image") };
    let converted = Action { action: "c2pa.converted", source: None, agent: None };
    let actions = [created, converted];
    let store =
        c2pa::store(&[Manifest { label: "urn:c2pa:1", generator: ("A Service", "1.0"), actions: &actions }]);
    assert_eq!(
        claims(&Png::new(1).c2pa(&store).build()),
        [
            "source: c2pa: trainedAlgorithmicMedia",
            "tool: gpt-image",
            "c2pa_validation: not_checked",
            "c2pa_generator: A Service 1.0",
            "c2pa_action: c2pa.created by gpt-image: trainedAlgorithmicMedia",
            "c2pa_action: c2pa.converted",
        ]
    );
}

#[test]
fn the_statement_of_creation_counts_wherever_it_stands() {
    let made = [Action { action: "c2pa.created", source: Some("trainedAlgorithmicMedia"), agent: None }];
    let edited =
        [Action { action: "c2pa.edited", source: Some("compositeWithTrainedAlgorithmicMedia"), agent: None }];
    let opened = [Action { action: "c2pa.opened", source: None, agent: None }];
    let manifest = |label, actions| Manifest { label, generator: ("A Library", "2"), actions };
    let bytes = c2pa::store(&[manifest("1", &made), manifest("2", &edited), manifest("3", &opened)]);
    let (store, warnings) = provenance::store(&bytes, &Limits::default()).unwrap();
    assert_eq!(warnings, []);
    assert_eq!((store.ai_use(), store.manifests.len()), (AiUse::Made, 3));
    assert_eq!(store.strongest().unwrap().action, "c2pa.created");
    assert_eq!(store.manifests[2].label, "3");
}

#[test]
fn a_manifest_without_a_source_type_is_present_and_no_more() {
    let actions = [Action { action: "c2pa.opened", source: None, agent: Some("An Editor") }];
    let store = c2pa::store(&[Manifest { label: "1", generator: ("An Editor", "26"), actions: &actions }]);
    let said = claims(&Jpeg::new(1).c2pa(&store, 200).build());
    assert_eq!(said[0], "source: c2pa: present");
    assert!(!said.iter().any(|claim| claim.contains("verified") || claim.starts_with("tool")), "{said:?}");
}

#[test]
fn claims_of_the_first_version_are_read() {
    let claim: ciborium::Value = cbor!({
        "claim_generator" => "Adobe_Firefly adobe_c2pa/0.7",
        "claim_generator_info" => null,
    })
    .unwrap();
    let actions = cbor!({"actions" => [{"action" => "c2pa.created", "softwareAgent" => "Adobe Firefly",
        "digitalSourceType" => "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"}]})
    .unwrap();
    let ingredient = cbor!({"dc:title" => "a kite.png"}).unwrap();
    let assertions = [
        jumb(b"cbor", "c2pa.actions__1", &cbor_box(&actions)),
        jumb(b"cbor", "c2pa.ingredient", &cbor_box(&ingredient)),
        jumb(b"json", "stds.schema-org.CreativeWork", b""),
    ];
    let manifest = [
        jumb(b"c2as", "c2pa.assertions", &assertions.concat()),
        jumb(b"c2cl", "c2pa.claim", &cbor_box(&claim)),
    ];
    let store = jumb(b"c2pa", "c2pa", &jumb(b"c2ma", "adobe:urn:uuid:1", &manifest.concat()));
    assert_eq!(
        claims(&Png::new(1).c2pa(&store).build()),
        [
            "source: c2pa: trainedAlgorithmicMedia",
            "tool: Adobe Firefly",
            "c2pa_validation: not_checked",
            "c2pa_generator: Adobe_Firefly adobe_c2pa/0.7",
            "c2pa_action: c2pa.created by Adobe Firefly: trainedAlgorithmicMedia",
            "c2pa_ingredient: a kite.png",
        ]
    );
}

#[test]
fn xmp_and_iptc_say_where_a_picture_comes_from() {
    let word = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia";
    let packet = xmp::attributes(&[
        ("Iptc4xmpExt:DigitalSourceType", word),
        ("photoshop:Credit", "A Photographer"),
        ("dcterms:provenance", "https://example.org/1.c2pa"),
    ]);
    let file = Jpeg::new(1).xmp(&packet).iptc(&[(110, "Made with Google AI"), (120, "a kite")]).build();
    assert_eq!(
        claims(&file),
        [
            "source: xmp: algorithmicMedia",
            "c2pa_remote: https://example.org/1.c2pa",
            "source: iptc: Made with Google AI"
        ]
    );
    assert_eq!(provenance::ai_use("algorithmicMedia"), AiUse::None);
}

#[test]
fn a_store_cut_anywhere_still_says_what_is_there() {
    let actions = [Action { action: "c2pa.created", source: Some("trainedAlgorithmicMedia"), agent: None }];
    let whole = c2pa::store(&[Manifest { label: "1", generator: ("A", "1"), actions: &actions }]);
    let full = provenance::store(&whole, &Limits::default()).unwrap().0;
    let mut read = 0;
    for length in 0..whole.len() {
        if let Some((store, warnings)) = provenance::store(&whole[..length], &Limits::default()) {
            assert!(!warnings.is_empty(), "{length}");
            assert!(store.manifests.len() <= full.manifests.len());
            read += 1;
        }
    }
    assert!(read > whole.len() / 2);
}

#[test]
fn boxes_and_values_that_nest_forever_end() {
    let mut boxes = jumb(b"c2ma", "deep", b"");
    for _ in 0..200 {
        boxes = jumb(b"c2ma", "deep", &boxes);
    }
    let (_, warnings) = provenance::store(&jumb(b"c2pa", "c2pa", &boxes), &Limits::default()).unwrap();
    assert_eq!(warnings[0].code, "truncated");
    for deep in [vec![0x81; 500_000], vec![0x9F; 500_000], vec![0xC1; 500_000], vec![0xBB; 9]] {
        let body = crate::support::pictures::boxes::boxed(b"cbor", &deep);
        let manifest = jumb(b"c2ma", "1", &jumb(b"c2cl", "c2pa.claim", &body));
        let (store, _) = provenance::store(&jumb(b"c2pa", "c2pa", &manifest), &Limits::default()).unwrap();
        assert_eq!(store.manifests[0].generators, [""; 0]);
    }
}

/// Looks into RGBA pixels.
fn look(plane: Plane, width: u32, height: u32, rgba: &[u8]) -> Option<(String, bool)> {
    let pixel = |x: u32, y: u32| {
        let at = (y as usize * width as usize + x as usize) * 4;
        [rgba[at], rgba[at + 1], rgba[at + 2], rgba[at + 3]]
    };
    let (block, _) = stealth(plane, width, height, pixel, &Limits::default())?;
    Some((block.text()?.into_owned(), block.truncated))
}

#[test]
fn text_hidden_in_pixels_is_found() {
    for (plane, signature) in [
        (Plane::Alpha, "stealth_pnginfo"),
        (Plane::Alpha, "stealth_pngcomp"),
        (Plane::Rgb, "stealth_rgbinfo"),
        (Plane::Rgb, "stealth_rgbcomp"),
    ] {
        let text = "a kite, \u{51e7}\nSteps: 20";
        let rgba = hide(32, 64, gradient(32, 64, 3), signature, text);
        assert_eq!(look(plane, 32, 64, &rgba), Some((text.to_owned(), false)), "{signature}");
    }
    assert_eq!(look(Plane::Alpha, 32, 64, &gradient(32, 64, 3)), None);
    assert_eq!(look(Plane::Rgb, 2, 2, &gradient(2, 2, 3)), None);
    assert_eq!(stealth(Plane::Alpha, 0, 0, |_, _| [0; 4], &Limits::default()), None);
}

#[test]
fn bits_lie_where_other_programs_look_for_them() {
    // Two letters in three columns of 64: the samples that this order of bits must give.
    let rgba = hide(3, 64, [0, 0, 0, 255].repeat(192), "stealth_pnginfo", "hi");
    let alpha: Vec<u8> = rgba.chunks(4).take(12).map(|pixel| pixel[3]).collect();
    assert_eq!(alpha, [0xFE, 0xFE, 0xFE, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFE, 0xFF, 0xFF, 0xFE]);
    let rgba = hide(4, 16, [128, 128, 128, 255].repeat(64), "stealth_rgbinfo", "hi");
    let samples: Vec<u8> = rgba.chunks(4).take(4).flat_map(|pixel| pixel[..3].to_vec()).collect();
    assert_eq!(samples, [0x80, 0x81, 0x81, 0x80, 0x81, 0x81, 0x80, 0x81, 0x81, 0x80, 0x80, 0x80]);
}

#[test]
fn a_length_beyond_the_pixels_is_not_believed() {
    let mut rgba = hide(16, 32, gradient(16, 32, 3), "stealth_pnginfo", "a kite");
    // The length is bits 120 to 152 of the first columns of 32.
    for bit in 120..152 {
        rgba[((bit % 32) * 16 + bit / 32) * 4 + 3] |= 1;
    }
    let (text, truncated) = look(Plane::Alpha, 16, 32, &rgba).unwrap();
    assert!(truncated && text.starts_with("a kite"));
    let unread = |_: u32, _: u32| [0xFF; 4];
    assert_eq!(stealth(Plane::Alpha, u32::MAX, u32::MAX, unread, &Limits::default()), None);
}
