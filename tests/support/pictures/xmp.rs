//! XMP packets.

/// The namespaces that packets here use, by the prefix that they usually have.
const NAMESPACES: [(&str, &str); 11] = [
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("xmp", "http://ns.adobe.com/xap/1.0/"),
    ("exif", "http://ns.adobe.com/exif/1.0/"),
    ("tiff", "http://ns.adobe.com/tiff/1.0/"),
    ("photoshop", "http://ns.adobe.com/photoshop/1.0/"),
    ("Iptc4xmpExt", "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"),
    ("xmpMM", "http://ns.adobe.com/xap/1.0/mm/"),
    ("xmpNote", "http://ns.adobe.com/xmp/note/"),
    ("dcterms", "http://purl.org/dc/terms/"),
    ("comfy", "https://github.com/Comfy-Org/ComfyUI"),
    ("my", "https://example.org/"),
];

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    text.replace('\n', "&#xA;")
}

fn packet(inner: &str) -> String {
    let names: String = NAMESPACES.iter().map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\"")).collect();
    format!(
        "<?xpacket begin=\"\u{feff}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><rdf:Description rdf:about=\"\"{names}{inner}\
         </rdf:RDF></x:xmpmeta><?xpacket end=\"w\"?>"
    )
}

/// Properties as attributes, such as `("xmp:CreatorTool", "Draw Things")`.
pub(crate) fn attributes(properties: &[(&str, &str)]) -> String {
    let inner: String =
        properties.iter().map(|(name, text)| format!(" {name}=\"{}\"", escaped(text))).collect();
    packet(&format!("{inner}/>"))
}

/// Properties as elements, each a list of one alternative as Adobe writes texts.
pub(crate) fn alternatives(properties: &[(&str, &str)]) -> String {
    let item = |(name, text): &(&str, &str)| {
        let text = escaped(text);
        format!("<{name}><rdf:Alt><rdf:li xml:lang=\"x-default\">{text}</rdf:li></rdf:Alt></{name}>")
    };
    packet(&format!(">{}</rdf:Description>", properties.iter().map(item).collect::<String>()))
}

/// Properties as plain elements.
pub(crate) fn elements(properties: &[(&str, &str)]) -> String {
    let item = |(name, text): &(&str, &str)| format!("<{name}>{}</{name}>", escaped(text));
    packet(&format!(">{}</rdf:Description>", properties.iter().map(item).collect::<String>()))
}
