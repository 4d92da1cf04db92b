//! The answer by the rules, slowly.

use super::*;

/// Class, type mismatch, hundredths short of certainty, not the main file, not published, date, version.
type Key = (u8, bool, u8, bool, bool, i64, i64);

/// The links of one resource as the rules say, by nested loops and without any index.
pub(super) fn naive(published: &Published, resource: &Resource) -> Vec<(i64, Evidence, u8)> {
    let mut found: Vec<(Key, Evidence)> = Vec::new();
    let kind_of = |version: i64| {
        let model = published.versions.get(&version).and_then(|version| version.model);
        model.and_then(|model| published.models.get(&model).copied().flatten())
    };
    let expected = match resource.kind {
        ResourceKind::Model => Some("Checkpoint"),
        ResourceKind::Lora => Some("LORA"),
        ResourceKind::Vae => Some("VAE"),
        _ => None,
    };
    let fits = |version: i64, file: Option<&SomeFile>| {
        if resource.kind == ResourceKind::Vae && file.is_some_and(|file| file.kind == Some("VAE")) {
            return Some(true);
        }
        Some(expected? == kind_of(version)?)
    };
    let owner =
        |file: &SomeFile| (file.kind != Some("VAE"), kind_of(file.version) == Some("VAE"), file.primary);
    let borrowed = |file: &SomeFile| {
        file.kind == Some("VAE")
            && published.files.values().any(|other| {
                other.site_id == file.site_id && other.version != file.version && owner(other) > owner(file)
            })
    };
    let entry = |class: u8, percent: u8, evidence: Evidence, version: i64, file: Option<&SomeFile>| {
        let fit = fits(version, file);
        let percent = if fit == Some(false) { percent / 2 } else { percent };
        let row = published.versions.get(&version);
        let main = file.is_none_or(|file| {
            file.primary && !file.former && matches!(file.kind, Some("Model" | "Pruned Model"))
        });
        let published_state = row.is_some_and(|row| row.state == "published");
        let date = row.and_then(|row| row.date_ms).unwrap_or(i64::MAX);
        ((class, fit == Some(false), 100 - percent, !main, !published_state, date, version), evidence)
    };
    if let Some(version) = resource.version {
        match resource.air {
            Some(_) => found.push(entry(2, 95, Evidence::Air, version.as_i64(), None)),
            None => found.push(entry(1, 95, Evidence::VersionId, version.as_i64(), None)),
        }
    }
    let written = resource.hash.as_ref().map(HexHash::as_str).filter(|written| !SHA[3].starts_with(written));
    let name = resource.name.as_deref().and_then(normalised_name);
    let (ruled, refused) = rule(published, resource.kind, written, name.as_deref());
    if let Some(version) = ruled {
        let (mut key, evidence) = entry(0, 100, Evidence::Decision, version, None);
        key.2 = 0;
        found.push((key, evidence));
    }
    for (file, kind, digits) in &published.hashes {
        let (Some(written), Some(file)) = (written, published.files.get(file)) else { continue };
        let others = published
            .hashes
            .iter()
            .filter(|(_, kind, digits)| *kind == HashKind::Sha256 && digits.starts_with(written));
        let ambiguous = others.clone().any(|(_, _, one)| others.clone().any(|(_, _, other)| one != other));
        let evidence = match (kind, written.len()) {
            (HashKind::Sha256, 64) if written == *digits => Evidence::Sha256,
            (HashKind::Sha256, 8 | 9) if digits.starts_with(written) && ambiguous => continue,
            (HashKind::Sha256, 8..64) if digits.starts_with(written) => Evidence::Sha256Prefix,
            (HashKind::Blake3, 64) if written == *digits => Evidence::Blake3,
            (HashKind::AutoV3, 12 | 64) if written.starts_with(digits) => Evidence::Autov3,
            (HashKind::AutoV2, 10) if written == *digits => Evidence::Autov2,
            (HashKind::AutoV1, 8) if written == *digits => Evidence::Autov1,
            (HashKind::Crc32, 8) if written == *digits || turned(written) == *digits => Evidence::Crc32,
            _ => continue,
        };
        if borrowed(file) {
            continue;
        }
        let same_name = name.is_some() && file.name.and_then(normalised_name) == name;
        let weak = match (fits(file.version, Some(file)) == Some(true), same_name) {
            (true, true) => 75,
            (false, false) => 30,
            _ => 60,
        };
        let (class, percent) = match (evidence, written.len()) {
            (Evidence::Sha256 | Evidence::Blake3, _) => (3, 95),
            (Evidence::Crc32, _) => (7, weak),
            (_, 12..) => (4, 93),
            (_, 10..) => (5, 92),
            _ => (6, weak),
        };
        found.push(entry(class, percent, evidence, file.version, Some(file)));
    }
    if found.is_empty() && name.is_some() {
        let bearers: Vec<&SomeFile> = published
            .files
            .values()
            .filter(|file| file.name.and_then(normalised_name) == name && file.kind != Some("Config"))
            .filter(|file| !borrowed(file) && fits(file.version, Some(file)) != Some(false))
            .filter(|file| {
                let has = |kind| {
                    published.hashes.iter().any(|(owner, known, _)| *owner == file.file && *known == kind)
                };
                let starts = |written: &str| {
                    published.hashes.iter().any(|(owner, kind, digits)| {
                        *owner == file.file && *kind == HashKind::Sha256 && digits.starts_with(written)
                    })
                };
                !written.is_some_and(|written| {
                    let all_known = has(HashKind::Sha256)
                        && match written.len() {
                            64 => has(HashKind::Blake3) && has(HashKind::AutoV3),
                            12 => has(HashKind::AutoV3),
                            8 => has(HashKind::AutoV1),
                            _ => true,
                        };
                    // Only an ambiguous short hash can agree here: any other would have been found above.
                    all_known && !starts(written)
                })
            })
            .collect();
        if bearers.iter().all(|file| file.version == bearers[0].version) {
            for file in bearers {
                found.push(entry(8, 30, Evidence::Name, file.version, Some(file)));
            }
        }
    }
    found.sort();
    let mut links: Vec<(i64, Evidence, u8)> = Vec::new();
    let mut out: Vec<(i64, Evidence, u8)> = Vec::new();
    for ((_, _, short, _, _, _, version), evidence) in found {
        if links.iter().chain(&out).any(|(known, _, _)| *known == version) {
            continue;
        }
        match refused.contains(&version) {
            true => out.push((version, evidence, 0)),
            false => links.push((version, evidence, 100 - short)),
        }
    }
    links.extend(out);
    links
}

