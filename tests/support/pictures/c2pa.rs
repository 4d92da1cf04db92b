//! C2PA manifest stores without any signature: boxes and CBOR.

use ciborium::Value;

use super::boxes::boxed;

/// One manifest: its label, the claim generator's name and version, its actions.
pub(crate) struct Manifest<'a> {
    pub(crate) label: &'a str,
    pub(crate) generator: (&'a str, &'a str),
    pub(crate) actions: &'a [Action<'a>],
}

/// One action: what was done, the digital source type's word, by which agent.
pub(crate) struct Action<'a> {
    pub(crate) action: &'a str,
    pub(crate) source: Option<&'a str>,
    pub(crate) agent: Option<&'a str>,
}

/// A superbox: four letters of its type, its label, its content.
pub(crate) fn jumb(kind: &[u8; 4], label: &str, content: &[u8]) -> Vec<u8> {
    let id = b"\0\x11\0\x10\x80\0\0\xAA\0\x38\x9B\x71";
    let description = boxed(b"jumd", &[kind, &id[..], &[3], label.as_bytes(), &[0]].concat());
    boxed(b"jumb", &[description.as_slice(), content].concat())
}

/// A content box of CBOR.
pub(crate) fn cbor_box(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).expect("a vector takes all bytes");
    boxed(b"cbor", &bytes)
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (text(key), value)).collect())
}

/// A store with these manifests; the last one is active.
pub(crate) fn store(manifests: &[Manifest<'_>]) -> Vec<u8> {
    let manifests: Vec<u8> = manifests.iter().flat_map(manifest).collect();
    jumb(b"c2pa", "c2pa", &manifests)
}

fn manifest(manifest: &Manifest<'_>) -> Vec<u8> {
    let action = |action: &Action<'_>| {
        let mut entries = vec![("action", text(action.action))];
        if let Some(word) = action.source {
            let uri = format!("http://cv.iptc.org/newscodes/digitalsourcetype/{word}");
            entries.push(("digitalSourceType", text(&uri)));
        }
        if let Some(agent) = action.agent {
            entries.push(("softwareAgent", map(vec![("name", text(agent))])));
        }
        map(entries)
    };
    let actions = map(vec![("actions", Value::Array(manifest.actions.iter().map(action).collect()))]);
    let (name, version) = manifest.generator;
    let info = map(vec![("name", text(name)), ("version", text(version))]);
    let claim = map(vec![("instanceID", text("xmp:iid:1")), ("claim_generator_info", info)]);
    let assertions = jumb(b"c2as", "c2pa.assertions", &jumb(b"cbor", "c2pa.actions.v2", &cbor_box(&actions)));
    let claim = jumb(b"c2cl", "c2pa.claim.v2", &cbor_box(&claim));
    let signature = jumb(b"c2cs", "c2pa.signature", &cbor_box(&Value::Bytes(vec![7; 64])));
    jumb(b"c2ma", manifest.label, &[signature, assertions, claim].concat())
}
