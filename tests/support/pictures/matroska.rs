//! WebM files of no picture.

/// An element with a length of eight bytes.
pub(crate) fn element(id: &[u8], body: &[u8]) -> Vec<u8> {
    [id, &(body.len() as u64 | 1 << 56).to_be_bytes()[..], body].concat()
}

/// An element of unknown length.
pub(crate) fn endless(id: &[u8], body: &[u8]) -> Vec<u8> {
    [id, &[0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], body].concat()
}

const SEGMENT: &[u8] = &[0x18, 0x53, 0x80, 0x67];
const CLUSTER: &[u8] = &[0x1F, 0x43, 0xB6, 0x75];

/// A WebM with tags after its clusters.
pub(crate) fn webm(tags: &[(&str, &str)]) -> Vec<u8> {
    let cluster = element(CLUSTER, b"\xA3\x8Ano picture");
    [head(), element(SEGMENT, &[tracks(), cluster, tag_list(tags)].concat())].concat()
}

/// A WebM as written while it was recorded: segment and cluster of unknown length, tags found by the seek head.
pub(crate) fn live_webm(tags: &[(&str, &str)]) -> Vec<u8> {
    let cluster = endless(CLUSTER, b"\xA3\x8Ano picture");
    let tracks = tracks();
    let seek = |position: u64| {
        let entry = [
            element(&[0x53, 0xAB], &[0x12, 0x54, 0xC3, 0x67]),
            element(&[0x53, 0xAC], &position.to_be_bytes()),
        ];
        element(&[0x11, 0x4D, 0x9B, 0x74], &element(&[0x4D, 0xBB], &entry.concat()))
    };
    let position = seek(0).len() + tracks.len() + cluster.len();
    [head(), endless(SEGMENT, &[seek(position as u64), tracks, cluster, tag_list(tags)].concat())].concat()
}

fn head() -> Vec<u8> {
    element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"webm"))
}

fn tracks() -> Vec<u8> {
    let video = element(&[0xE0], &[element(&[0xB0], &[0, 64]), element(&[0xBA], &[48])].concat());
    element(&[0x16, 0x54, 0xAE, 0x6B], &element(&[0xAE], &video))
}

fn tag_list(tags: &[(&str, &str)]) -> Vec<u8> {
    let simple = |(name, text): &(&str, &str)| {
        element(
            &[0x67, 0xC8],
            &[element(&[0x45, 0xA3], name.as_bytes()), element(&[0x44, 0x87], text.as_bytes())].concat(),
        )
    };
    element(
        &[0x12, 0x54, 0xC3, 0x67],
        &element(&[0x73, 0x73], &tags.iter().flat_map(simple).collect::<Vec<u8>>()),
    )
}
