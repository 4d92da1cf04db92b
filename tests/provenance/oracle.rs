//! Every candidate of every image, against a matcher that knows no index: it holds each reference against each file.
//!
//! The published files collide in every way there is: equal files under several versions, equal beginnings of 8, 10
//! and 12 digits, equal AutoV1, AutoV3 and CRC-32 in either order of bytes, borrowed VAE files, junk values, names
//! that several files bear. `STEMMATA_ORACLE_IMAGES=100000` makes the test as large as it was meant to be.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::cli::Home;

/// Images when nothing else is said.
const FEW_IMAGES: u64 = 1_500;

/// One published file under one version.
struct Offer {
    version: u64,
    file: u64,
    model_kind: &'static str,
    file_kind: &'static str,
    name: String,
    date: u64,
    primary: bool,
    hashes: BTreeMap<&'static str, String>,
}

/// What an image names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Reference {
    kind: &'static str,
    name: Option<String>,
    /// As it is written.
    hash: Option<String>,
}

/// Image, role, name and hash as they are stored.
type Key = (u64, &'static str, Option<String>, Option<String>);

/// A candidate in the words of the export: version, evidence, hundredths.
type Found = (u64, &'static str, u64);

/// A generator of numbers that needs no crate (xorshift64*), so that the test is the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).fold(String::new(), |mut text, _| {
            write!(text, "{:x}", self.roll(16)).expect("writing to a string cannot fail");
            text
        })
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[usize::try_from(self.roll(list.len() as u64)).expect("a small number")]
    }
}

const TYPES: [(&str, &str); 5] = [
    ("Checkpoint", "checkpoint"),
    ("LORA", "lora"),
    ("TextualInversion", "embed"),
    ("VAE", "vae"),
    ("Hypernetwork", "hypernet"),
];

/// Versions with files that collide.
fn publish(dice: &mut Dice, versions: u64) -> Vec<Offer> {
    let starts: Vec<String> = (0..versions / 6 + 1).map(|_| dice.digits(8)).collect();
    let short: Vec<String> = (0..versions / 3 + 1).map(|_| dice.digits(8)).collect();
    let mut offers: Vec<Offer> = Vec::new();
    for version in 1..=versions {
        let (model_kind, _) = *dice.pick(&TYPES);
        for slot in 0..1 + dice.roll(2) {
            let start = dice.pick(&starts).clone();
            let more = if dice.roll(3) == 0 { "ab".to_owned() } else { dice.digits(2) };
            let mut sha = format!("{start}{more}");
            sha.push_str(&dice.digits(64 - sha.len()));
            if let (0, false) = (dice.roll(6), offers.is_empty()) {
                sha = dice.pick(&offers).hashes["SHA256"].clone();
            }
            let autov1 = if dice.roll(8) == 0 { "de2f2560".to_owned() } else { dice.pick(&short).clone() };
            let crc32 = dice.pick(&short).clone();
            let autov3 = if dice.roll(9) == 0 {
                "e3b0c44298fc".to_owned()
            } else {
                format!("{}aaaa", dice.pick(&short))
            };
            let hashes = BTreeMap::from([
                ("AutoV2", sha[..10].to_owned()),
                ("SHA256", sha),
                ("AutoV1", autov1),
                ("CRC32", crc32),
                ("AutoV3", autov3),
                ("BLAKE3", dice.digits(64)),
            ]);
            let file = version * 10 + slot;
            let name = if dice.roll(4) == 0 {
                format!("common{}.pt", dice.roll(9))
            } else {
                format!("own_{file}.pt")
            };
            let file_kind = *dice.pick(&["Model", "Model", "Pruned Model", "Config", "Model"]);
            let date = dice.roll(9);
            let primary = slot == 0;
            offers.push(Offer { version, file, model_kind, file_kind, name, date, primary, hashes });
        }
    }
    // A version says one date; and some list a file of a VAE again, as theirs.
    let mut dates = BTreeMap::new();
    for offer in &mut offers {
        offer.date = *dates.entry(offer.version).or_insert(offer.date);
    }
    let owned: Vec<usize> = (0..offers.len()).filter(|at| offers[*at].model_kind == "VAE").collect();
    for at in owned {
        let borrower = 1 + dice.roll(versions);
        let own = &offers[at];
        let Some(host) =
            offers.iter().find(|offer| offer.version == borrower && offer.model_kind == "Checkpoint")
        else {
            continue;
        };
        let borrowed = Offer {
            version: borrower,
            file: own.file,
            model_kind: host.model_kind,
            file_kind: "VAE",
            name: own.name.clone(),
            date: host.date,
            primary: false,
            hashes: own.hashes.clone(),
        };
        if !offers.iter().any(|offer| (offer.version, offer.file) == (borrower, borrowed.file)) {
            offers.push(borrowed);
        }
    }
    offers
}

