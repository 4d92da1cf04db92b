//! Where a picture says that it comes from: C2PA manifests, and the source types and credits of XMP and IPTC.
//!
//! - In: the blocks of a file. Out: claims of [`Dialect::Provenance`]; what a manifest states is present, never verified.
//! - Never: a signature checked, an address fetched, a word that sounds like proof.

mod jumbf;
mod source_type;
mod store;

pub use source_type::{AiUse, ai_use, source_word};
pub use store::{Action, Manifest, Store, store};

use super::{Block, Carrier, Claim, Dialect, Encoding, Field, Limits, Strength, Value, Warning, xmp};

const IPTC_EXTENSION: &str = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/";
const PHOTOSHOP: &str = "http://ns.adobe.com/photoshop/1.0/";
const DC_TERMS: &str = "http://purl.org/dc/terms/";

/// IPTC-IIM's data set for the credit.
const CREDIT: u8 = 110;

/// How credits begin that services put on what their models made.
const AI_CREDITS: [&str; 2] = ["Made with Google AI", "AI-Generated with Google"];

/// What the blocks of a file say about where it comes from, in the order of the blocks.
///
/// [`Field::Source`] names the standard and its word, such as `c2pa: trainedAlgorithmicMedia`; a manifest store without
/// any such word gives `c2pa: present`. The names of [`Field::Other`] are `c2pa_validation`, which is `not_checked`,
/// `c2pa_generator`, `c2pa_action`, `c2pa_ingredient`, and `c2pa_remote`, an address that is never fetched.
pub fn claims(blocks: &[Block], limits: &Limits) -> (Vec<Claim>, Vec<Warning>) {
    let mut found = Found { claims: Vec::new(), warnings: Vec::new() };
    for (place, block) in blocks.iter().enumerate() {
        match (&block.carrier, block.encoding) {
            (Carrier::C2pa, _) => manifests(&mut found, place, block, limits),
            (_, Encoding::Binary) => {}
            (Carrier::Xmp, _) => properties(&mut found, place, block, limits),
            (Carrier::Iptc { record: 2, dataset: CREDIT }, _) => {
                let text = block.text().unwrap_or_default();
                if is_ai_credit(&text) {
                    found.say(place, Field::Source, format!("iptc: {}", text.trim()), Strength::Said);
                }
            }
            _ => {}
        }
    }
    (found.claims, found.warnings)
}

struct Found {
    claims: Vec<Claim>,
    warnings: Vec<Warning>,
}

impl Found {
    fn say(&mut self, block: usize, field: Field, text: String, strength: Strength) {
        let (value, dialect) = (Value::Text(text), Dialect::Provenance);
        self.claims.push(Claim { field, value, dialect, strength, block, span: None });
    }
}

fn manifests(found: &mut Found, place: usize, block: &Block, limits: &Limits) {
    let Some((store, warnings)) = store(&block.bytes, limits) else {
        let detail = "no manifest store could be read".to_owned();
        found.warnings.push(Warning { code: "damaged", place: "c2pa".to_owned(), detail });
        return;
    };
    found.warnings.extend(warnings);
    let strongest = store.strongest();
    let word = strongest.and_then(|action| action.source_type.as_deref()).unwrap_or("present");
    found.say(place, Field::Source, format!("c2pa: {word}"), Strength::Said);
    if let Some(agent) = strongest.and_then(|action| action.agent.clone())
        && store.ai_use() == AiUse::Made
    {
        // Who edited or signed later also calls itself a tool, so anything else in the file knows better.
        found.say(place, Field::Tool, agent, Strength::Guess);
    }
    let other = |name: &str| Field::Other(name.to_owned());
    found.say(place, other("c2pa_validation"), "not_checked".to_owned(), Strength::Said);
    for manifest in &store.manifests {
        for generator in &manifest.generators {
            found.say(place, other("c2pa_generator"), generator.clone(), Strength::Said);
        }
        for action in &manifest.actions {
            found.say(place, other("c2pa_action"), worded(action), Strength::Said);
        }
        for title in &manifest.ingredients {
            found.say(place, other("c2pa_ingredient"), title.clone(), Strength::Said);
        }
    }
}

/// `c2pa.created by gpt-image 2.0: trainedAlgorithmicMedia (a description)`, as far as it is said.
fn worded(action: &Action) -> String {
    let part = |before: &str, text: &Option<String>, after: &str| {
        text.as_ref().map_or_else(String::new, |text| format!("{before}{text}{after}"))
    };
    let (agent, source) = (part(" by ", &action.agent, ""), part(": ", &action.source_type, ""));
    format!("{}{agent}{source}{}", action.action, part(" (", &action.description, ")"))
}

fn properties(found: &mut Found, place: usize, block: &Block, limits: &Limits) {
    let text = block.text().unwrap_or_default();
    // Whoever reads the packet for its prompt says what is wrong with it; once is enough.
    let (properties, _said_elsewhere) = xmp::properties(&text, limits);
    for property in properties {
        let value = property.value.trim();
        let (field, text) = match (property.namespace.as_str(), property.name.as_str()) {
            (IPTC_EXTENSION, "DigitalSourceType") => (Field::Source, format!("xmp: {}", source_word(value))),
            (PHOTOSHOP, "Credit") if is_ai_credit(value) => (Field::Source, format!("xmp: {value}")),
            (DC_TERMS, "provenance") => (Field::Other("c2pa_remote".to_owned()), value.to_owned()),
            _ => continue,
        };
        let (value, span) = (Value::Text(text), Some(property.span));
        found.claims.push(Claim {
            field,
            value,
            dialect: Dialect::Provenance,
            strength: Strength::Said,
            block: place,
            span,
        });
    }
}

fn is_ai_credit(text: &str) -> bool {
    AI_CREDITS.iter().any(|known| text.trim().starts_with(known))
}
