use proptest::prelude::*;

use super::*;

/// Data of a safetensors file behind `header`, padded with blanks to a multiple of eight.
fn safetensors(header: &str, data: &[u8]) -> (Vec<u8>, u64) {
    let padded = format!("{header:<width$}", width = header.len().next_multiple_of(8));
    let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(padded.as_bytes());
    let start = bytes.len() as u64;
    bytes.extend_from_slice(data);
    (bytes, start)
}

fn hashes(bytes: &[u8], data_start: Option<u64>) -> ModelHashes {
    let mut source = bytes;
    hash_model_file(&mut source, data_start, &RunContext::quiet())
        .expect("memory reads")
        .expect("not cancelled")
}

/// The hashes in the spelling of the site, `-` where there is none.
fn spelt(found: &ModelHashes) -> Vec<String> {
    let all = found.as_file_hashes();
    let of = |kind| all.iter().find(|hash| hash.kind == kind);
    HashKind::ALL
        .into_iter()
        .map(|kind| of(kind).map_or("-", |hash| hash.value.as_str()).to_owned())
        .collect()
}

/// Expected: SHA-256, BLAKE3, tensor hash, AutoV1, CRC-32 reversed. The figures were computed by other programs
/// (coreutils, b3sum, zlib) from files built as described.
#[track_caller]
fn check(bytes: &[u8], start: Option<u64>, expected: [&str; 5]) {
    let found = hashes(bytes, start);
    let [sha256, blake3, tensors, auto_v1, crc32] = expected;
    let cut = |text: &str, digits: usize| text.get(..digits).unwrap_or("-").to_owned();
    assert_eq!(
        spelt(&found),
        [
            sha256.to_owned(),
            blake3.to_owned(),
            cut(tensors, 12),
            cut(sha256, 10),
            auto_v1.to_owned(),
            crc32.to_owned()
        ]
    );
    assert_eq!(found.tensor_hash().map_or("-".to_owned(), |hash| hash.to_string()), tensors);
}

#[test]
fn a_small_file_has_all_hashes_but_autov1() {
    let header = r#"{"__metadata__":{"format":"pt"},"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#;
    let data: Vec<u8> = [0_f32, 1.0, 2.0, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let (bytes, start) = safetensors(header, &data);
    assert_eq!(bytes.len(), 112);
    check(
        &bytes,
        Some(start),
        [
            "d30fa25ce1f0b1111384cd079478d149991e82fb3456200f349dc0d91d116f50",
            "010179fd91baf9ad25b26edaa20773c1c4057636104b7c89ea51310f3518eb46",
            "4c9c4f354e74153db012329d71c8562ec23e498148174b2c49de58f45d47cdbe",
            "-",
            "bbb45fb8",
        ],
    );
}

#[test]
fn a_file_above_one_mebibyte_has_an_autov1_of_what_lies_there() {
    let header = r#"{"__metadata__":{"format":"pt","ss_output_name":"kite"},"t":{"dtype":"U8","shape":[1200000],"data_offsets":[0,1200000]}}"#;
    let data: Vec<u8> = (0..1_200_000_u32).map(|i| u8::try_from(i % 251).expect("below 251")).collect();
    let (bytes, start) = safetensors(header, &data);
    assert_eq!(bytes.len(), 1_200_128);
    check(
        &bytes,
        Some(start),
        [
            "c72ce58fa3c52dbb0b2ce50d4f7c138b5423208c63663071bbbd2f5a53f34a82",
            "21b4c1783336fc712359ce8e082ea34478ea68e9b8e762f78d0633879b5623af",
            "7b30b0e3bdc9398dead57d36d66dfa731e362446f95a6cc1280f398bf5df455d",
            "2bd385f8",
            "3be9a5fe",
        ],
    );
}

#[test]
fn a_file_of_another_format_has_no_tensor_hash() {
    let bytes: Vec<u8> = (0..2_097_152_u32).map(|i| u8::try_from(i / 256 % 256).expect("a byte")).collect();
    check(
        &bytes,
        None,
        [
            "38692c8cc85c913258c713f522922a33108bddf897470a3576d6ecf910a59a45",
            "94714edaa5d43e98ce107ee15ef542af60faf3f0cca1835f26a223a1691fb6a2",
            "-",
            "173444ec",
            "388033cc",
        ],
    );
}

#[test]
fn nothing_behind_a_header_has_no_hash() {
    let (bytes, start) = safetensors(r#"{"__metadata__":{"format":"pt"}}"#, b"");
    let found = hashes(&bytes, Some(start));
    assert_eq!((bytes.len(), found.tensors), (40, None));
    assert_eq!(spelt(&found)[0], "60d95b10b6e140a9626a7058d5038528f2ff80148dc4569b881db56052046509");
}

#[test]
fn a_run_that_is_asked_to_stop_gives_no_hash() {
    let context = RunContext::quiet();
    context.cancel.request();
    let stopped = hash_model_file(&mut &b"weights"[..], None, &context).expect("no error");
    assert_eq!(stopped, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_hashes_are_those_of_the_stretches(
        bytes in 0_usize..(5 << 20), start in 0_u64..(3 << 20), seed: u8,
    ) {
        let bytes: Vec<u8> =
            (0..bytes).map(|i| u8::try_from(i * 7 % 253).expect("a byte").wrapping_add(seed)).collect();
        let found = hashes(&bytes, Some(start));
        let at = |place: u64| usize::try_from(place).expect("small").min(bytes.len());
        let sha256 = |part: &[u8]| <[u8; 32]>::from(Sha256::digest(part));
        let rest = &bytes[at(start)..];
        let window = &bytes[at(AUTO_V1_START)..at(AUTO_V1_END)];
        prop_assert_eq!(found.size_bytes, bytes.len() as u64);
        prop_assert_eq!(found.sha256, sha256(&bytes));
        prop_assert_eq!(found.tensors, (!rest.is_empty()).then(|| sha256(rest)));
        prop_assert_eq!(found.auto_v1, (!window.is_empty()).then(|| sha256(window)));
        prop_assert_eq!(found.blake3, *blake3::hash(&bytes).as_bytes());
        prop_assert_eq!(found.crc32, crc32fast::hash(&bytes));
    }
}
