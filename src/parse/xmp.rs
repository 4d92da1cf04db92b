//! XMP packets: RDF in, properties out.
//!
//! - In: a packet as text, from anyone. Out: its properties in order, each with its namespace, however RDF spells them.
//! - A property is an attribute, an element, or an item of a list inside an element; all three come out the same.
//! - Never: entities beyond XML's own five and numbers, document types, nesting or sizes beyond the bounds here.
//!
//! Source: Adobe's XMP specification parts 1 and 3 (ISO 16684-1).

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Limits, Warning};

/// Longest packet read, in bytes; what is longer is read up to here.
const MAX_PACKET_BYTES: usize = 8 << 20;

/// Deepest element.
const MAX_DEPTH: usize = 64;

/// Longest name of an element or attribute, and longest address of a namespace, in bytes. Each property has a copy.
const MAX_NAME_BYTES: usize = 256;

/// Namespace declarations in force at one place.
const MAX_DECLARATIONS: usize = 256;

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const XML: &str = "http://www.w3.org/XML/1998/namespace";
const ENVELOPE: &str = "adobe:ns:meta/";

/// One property of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The URI of its namespace, such as `http://purl.org/dc/elements/1.1/`; empty when the packet does not say.
    pub namespace: String,
    /// Its name without any prefix, such as `description`.
    pub name: String,
    /// Its value, with references resolved.
    pub value: String,
    /// The bytes of the packet that hold the value, as written.
    pub span: Range<usize>,
}

/// An element that is open.
struct Frame {
    namespace: String,
    name: String,
    /// Whether it is part of RDF's frame and no property.
    structural: bool,
    /// Text directly in it, and where it stands.
    text: String,
    span: Option<Range<usize>>,
    /// Declarations in force before it.
    declarations: usize,
}

/// The properties of a packet, in the order of their ends.
///
/// ```
/// use stemmata::parse::{Limits, xmp};
/// let packet = r#"<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
///     xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
///     xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:CreatorTool="Draw Things"/></rdf:RDF></x:xmpmeta>"#;
/// let (properties, warnings) = xmp::properties(packet, &Limits::default());
/// assert_eq!(properties[0].namespace, "http://ns.adobe.com/xap/1.0/");
/// assert_eq!((properties[0].name.as_str(), properties[0].value.as_str()), ("CreatorTool", "Draw Things"));
/// assert!(warnings.is_empty());
/// ```
pub fn properties(packet: &str, limits: &Limits) -> (Vec<Property>, Vec<Warning>) {
    let mut walk = Walk {
        packet,
        most: usize::try_from(limits.max_nodes).unwrap_or(usize::MAX),
        frames: Vec::new(),
        declared: vec![("xml".to_owned(), XML.to_owned())],
        found: Vec::new(),
    };
    let mut warnings = Vec::new();
    if let Err(problem) = walk.read() {
        let (code, detail) = match problem {
            Problem::Damaged => ("damaged", "the packet is no well-formed XML; what stands before is read"),
            Problem::Limit => ("limit", "the packet is too deep or too large; the rest is left alone"),
        };
        warnings.push(Warning { code, place: "xmp".to_owned(), detail: detail.to_owned() });
    }
    (walk.found, warnings)
}

enum Problem {
    Damaged,
    Limit,
}

struct Walk<'p> {
    packet: &'p str,
    most: usize,
    frames: Vec<Frame>,
    /// Prefix and URI, innermost last.
    declared: Vec<(String, String)>,
    found: Vec<Property>,
}

