use std::io::Cursor;

use image::{DynamicImage, ImageFormat, RgbImage};

use super::*;

/// A bright disc in a corner of a slope with ripples.
fn scene(width: u32, height: u32) -> DynamicImage {
    let pixel = |x: u32, y: u32| {
        let (across, down) = (f64::from(x) / f64::from(width), f64::from(y) / f64::from(height));
        let disc = if (across - 0.7).powi(2) + (down - 0.25).powi(2) < 0.04 { 90.0 } else { 0.0 };
        let ripple = (13.0 * across).sin() * (9.0 * down + 2.0 * across).cos() * 40.0;
        image::Rgb(
            [50.0 + disc + 60.0 * across + ripple, 60.0 + disc - ripple, 50.0 + 130.0 * down]
                .map(|v| v as u8),
        )
    };
    RgbImage::from_fn(width, height, pixel).into()
}

fn bytes(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn described(picture: &DynamicImage, format: ImageFormat) -> Described {
    of_bytes(&bytes(picture, format), &PictureLimits::default()).unwrap()
}

const FORMATS: [(ImageFormat, Format); 6] = [
    (ImageFormat::Png, Format::Png),
    (ImageFormat::Jpeg, Format::Jpeg),
    (ImageFormat::WebP, Format::WebP),
    (ImageFormat::Gif, Format::Gif),
    (ImageFormat::Bmp, Format::Bmp),
    (ImageFormat::Tiff, Format::Tiff),
];

#[test]
fn a_picture_looks_the_same_in_every_format() {
    let picture = scene(600, 520);
    let original = described(&picture, ImageFormat::Png);
    for (coded, format) in FORMATS {
        let copy = described(&picture, coded);
        assert_eq!((copy.format, copy.fingerprint.width, copy.fingerprint.height), (format, 600, 520));
        let apart = (
            original.fingerprint.bits_apart(&copy.fingerprint),
            original.fingerprint.chroma_apart(&copy.fingerprint),
        );
        assert!(apart.0 <= 6 && apart.1 < 0.1, "{format:?}: {apart:?}");
    }
    let other = described(&picture.fliph(), ImageFormat::Png);
    assert!(original.fingerprint.bits_apart(&other.fingerprint) > 60);
}

#[test]
fn lossless_copies_have_the_same_pixels_and_others_have_not() {
    let picture = scene(300, 200);
    let limits = PictureLimits::default();
    let original = pixels_of_bytes(&bytes(&picture, ImageFormat::Png), &limits).unwrap();
    for format in [ImageFormat::Bmp, ImageFormat::Tiff, ImageFormat::WebP] {
        assert_eq!(pixels_of_bytes(&bytes(&picture, format), &limits).unwrap(), original, "{format:?}");
    }
    let opaque = DynamicImage::from(picture.to_rgba8());
    assert_eq!(described(&opaque, ImageFormat::Png).fingerprint.pixels, Some(original));
    assert_ne!(pixels_of_bytes(&bytes(&picture, ImageFormat::Jpeg), &limits).unwrap(), original);
    let mut clear = picture.to_rgba8();
    clear.get_pixel_mut(299, 199).0[3] = 254;
    assert_ne!(described(&clear.into(), ImageFormat::Png).fingerprint.pixels, Some(original));
}

#[test]
fn bytes_that_are_no_picture_are_refused_and_known_formats_by_name() {
    let refused = |bytes: &[u8]| of_bytes(bytes, &PictureLimits::default()).unwrap_err();
    assert!(matches!(refused(b""), PictureError::Decode(_)));
    assert!(matches!(refused(b"a letter"), PictureError::Decode(_)));
    let avif = refused(b"\0\0\0\x1Cftypavif\0\0\0\0");
    assert_eq!(
        avif.to_string(),
        "AVIF pictures cannot be decoded, only their metadata can be read; convert it to PNG or JPEG"
    );
    assert!(matches!(refused(b"\xFF\x0A\0\0"), PictureError::Unsupported { format: "JPEG XL" }));
}

#[test]
fn a_jpeg_that_is_cut_off_is_refused_with_the_reason() {
    let mut seen = 0;
    for (width, height) in [(600, 520), (90, 70)] {
        let whole = bytes(&scene(width, height), ImageFormat::Jpeg);
        for share in [3, 6, 9] {
            let part = &whole[..whole.len() / 10 * share];
            for error in [
                of_bytes(part, &PictureLimits::default()).unwrap_err(),
                pixels_of_bytes(part, &PictureLimits::default()).unwrap_err(),
            ] {
                assert!(matches!(error, PictureError::Truncated), "{error:?}");
                seen += 1;
            }
        }
        assert!(of_bytes(&whole[..whole.len() - 2], &PictureLimits::default()).is_ok());
    }
    assert_eq!(seen, 12);
}