fn documents(offers: &[Offer]) -> String {
    let mut versions: BTreeMap<u64, Vec<&Offer>> = BTreeMap::new();
    for offer in offers {
        versions.entry(offer.version).or_default().push(offer);
    }
    let mut text = String::new();
    for (version, offers) in versions {
        let files: Vec<Value> = offers
            .iter()
            .map(|offer| {
                json!({
                    "id": offer.file, "name": offer.name, "type": offer.file_kind, "sizeKB": 4096.0,
                    "primary": offer.primary, "metadata": {}, "hashes": offer.hashes,
                })
            })
            .collect();
        let model = json!({
            "id": version, "name": format!("M{version}"), "type": offers[0].model_kind, "tags": [],
            "modelVersions": [{
                "id": version, "name": "v1", "images": [], "files": files,
                "publishedAt": format!("2024-01-0{}T00:00:00.000Z", offers[0].date + 1),
            }],
        });
        writeln!(text, "{model}").expect("writing to a string cannot fail");
    }
    text
}

/// A reference to a file, to a value that is nearly one, or to nothing.
fn reference(dice: &mut Dice, offers: &[Offer]) -> Reference {
    let offer = dice.pick(offers);
    let hash = |kind: &str| offer.hashes[kind].clone();
    let turned = |text: String| [&text[6..8], &text[4..6], &text[2..4], &text[..2]].concat();
    let plain = match dice.roll(16) {
        0 => Some(hash("SHA256")),
        1 => Some(hash("BLAKE3")),
        2 => Some(hash("SHA256")[..12].to_owned()),
        3 | 4 => Some(hash("AutoV2")),
        5 => Some(hash("AutoV3")),
        6 => Some(hash("SHA256")[..8].to_owned()),
        7 => Some(hash("AutoV1")),
        8 => Some(hash("CRC32")),
        9 => Some(turned(hash("CRC32"))),
        10 => Some(format!("{}{}", hash("AutoV3"), dice.digits(52))),
        11 => Some(dice.digits(10)),
        12 => Some("0000000000".to_owned()),
        13 => Some(hash("SHA256")[..9].to_owned()),
        _ => None,
    };
    let written = plain.map(|digits| match dice.roll(4) {
        0 => format!("0x{}", digits.to_uppercase()),
        1 => format!("sha256:{digits}"),
        _ => digits,
    });
    let role = TYPES.iter().find(|(kind, _)| *kind == offer.model_kind).expect("one of the types").1;
    let kind = if dice.roll(5) == 0 { dice.pick(&TYPES).1 } else { role };
    let name = match dice.roll(4) {
        0 if written.is_some() => None,
        1 => Some(format!("folder/{}", offer.name.to_uppercase())),
        2 => Some("nobody has this".to_owned()),
        _ => Some(offer.name.trim_end_matches(".pt").to_owned()),
    };
    Reference { kind, name, hash: written }
}