impl<'p> Walk<'p> {
    fn read(&mut self) -> Result<(), Problem> {
        let within = self.packet.get(..floor(self.packet, MAX_PACKET_BYTES)).unwrap_or(self.packet);
        let mut reader = Reader::from_str(within);
        let config = reader.config_mut();
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.allow_dangling_amp = true;
        loop {
            let from = position(&reader);
            let event = reader.read_event().map_err(|_| match within.len() < self.packet.len() {
                true => Problem::Limit,
                false => Problem::Damaged,
            })?;
            let span = from..position(&reader);
            match event {
                Event::Start(start) => self.open(&start)?,
                Event::Empty(start) => {
                    self.open(&start)?;
                    self.close();
                }
                Event::End(_) => self.close(),
                Event::Text(text) => self.text(&text.xml10_content(), span),
                Event::CData(text) => self.text(&text.xml10_content(), span),
                Event::GeneralRef(reference) => match resolved(&reference) {
                    Some(letter) => self.text(letter.encode_utf8(&mut [0; 4]), span),
                    None => self.text("\u{fffd}", span),
                },
                Event::Eof if within.len() < self.packet.len() => return Err(Problem::Limit),
                Event::Eof => return Ok(()),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) | Event::DocType(_) => {}
            }
            if self.found.len() > self.most {
                self.found.truncate(self.most);
                return Err(Problem::Limit);
            }
        }
    }

    fn open(&mut self, start: &BytesStart<'p>) -> Result<(), Problem> {
        if self.frames.len() >= MAX_DEPTH {
            return Err(Problem::Limit);
        }
        let declarations = self.declared.len();
        let mut attributes = Vec::new();
        for attribute in start.attributes().with_checks(false) {
            let attribute = attribute.map_err(|_| Problem::Damaged)?;
            let (prefix, name) = split(attribute.key.0);
            if attribute.key.0.len() > MAX_NAME_BYTES {
                return Err(Problem::Limit);
            }
            let span = self.place(&attribute.value);
            let value = unescaped(&attribute.value);
            match (prefix, name) {
                ("xmlns", prefix) | (prefix @ "", "xmlns") => {
                    if self.declared.len() >= MAX_DECLARATIONS
                        || prefix.len().max(value.len()) > MAX_NAME_BYTES
                    {
                        return Err(Problem::Limit);
                    }
                    self.declared.push((prefix.to_owned(), value));
                }
                _ => attributes.push((prefix.to_owned(), name.to_owned(), value, span)),
            }
        }
        let (prefix, name) = split(start.name().0);
        if name.len() > MAX_NAME_BYTES {
            return Err(Problem::Limit);
        }
        let (namespace, name) = (self.namespace(prefix), name.to_owned());
        let structural = namespace == RDF || namespace == ENVELOPE;
        self.frames.push(Frame {
            namespace,
            name,
            structural,
            text: String::new(),
            span: None,
            declarations,
        });
        for (prefix, name, value, span) in attributes {
            let namespace = if prefix.is_empty() { String::new() } else { self.namespace(&prefix) };
            match namespace.as_str() {
                RDF if name == "resource" => self.text(&value, span),
                RDF | XML | ENVELOPE | "" => {}
                _ => self.found.push(Property { namespace, name, value, span }),
            }
        }
        Ok(())
    }

    /// Ends an element: its text is a value of the nearest property around it.
    fn close(&mut self) {
        let Some(frame) = self.frames.pop() else { return };
        self.declared.truncate(frame.declarations);
        let Some(span) = frame.span.filter(|_| !frame.text.trim().is_empty()) else { return };
        let (namespace, name) = match frame.structural {
            false => (frame.namespace, frame.name),
            true => match self.frames.iter().rev().find(|outer| !outer.structural) {
                Some(outer) => (outer.namespace.clone(), outer.name.clone()),
                None => return,
            },
        };
        self.found.push(Property { namespace, name, value: frame.text, span });
    }

    fn text(&mut self, text: &str, span: Range<usize>) {
        let Some(frame) = self.frames.last_mut() else { return };
        frame.text.push_str(text);
        frame.span = Some(frame.span.as_ref().map_or(span.start, |before| before.start)..span.end);
    }

    /// Where a value stands in the packet; values are slices of it.
    fn place(&self, value: &str) -> Range<usize> {
        let start = (value.as_ptr() as usize).saturating_sub(self.packet.as_ptr() as usize);
        let end = start.saturating_add(value.len());
        if self.packet.get(start..end) == Some(value) { start..end } else { 0..0 }
    }

    fn namespace(&self, prefix: &str) -> String {
        let known = self.declared.iter().rev().find(|declared| declared.0 == prefix);
        known.map(|declared| declared.1.clone()).unwrap_or_default()
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// Prefix and name of `prefix:name`.
fn split(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// The letter that a reference stands for: one of XML's five, or a number.
fn resolved(reference: &str) -> Option<char> {
    match reference {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let digits = reference.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

/// A value with its references resolved; those that stand for nothing stay as they are.
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = rest.split_once('&') {
        text.push_str(before);
        // The longest reference that means anything is a number of some digits.
        let end = behind.bytes().take(12).position(|byte| byte == b';');
        match end.and_then(|end| Some((resolved(behind.get(..end)?)?, behind.get(end.saturating_add(1)..)?)))
        {
            Some((letter, behind)) => {
                text.push(letter);
                rest = behind;
            }
            None => {
                text.push('&');
                rest = behind;
            }
        }
    }
    text.push_str(rest);
    text
}

/// The last place up to `at` where a letter begins.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at).rev().take(4).find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DC: &str = "http://purl.org/dc/elements/1.1/";

    fn packet(inner: &str) -> String {
        format!(
            "<?xpacket?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF xmlns:rdf='{RDF}'>\
             <rdf:Description rdf:about='' xmlns:dc='{DC}'{inner}</rdf:RDF></x:xmpmeta>"
        )
    }

    #[track_caller]
    fn check(packet: &str, expected: &[(&str, &str, &str)]) {
        let (found, warnings) = properties(packet, &Limits::default());
        let seen: Vec<_> = found
            .iter()
            .map(|property| (property.namespace.as_str(), property.name.as_str(), property.value.as_str()))
            .collect();
        assert_eq!(seen, expected);
        assert_eq!(warnings, []);
    }

    #[test]
    fn attributes_elements_and_items_of_lists_come_out_the_same() {
        check(&packet(" dc:title='a kite'/>"), &[(DC, "title", "a kite")]);
        check(&packet("><dc:title>a kite</dc:title></rdf:Description>"), &[(DC, "title", "a kite")]);
        let list = "><dc:creator><rdf:Seq><rdf:li>one</rdf:li> <rdf:li>two</rdf:li></rdf:Seq></dc:creator></rdf:Description>";
        check(&packet(list), &[(DC, "creator", "one"), (DC, "creator", "two")]);
        check(
            &packet("><dc:source rdf:resource='https://a.b/'/></rdf:Description>"),
            &[(DC, "source", "https://a.b/")],
        );
        let inner = "><dc:history><rdf:Seq><rdf:li dc:agent='one' rdf:parseType='Resource'><dc:when>now</dc:when></rdf:li>\
                     </rdf:Seq></dc:history></rdf:Description>";
        check(&packet(inner), &[(DC, "agent", "one"), (DC, "when", "now")]);
    }

    #[test]
    fn references_are_resolved_and_only_those_of_xml() {
        let text = "{&quot;a&quot;: 1}&#xA;&#66;&amp;lt; &unknown;";
        check(&packet(&format!(" dc:title='{text}'/>")), &[(DC, "title", "{\"a\": 1}\nB&lt; &unknown;")]);
        let element = format!("><dc:title>{text}</dc:title></rdf:Description>");
        check(&packet(&element), &[(DC, "title", "{\"a\": 1}\nB&lt; \u{fffd}")]);
        check(&packet("><dc:title><![CDATA[<a>]]></dc:title></rdf:Description>"), &[(DC, "title", "<a>")]);
    }

    #[test]
    fn entities_that_a_document_type_declares_stand_for_nothing() {
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>";
        let text = packet("><dc:title>&b;</dc:title></rdf:Description>");
        check(&format!("{bomb}{text}"), &[(DC, "title", "\u{fffd}")]);
    }

    #[test]
    fn prefixes_mean_what_is_declared_where_they_stand() {
        check("<a xmlns='u:1'><b xmlns='u:2'>x</b><c>y</c></a>", &[("u:2", "b", "x"), ("u:1", "c", "y")]);
        check("<p:a xmlns:p='u:1'><p:b>x</p:b></p:a><p:c>y</p:c>", &[("u:1", "b", "x"), ("", "c", "y")]);
    }

    #[test]
    fn a_span_holds_the_value_as_written() {
        let packet = packet(" dc:title='a &amp; b'><dc:format>c &lt; d</dc:format></rdf:Description>");
        let (found, _) = properties(&packet, &Limits::default());
        let written: Vec<&str> = found.iter().map(|property| &packet[property.span.clone()]).collect();
        assert_eq!(written, ["a &amp; b", "c &lt; d"]);
    }

    #[test]
    fn what_stands_before_damage_is_read() {
        let (found, warnings) = properties(&packet(" dc:title='a kite'><dc:broken <"), &Limits::default());
        assert_eq!(found.len(), 1);
        assert_eq!(warnings[0].code, "damaged");
        let deep = "<a>".repeat(100_000);
        assert_eq!(properties(&deep, &Limits::default()).1[0].code, "limit");
        let many: String = (0..1000).map(|number| format!(" xmlns:p{number}='u'")).collect();
        assert_eq!(properties(&format!("<a{many}/>"), &Limits::default()).1[0].code, "limit");
        let long = format!("<{}/>", "a".repeat(1000));
        assert_eq!(properties(&long, &Limits::default()).1[0].code, "limit");
        let address = format!("<a xmlns='{}'><b>x</b></a>", "u".repeat(1000));
        assert_eq!(properties(&address, &Limits::default()).1[0].code, "limit");
        let few = Limits { max_nodes: 2, ..Limits::default() };
        assert_eq!(properties(&packet(" dc:a='1' dc:b='2' dc:c='3'/>"), &few).0.len(), 2);
    }

    proptest! {
        #[test]
        fn no_packet_makes_it_panic(packet in "[<>/=\"'&;# a-c:x\u{e9}!\\[\\]-]{0,200}") {
            let (found, _) = properties(&packet, &Limits::default());
            for property in found {
                prop_assert!(packet.get(property.span).is_some());
            }
        }

        #[test]
        fn a_written_value_is_read_back(value in "[ -~\u{e9}\u{51e7}]{1,60}") {
            prop_assume!(!value.trim().is_empty());
            let escaped = value.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;");
            for inner in [
                format!(" dc:title='{escaped}'/>"),
                format!("><dc:title>{escaped}</dc:title></rdf:Description>"),
            ] {
                let (found, _) = properties(&packet(&inner), &Limits::default());
                prop_assert_eq!(&found[0].value, &value);
            }
        }
    }
}
