//! The frame of every HTML page: head, policy, colours; and what makes a text harmless in it.
//!
//! - In: a title, a style sheet, and a body that its writer has escaped.
//! - Out: one file that needs nothing else: no network, no script, no font, no clock.
//! - Never: a look into the body. Should anything in it be markup after all, the policy forbids the browser to load
//!   anything but pictures that are in the file, to run anything, and to send anything.

/// The browser may load nothing from elsewhere, run nothing, send nothing.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// Colours for light and dark, type, links: what all pages have in common.
const STYLE: &str = include_str!("base.css");

/// How every page ends.
pub const END: &str = "</body>\n</html>\n";

/// What a page begins with.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// What kind of page it is, in plain words: by this a page is known again. Not escaped, and without `--`.
    pub kind: &'a str,
    /// The title, not escaped yet.
    pub title: &'a str,
    /// A style sheet besides the common one.
    pub style: &'a str,
}

impl Frame<'_> {
    /// The first bytes of every page of a kind.
    pub fn start(kind: &str) -> String {
        format!("<!doctype html>\n<!-- {kind} -->\n")
    }

    /// Everything up to the body, and the tag that opens it.
    pub fn open(&self) -> String {
        let Self { kind, title, style } = self;
        let (start, title) = (Self::start(kind), escape(title));
        format!(
            "{start}<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <title>{title}</title>\n<style>\n{STYLE}{style}</style>\n</head>\n<body>\n"
        )
    }
}

/// Text for HTML and SVG, in elements and in quoted attributes. Characters that steer a line are left: who takes text
/// from strangers spells them out before.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a browser makes of it.
    fn read(escaped: &str) -> String {
        let signs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
        signs.into_iter().fold(escaped.to_owned(), |text, (name, sign)| text.replace(name, sign))
    }

    #[test]
    fn a_page_begins_with_its_kind_and_forbids_everything() {
        let page = Frame { kind: "a test", title: "</title><b>", style: "p { margin: 0; }\n" }.open();
        assert!(page.starts_with(&Frame::start("a test")), "{page}");
        assert!(page.contains("<title>&lt;/title&gt;&lt;b&gt;</title>"), "{page}");
        assert!(page.contains("default-src 'none'") && page.contains("p { margin: 0; }"), "{page}");
        assert!(page.ends_with("<body>\n"), "{page}");
    }

    #[test]
    fn the_common_style_names_no_address() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }

    proptest! {
        #[test]
        fn escaped_text_is_no_markup_and_reads_as_it_was(text in "\\PC*|[&<>\"';a-z]{0,20}") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            prop_assert_eq!(read(&escaped), text);
        }
    }
}