fn turned(written: &str) -> String {
    [&written[6..8], &written[4..6], &written[2..4], &written[..2]].concat()
}

/// The version that people ruled a resource to be, and those that they ruled it not to be.
fn rule(
    published: &Published,
    role: ResourceKind,
    written: Option<&str>,
    name: Option<&str>,
) -> (Option<i64>, Vec<i64>) {
    let (mut ruled, mut refused) = (None, Vec::new());
    for (position, (subject, is, version)) in published.decisions.iter().enumerate() {
        // A later decision about the same thing is the only one of both that counts.
        let same = |other: &Subject, other_version: i64| match (other, subject) {
            (Subject::Hash(a, m), Subject::Hash(b, n)) => {
                SHA[*a][..*m] == SHA[*b][..*n] && (*is || other_version == *version)
            }
            (Subject::Name(a, m), Subject::Name(b, n)) => {
                (a, NAMES[*m]) == (b, NAMES[*n]) && other_version == *version
            }
            _ => false,
        };
        let later = published.decisions.iter().skip(position + 1);
        if later.clone().any(|(other, also, version)| also == is && same(other, *version)) {
            continue;
        }
        let speaks = match subject {
            Subject::Hash(sha, length) => written.is_some_and(|written| {
                let digits = &SHA[*sha][..*length];
                let forms = digits.starts_with(written) || written.starts_with(digits);
                digits == written || (forms && digits.len() >= 10 && written.len() >= 10)
            }),
            Subject::Name(of, named) => {
                ROLES[*of] == role && normalised_name(NAMES[*named]).as_deref() == name && name.is_some()
            }
        };
        match (speaks, is) {
            (false, _) => {}
            (true, true) => {
                ruled = Some(*version);
                refused.retain(|other| other != version);
            }
            (true, false) => {
                ruled = ruled.filter(|other| other != version);
                refused.push(*version);
            }
        }
    }
    (ruled, refused)
}