/// The candidates of a reference, best first, by holding it against every file.
fn brute_force(offers: &[Offer], reference: &Reference) -> Vec<Found> {
    let digits = reference.digits();
    let is_junk = |digits: &str| {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".starts_with(digits)
            || "de2f256064a0af797747c2b97505dc0b9f3df0de4f489eac731c23ae9ca9cc31".starts_with(digits)
            || digits.chars().all(|digit| digits.starts_with(digit))
    };
    let digits = digits.filter(|digits| !is_junk(digits));
    let name = reference.name.as_deref().map(plain_name);
    let expected = TYPES.iter().find(|(_, role)| *role == reference.kind).expect("one of the types").0;
    let fits =
        |offer: &Offer| offer.model_kind == expected || (reference.kind == "vae" && offer.file_kind == "VAE");
    let own = |offer: &&Offer| {
        let elsewhere = |other: &Offer| other.file == offer.file && other.version != offer.version;
        offer.file_kind != "VAE" || !offers.iter().any(elsewhere)
    };
    let mut rows: Vec<(u8, bool, u64, bool, u64, u64, &'static str)> = Vec::new();
    let mut row = |class: u8, percent: u64, evidence: &'static str, offer: &Offer| {
        let percent = if fits(offer) { percent } else { percent / 2 };
        let main = offer.primary && matches!(offer.file_kind, "Model" | "Pruned Model");
        rows.push((class, !fits(offer), 100 - percent, !main, offer.date, offer.version, evidence));
    };
    if let Some(digits) = &digits {
        let begun: std::collections::BTreeSet<&String> = offers
            .iter()
            .map(|offer| &offer.hashes["SHA256"])
            .filter(|sha| sha.starts_with(digits.as_str()))
            .collect();
        for offer in offers.iter().filter(own) {
            let same_name = name.as_ref() == Some(&plain_name(&offer.name));
            let weak =
                30 + 30 * u64::from(fits(offer) || same_name) + 15 * u64::from(fits(offer) && same_name);
            let equal = |kind: &str| offer.hashes[kind] == *digits;
            match digits.len() {
                64 if equal("SHA256") => row(1, 95, "sha256", offer),
                64 if equal("BLAKE3") => row(1, 95, "blake3", offer),
                64 if digits.starts_with(&offer.hashes["AutoV3"]) && !is_junk(&offer.hashes["AutoV3"]) => {
                    row(2, 93, "autov3", offer);
                }
                12 if equal("AutoV3") => row(2, 93, "autov3", offer),
                12 if begun.contains(&offer.hashes["SHA256"]) => row(2, 93, "sha256_prefix", offer),
                10 if equal("AutoV2") => row(3, 92, "autov2", offer),
                8 | 9 => {
                    if equal("AutoV1") {
                        row(4, weak, "autov1", offer);
                    } else if begun.len() == 1 && begun.contains(&offer.hashes["SHA256"]) {
                        row(4, weak, "sha256_prefix", offer);
                    } else if digits.len() == 8 && (equal("CRC32") || turned(digits) == offer.hashes["CRC32"])
                    {
                        row(5, weak, "crc32", offer);
                    }
                }
                _ => {}
            }
        }
    }
    if rows.is_empty()
        && let Some(name) = name
    {
        let bearers: Vec<&Offer> = offers
            .iter()
            .filter(own)
            .filter(|offer| plain_name(&offer.name) == name && offer.file_kind != "Config" && fits(offer))
            // All hashes of these files are known, so a hash that agrees with none speaks against them; one that is
            // the beginning of several SHA-256 agrees.
            .filter(|offer| {
                digits.as_ref().is_none_or(|digits| offer.hashes["SHA256"].starts_with(digits.as_str()))
            })
            .collect();
        if bearers.iter().all(|offer| offer.version == bearers[0].version) {
            for offer in bearers {
                rows.push((6, false, 70, true, offer.date, offer.version, "name"));
            }
        }
    }
    rows.sort_unstable();
    let mut found: Vec<Found> = Vec::new();
    for (_, _, short, _, _, version, evidence) in rows {
        if found.iter().all(|(known, ..)| *known != version) {
            found.push((version, evidence, 100 - short));
        }
    }
    found
}

fn turned(text: &str) -> String {
    [&text[6..8], &text[4..6], &text[2..4], &text[..2]].concat()
}

/// The names that this test writes, in one spelling.
fn plain_name(name: &str) -> String {
    let base = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    base.trim_end_matches(".pt").replace('_', " ")
}

