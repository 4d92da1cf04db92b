//! Writes small pictures and videos of every kind with given metadata, so that tests need no files of others.
//!
//! Pixels are a gradient that depends on the seed. PNG, JPEG, WebP and GIF decode; of AVIF, HEIF, JPEG XL, MP4
//! and Matroska only the boxes are real, since nothing here decodes them.
#![allow(dead_code, reason = "tests and benchmarks each use their part of it")]

pub(crate) mod boxes;
pub(crate) mod c2pa;
pub(crate) mod exif;
pub(crate) mod gif;
pub(crate) mod jpeg;
pub(crate) mod jxl;
pub(crate) mod matroska;
pub(crate) mod mp4;
pub(crate) mod png;
pub(crate) mod stealth;
pub(crate) mod webp;
pub(crate) mod xmp;

pub(crate) use exif::{Comment, Exif, Order};
pub(crate) use jpeg::Jpeg;
pub(crate) use png::Png;
pub(crate) use webp::WebP;

/// A PNG of 16 by 16 pixels with text chunks, written as Pillow does: `tEXt` if it fits Latin-1, else `iTXt`.
pub(crate) fn png(texts: &[(&str, &str)]) -> Vec<u8> {
    texts.iter().fold(Png::new(1), |png, (keyword, text)| png.text(keyword, text)).build()
}

/// A JPEG of 16 by 16 pixels with a `UserComment`.
pub(crate) fn jpeg_user_comment(text: &str, comment: Comment) -> Vec<u8> {
    Jpeg::new(1).exif(&Exif::new(Order::Big).comment(comment, text)).build()
}

/// A WebP of 16 by 16 pixels with a `UserComment`.
pub(crate) fn webp_user_comment(text: &str, comment: Comment) -> Vec<u8> {
    WebP::new(1).exif(&Exif::new(Order::Big).comment(comment, text)).build()
}

/// A WebP of 16 by 16 pixels with texts in tags of the first directory, such as `0x0110` for `Model`.
pub(crate) fn webp_exif(tags: &[(u16, &str)]) -> Vec<u8> {
    let exif = tags.iter().fold(Exif::new(Order::Big), |exif, (tag, text)| exif.ascii(0, *tag, text));
    WebP::new(1).exif(&exif).build()
}

/// An AVIF with a `UserComment` in an Exif item.
pub(crate) fn avif(text: &str, comment: Comment) -> Vec<u8> {
    boxes::Heif::new(b"avif").exif(&Exif::new(Order::Big).comment(comment, text)).build()
}

/// An MP4 with named values as ffmpeg writes them: `mdta` keys.
pub(crate) fn mp4(keys: &[(&str, &str)]) -> Vec<u8> {
    keys.iter().fold(mp4::Mp4::new(), |video, (name, value)| video.key(name, value)).build()
}

/// A WebM with tags.
pub(crate) fn webm(tags: &[(&str, &str)]) -> Vec<u8> {
    matroska::webm(tags)
}

/// A GIF with comments.
pub(crate) fn gif(comments: &[&str]) -> Vec<u8> {
    comments.iter().fold(gif::Gif::new(), |gif, comment| gif.comment(comment)).build()
}

/// RGBA pixels, opaque, that look the same for the same seed.
pub(crate) fn gradient(width: u32, height: u32, seed: u64) -> Vec<u8> {
    let step = (seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as u32;
    (0..height)
        .flat_map(|y| (0..width).map(move |x| (x, y)))
        .flat_map(|(x, y)| {
            let at = |scale: u32, shift: u32| {
                (((x * scale + y * (9 - scale)) * 4).wrapping_add(step >> shift)) as u8
            };
            [at(1, 0), at(5, 4), at(8, 8), 255]
        })
        .collect()
}
