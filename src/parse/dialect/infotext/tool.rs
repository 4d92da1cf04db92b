//! Which program a version names.

/// Words in a version that name the program.
const PROGRAMS: [(&str, &str); 12] = [
    ("comfyui", "comfyui"),
    ("ruinedfooocus", "ruinedfooocus"),
    ("fooocus", "fooocus"),
    ("swarm", "swarmui"),
    ("invoke", "invokeai"),
    ("sd.next", "sdnext"),
    ("sdnext", "sdnext"),
    ("reforge", "reforge"),
    ("forge", "forge"),
    ("classic", "forge"),
    ("neo", "forge"),
    ("easy diffusion", "easydiffusion"),
];

/// The program that the `Version` of an infotext names; `None` where it says nothing.
pub(crate) fn tool_of_version(version: &str) -> Option<&'static str> {
    let version = version.trim().to_lowercase();
    if let Some((_, tool)) = PROGRAMS.iter().find(|(word, _)| version.contains(word)) {
        return Some(tool);
    }
    let second_is_digit = version.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    match version.as_bytes().first() {
        // `f2.0.1v1.10.1-previous-669-gdeadbee` is Forge; `f1.0.0v2-v1.10.1RC-latest-2498` and `f1.3.0-v1.10.1RC` are
        // reForge and a bundle of it, which put a hyphen before the version that they descend from.
        Some(b'f') if second_is_digit => Some(if version.contains("-v") { "reforge" } else { "forge" }),
        // `v1.6.0`, `1.10.1` and the bare commit of early ones.
        Some(b'v') if second_is_digit => Some("a1111"),
        Some(b'0'..=b'9') if version.contains('.') => Some("a1111"),
        _ if version.len() >= 7 && version.bytes().all(|byte| byte.is_ascii_hexdigit()) => Some("a1111"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_family_member_is_known_by_the_form_of_its_version() {
        let cases = [
            ("v1.10.1", Some("a1111")),
            ("1.6.0-2-g4afaaf8a", Some("a1111")),
            ("a9fed7c364061ae6efb37f797b6b522cb3cf7aa2", Some("a1111")),
            ("f2.0.1v1.10.1-previous-669-gdeadbee", Some("forge")),
            ("f0.0.17v1.8.0rc-latest-276-g29be1da7", Some("forge")),
            ("f1.0.0v2-v1.10.1RC-latest-2498-g5120e679", Some("reforge")),
            ("f1.3.0-v1.10.1RC-latest", Some("reforge")),
            ("classic", Some("forge")),
            ("neo-2.28", Some("forge")),
            ("ComfyUI", Some("comfyui")),
            ("Fooocus v2.5.5", Some("fooocus")),
            ("RuinedFooocus 1.2", Some("ruinedfooocus")),
            ("", None),
            ("latest", None),
        ];
        for (version, tool) in cases {
            assert_eq!(tool_of_version(version), tool, "{version}");
        }
    }
}