#[test]
fn the_candidates_of_every_image_are_those_of_a_matcher_without_an_index() {
    let images = std::env::var("STEMMATA_ORACLE_IMAGES");
    let images: u64 = images.map_or(FEW_IMAGES, |text| text.parse().expect("a number of images"));
    let mut dice = Dice(0x5EED_0F57_E33A_7A11);
    let offers = publish(&mut dice, 60 + images / 100);
    let mut text = documents(&offers);
    let mut named: Vec<Vec<Reference>> = Vec::new();
    let mut pool: Vec<Reference> = Vec::new();
    for id in 1..=images {
        let mut own: Vec<Reference> = Vec::new();
        for _ in 0..1 + dice.roll(3) {
            // Pictures repeat what others name.
            let again = !pool.is_empty() && dice.roll(2) == 0;
            let one = if again { dice.pick(&pool).clone() } else { reference(&mut dice, &offers) };
            // Two references of one picture that say the same are put together when they are read.
            if own.iter().all(|other| !one.says_the_same(other)) {
                pool.push(one.clone());
                own.push(one);
            }
        }
        let resources: Vec<Value> =
            own.iter().map(|one| json!({ "type": one.kind, "name": one.name, "hash": one.hash })).collect();
        let key = format!("{id:08x}-0000-4000-8000-{id:012x}");
        let item = json!({
            "id": id, "url": format!("https://image.civitai.com/a/{key}/original=true/{key}.jpeg"), "postId": 1,
            "browsingLevel": 1, "meta": { "prompt": "kite", "resources": resources },
        });
        writeln!(text, "{item}").expect("writing to a string cannot fail");
        named.push(own);
    }
    let home = Home::new();
    let imported = home.run_with_input(&["import", "-", "--no-index", "--json"], text.as_bytes());
    assert_eq!(imported.code, 0, "{}", imported.stderr);

    let mut ours: BTreeMap<Key, Vec<Found>> = BTreeMap::new();
    let exported = home.run(&["export", "links", "--format", "ndjson"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    for line in exported.stdout.lines() {
        let row: Value = serde_json::from_str(line).expect("each line is JSON");
        let word = |value: &Value| value.as_str().map(str::to_owned);
        let kind = TYPES.iter().map(|(_, role)| *role).find(|role| own_word(role) == row["resource"]["kind"]);
        let key = (
            row["image"].as_u64().expect("an id"),
            kind.expect("one of the roles"),
            word(&row["resource"]["name"]),
            word(&row["resource"]["hash"]),
        );
        let evidence = word(&row["evidence"]).expect("a word");
        let evidence =
            EVIDENCE.into_iter().find(|known| *known == evidence).expect("a known kind of evidence");
        let percent = (row["confidence"].as_f64().expect("a number") * 100.0).round() as u64;
        ours.entry(key).or_default().push((row["version"].as_u64().expect("an id"), evidence, percent));
    }

    let mut known: BTreeMap<Reference, Vec<Found>> = BTreeMap::new();
    let (mut linked, mut ambiguous) = (0_u64, 0_u64);
    for (id, references) in (1..).zip(&named) {
        for one in references {
            let expected = known.entry(one.clone()).or_insert_with(|| brute_force(&offers, one));
            let hash = one.digits();
            if let Some(found) = ours.remove(&(id, one.kind, one.name.clone(), hash.clone())) {
                assert_eq!(&found, expected, "image {id}: {} {:?} {hash:?}", one.kind, one.name);
                linked += 1;
                ambiguous += u64::from(found.len() > 1);
            } else {
                assert!(
                    expected.is_empty(),
                    "image {id}: {} {:?} {hash:?}: {expected:?}",
                    one.kind,
                    one.name
                );
            }
        }
    }
    assert!(ours.is_empty(), "{:?}", ours.first_key_value());
    assert!(linked > images / 2 && ambiguous > images / 20, "{linked} linked, {ambiguous} ambiguous");
}

impl Reference {
    /// The hash as it is stored.
    fn digits(&self) -> Option<String> {
        let hash = self.hash.as_deref()?;
        Some(hash.trim_start_matches("sha256:").trim_start_matches("0x").to_lowercase())
    }

    /// Whether `other` has the same name, or a shorter or longer form of the same hash.
    fn says_the_same(&self, other: &Self) -> bool {
        let forms = self.digits().zip(other.digits());
        let same_hash = forms.is_some_and(|(a, b)| a.starts_with(&b) || b.starts_with(&a));
        let plain = |one: &Self| one.name.as_deref().map(plain_name);
        same_hash || plain(self).is_some_and(|name| Some(name) == plain(other))
    }
}

const EVIDENCE: [&str; 8] =
    ["sha256", "blake3", "autov3", "autov2", "sha256_prefix", "autov1", "crc32", "name"];

/// The word of the machine contract for a role as the test writes it.
fn own_word(role: &str) -> &str {
    match role {
        "checkpoint" => "model",
        "embed" => "embedding",
        "hypernet" => "hypernetwork",
        other => other,
    }
}
