//! A seed in, the vocabulary of prompts out: a head of real tags, then a tail made of syllables.

use super::rng::Rng;

/// The most frequent tags, the commonest first.
///
/// Chosen to cover what a prompt analyzer meets: several words, digits, underscores, hyphens, escaped
/// brackets, an apostrophe, other scripts. Separated by a comma and a blank.
const HEAD: &str = "\
    masterpiece, best quality, landscape, highly detailed, soft light, sharp focus, one person, \
    smiling, mountain lake, depth of field, sunrise, wide view, old oak tree, watercolor, cinematic, \
    looking at viewer, wooden bridge, morning mist, photo, natural colors, cat, score_9, score_8_up, \
    autumn leaves, 4k, village, blue sky, quiet street, lighthouse, open book, reading, straw hat, \
    garden, film grain, oil painting, golden hour, rain, snow, wool scarf, river, stone wall, \
    candle light, kitchen, teapot, bread, apple pie, dog, red bicycle, market stall, sailing boat, \
    harbor, seagull, clouds, night sky, full moon, stars, northern lights, telescope, observatory, \
    desert, cactus, canyon, waterfall, moss, fern, mushroom, forest path, fox, owl, deer, rabbit, \
    hedgehog, honey bee, sunflower, lavender field, cherry blossom, bamboo grove, tea house, \
    paper lantern, kite, hot air balloon, airship, steam train, railway station, clock tower, \
    cobblestones, window seat, library, bookshelf, globe, old map, compass, brass telescope, \
    workshop, carpenter, potter, baker, gardener, fisherman, musician, violin, cello, grand piano, \
    concert hall, dancer, stage light, robot, friendly robot, space station, astronaut, planet rings, \
    nebula, greenhouse, city skyline, rooftop garden, neon sign, tram, umbrella, puddle reflection, \
    long exposure, macro, 35mm, 85mm lens, f/1.8, bokeh, backlit, rim light, volumetric light, \
    low angle, bird's-eye view, close-up, portrait, full length, side view, from behind, curly hair, \
    braided hair, short hair, grey beard, freckles, round glasses, green eyes, brown eyes, \
    linen shirt, knitted sweater, raincoat, rubber boots, apron, backpack, walking stick, knight, \
    wizard \\(robe\\), dragon \\(friendly\\), unicorn, griffin, castle, ruined tower, drawbridge, \
    treasure chest, crystal cave, glowing runes, floating island, giant tree, tree house, \
    fairy lights, stained glass, mosaic, fresco, woodcut, linocut, etching, charcoal sketch, \
    ink drawing, pastel, gouache, pencil, line art, flat color, pixel art, isometric, low poly, \
    3d render, clay figure, origami, paper cut, embroidery, patchwork, art_deco, art_nouveau, \
    bauhaus, impressionism, ukiyo-e, concept art, matte painting, children's book, comic panel, \
    poster, postcard, vintage, sepia, monochrome, muted palette, vivid colors, warm tones, \
    cool tones, high contrast, symmetry, minimalism, white background, simple background, \
    detailed background, still life, fruit bowl, glass vase, porcelain, copper kettle, chess board, \
    toy train, snow globe, picnic, campfire, tent, canoe, ski slope, frozen lake, icicles, \
    spring meadow, wheat field, windmill, barn, tractor, horse, sheep, vineyard, olive grove, \
    terrace, fountain, archway, spiral staircase, 山水, 夜景, 桜, 猫, café, jardín, étude";

/// Negative prompts that many people share.
pub(crate) const NEGATIVE: &[&str] = &[
    "(low quality, worst quality:1.4), blurry, watermark, signature, text",
    "lowres, jpeg artifacts, cropped, out of frame, duplicate, blurry, noise",
    "score_6, score_5, score_4, worst quality, low quality, bad hands, missing fingers",
    "(worst quality:2), (low quality:2), (normal quality:2), lowres, extra digits, error, username",
    "overexposed, underexposed, flat light, grainy, (text:1.2), logo, frame, border",
    "tidynegative, neathands_v2",
    "plainneg-XL",
    "ugly, deformed, disfigured, poorly drawn hands, poorly drawn face, mutation, extra limbs, extra fingers",
];

const ONSETS: &[&str] = &[
    "b", "br", "c", "d", "dr", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "pl", "r", "s", "sh", "st", "t",
    "tr", "v", "w", "z",
];
const VOWELS: &[&str] = &["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"];
const CODAS: &[&str] = &["", "", "", "l", "m", "n", "nd", "r", "s", "t", "x"];

/// A word that means nothing, of two to four syllables.
pub(crate) fn invented(rng: &mut Rng) -> String {
    let syllables = rng.between(2, 4);
    let mut word = String::new();
    for _ in 0..syllables {
        word.push_str(rng.pick(ONSETS));
        word.push_str(rng.pick(VOWELS));
    }
    word.push_str(rng.pick(CODAS));
    word
}

/// `count` invented words; a few may be equal.
pub(crate) fn invented_words(seed: u64, count: usize) -> Vec<String> {
    let mut rng = Rng::stream(seed, "words", 0);
    (0..count).map(|_| invented(&mut rng)).collect()
}

/// `count` tags in order of frequency: [`HEAD`], then one to three words of the head or of `words`.
pub(crate) fn vocabulary(seed: u64, words: &[String], count: usize) -> Vec<String> {
    let mut rng = Rng::stream(seed, "vocabulary", 0);
    let head: Vec<&str> = HEAD.split(", ").collect();
    let mut tags: Vec<String> = head.iter().map(|tag| (*tag).to_owned()).collect();
    while tags.len() < count {
        let parts: Vec<&str> = (0..rng.between(1, 3))
            .map(|_| match rng.chance(0.45) {
                true => rng.pick(&head).split(' ').next().unwrap_or_default(),
                false => words[rng.place(words.len())].as_str(),
            })
            .collect();
        tags.push(parts.join(" "));
    }
    tags
}
