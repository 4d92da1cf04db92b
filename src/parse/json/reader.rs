//! The reader itself: one pass over the bytes. It recurses, but never deeper than the limit.

use std::borrow::Cow;

use super::{Data, Document, Json, Limits, MAX_DEPTH, Member, Notes, VALUES_PER_NODE};

/// Reads one value; see [`super::parse_at`].
pub(super) fn read<'a>(text: &'a str, start: usize, limits: &Limits) -> Option<Document<'a>> {
    text.get(start..)?;
    let mut reader = Reader {
        text,
        at: start,
        notes: Notes::default(),
        left: limits.max_nodes.saturating_mul(VALUES_PER_NODE),
        max_depth: limits.max_depth.min(MAX_DEPTH),
        stopped: false,
    };
    reader.skip_blanks();
    let root = reader.value(0)?;
    let runs_on = reader.rest().starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_lone = !root.is_object() && !root.is_array();
    if is_lone && (runs_on || reader.stopped) {
        return None;
    }
    Some(Document { root, end: reader.at, notes: reader.notes })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    notes: Notes,
    /// Values that may still be read.
    left: u32,
    max_depth: u32,
    /// Whether nothing more can be read; every open container then closes with what it has.
    stopped: bool,
}

impl<'a> Reader<'a> {
    /// One value; `None`, and stopped, where there is none or not all of it.
    fn value(&mut self, depth: u32) -> Option<Json<'a>> {
        let start = self.at;
        let Some(left) = self.left.checked_sub(1) else {
            self.notes.limited_at = Some(start);
            self.stopped = true;
            return None;
        };
        self.left = left;
        let data = match self.peek() {
            Some(b'{' | b'[') if depth >= self.max_depth => self.too_deep(),
            Some(b'{') => Some(self.object(depth)),
            Some(b'[') => Some(self.array(depth)),
            Some(b'"') => self.string().map(Data::Text),
            Some(b'-' | b'+' | b'.' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        };
        match data {
            Some(data) => Some(Json { data, span: start..self.at }),
            None => self.stop(),
        }
    }

    fn array(&mut self, depth: u32) -> Data<'a> {
        let mut items = Vec::new();
        self.advance(1);
        while self.goes_on(b']') {
            let Some(item) = self.value(depth.saturating_add(1)) else { break };
            if self.is_cut(&item) {
                break;
            }
            items.push(item);
            self.separator(b']');
        }
        Data::Array(items)
    }

    fn object(&mut self, depth: u32) -> Data<'a> {
        let mut members = Vec::new();
        self.advance(1);
        while self.goes_on(b'}') {
            let Some(key) = self.key() else { break };
            let Some(value) = self.value(depth.saturating_add(1)) else { break };
            if self.is_cut(&value) {
                break;
            }
            members.push(Member { key, value });
            self.separator(b'}');
        }
        Data::Object(self.without_duplicates(members))
    }

    /// Whether a value comes before the bracket; steps over the bracket.
    fn goes_on(&mut self, bracket: u8) -> bool {
        if self.stopped {
            return false;
        }
        self.skip_blanks();
        let is_closed = self.peek() == Some(bracket);
        if is_closed {
            self.advance(1);
        }
        !is_closed
    }

    /// Whether the end of the text may have cut this value short.
    fn is_cut(&mut self, value: &Json<'_>) -> bool {
        let may_go_on = matches!(value.data, Data::Integer(_) | Data::Number(_) | Data::Null | Data::Bool(_));
        let is_cut = may_go_on && self.at >= self.text.len() && !self.stopped;
        if is_cut {
            let _: Option<()> = self.stop();
        }
        is_cut
    }

    /// Steps over a comma; anything but that or the bracket stops the reader.
    fn separator(&mut self, bracket: u8) {
        if self.stopped {
            return;
        }
        self.skip_blanks();
        match self.peek() {
            Some(b',') => self.advance(1),
            Some(byte) if byte == bracket => {}
            _ => {
                let _: Option<()> = self.stop();
            }
        }
    }

    fn key(&mut self) -> Option<Cow<'a, str>> {
        let key = if self.peek() == Some(b'"') { self.string() } else { None };
        self.skip_blanks();
        if key.is_none() || self.peek() != Some(b':') {
            return self.stop();
        }
        self.advance(1);
        self.skip_blanks();
        key
    }

    /// The last member of each key, in the order of the text.
    fn without_duplicates(&mut self, mut members: Vec<Member<'a>>) -> Vec<Member<'a>> {
        let mut order: Vec<usize> = (0..members.len()).collect();
        let key = |at: &usize| members.get(*at).map(|member| &member.key);
        // Stable: among equal keys the text's order stays.
        order.sort_by(|a, b| key(a).cmp(&key(b)));
        let replaced = |pair: &[usize]| match pair {
            [earlier, later] if key(earlier) == key(later) => Some(*earlier),
            _ => None,
        };
        let mut dropped: Vec<usize> = order.windows(2).filter_map(replaced).collect();
        if dropped.is_empty() {
            return members;
        }
        dropped.sort_unstable();
        let count = u32::try_from(dropped.len()).unwrap_or(u32::MAX);
        self.notes.duplicate_keys = self.notes.duplicate_keys.saturating_add(count);
        let mut dropped = dropped.into_iter().peekable();
        let mut places = 0_usize..;
        members.retain(|_| places.next().is_none_or(|place| dropped.next_if_eq(&place).is_none()));
        members
    }

    /// A string; `None` if it is not closed.
    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.advance(1);
        let start = self.at;
        let mut owned = String::new();
        let mut from = start;
        loop {
            let length = self.rest().bytes().position(|byte| matches!(byte, b'"' | b'\\'));
            let Some(length) = length else {
                self.at = self.text.len();
                return None;
            };
            self.advance(length);
            let plain = self.text.get(from..self.at)?;
            if self.peek() == Some(b'"') {
                self.advance(1);
                if from == start {
                    return Some(Cow::Borrowed(plain));
                }
                owned.push_str(plain);
                return Some(Cow::Owned(owned));
            }
            owned.push_str(plain);
            self.escape(&mut owned)?;
            from = self.at;
        }
    }

    /// Reads what a backslash begins; an escape that means nothing stays as written.
    fn escape(&mut self, into: &mut String) -> Option<()> {
        let mut following = self.rest().chars().skip(1);
        let escaped = following.next()?;
        let plain = match escaped {
            '"' | '\\' | '/' => escaped,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' if self.unit(2).is_some() => {
                into.push(self.unicode());
                return Some(());
            }
            other => {
                into.push('\\');
                other
            }
        };
        into.push(plain);
        self.advance(escaped.len_utf8().saturating_add(1));
        Some(())
    }

    /// The character of `\uXXXX`, or of two of them that belong together.
    fn unicode(&mut self) -> char {
        let first = self.unit(2).unwrap_or_default();
        self.advance(6);
        let second = if self.rest().starts_with("\\u") { self.unit(2) } else { None };
        let pair = [first, second.unwrap_or_default()];
        let length = if (0xd800..0xdc00).contains(&first) && second.is_some() { 2 } else { 1 };
        let decoded = char::decode_utf16(pair.into_iter().take(length)).next();
        match decoded {
            Some(Ok(c)) => {
                if length == 2 {
                    self.advance(6);
                }
                c
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }

    /// Four hexadecimal digits at a distance from here.
    fn unit(&self, distance: usize) -> Option<u16> {
        let end = distance.checked_add(4)?;
        let digits = self.rest().get(distance..end)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        u16::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Option<Data<'a>> {
        if self.rest().starts_with("-Infinity") {
            return self.word();
        }
        let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().bytes().take_while(|byte| is_part(*byte)).count();
        let digits = self.rest().get(..length)?;
        let data = match digits.parse::<i128>() {
            Ok(whole) => Data::Integer(whole),
            Err(_) => match digits.parse::<f64>() {
                Ok(number) if number.is_finite() => Data::Number(number),
                Ok(_) => {
                    self.notes.not_json = self.notes.not_json.saturating_add(1);
                    Data::Null
                }
                Err(_) => return None,
            },
        };
        self.advance(length);
        Some(data)
    }

    fn word(&mut self) -> Option<Data<'a>> {
        const WORDS: [(&str, Option<Data<'static>>); 6] = [
            ("null", Some(Data::Null)),
            ("true", Some(Data::Bool(true))),
            ("false", Some(Data::Bool(false))),
            ("NaN", None),
            ("undefined", None),
            ("Infinity", None),
        ];
        let rest = self.rest();
        let bare = rest.strip_prefix("-").filter(|bare| bare.starts_with("Infinity")).unwrap_or(rest);
        let (word, data) = WORDS.into_iter().find(|(word, _)| bare.starts_with(word))?;
        self.advance(rest.len().saturating_sub(bare.len()).saturating_add(word.len()));
        if data.is_none() {
            self.notes.not_json = self.notes.not_json.saturating_add(1);
        }
        Some(data.unwrap_or(Data::Null))
    }

    /// Steps over a container without reading it.
    fn too_deep(&mut self) -> Option<Data<'a>> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth = depth.saturating_add(1),
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            // The bytes of a longer character are none of the above: one by one is fine.
            self.at = self.at.saturating_add(1);
            if depth == 0 {
                self.notes.too_deep = self.notes.too_deep.saturating_add(1);
                return Some(Data::Null);
            }
        }
    }

    /// Remembers where the text stopped making sense.
    fn stop<T>(&mut self) -> Option<T> {
        if !self.stopped {
            self.stopped = true;
            self.notes.broken_at = Some(self.at);
        }
        None
    }

    fn skip_blanks(&mut self) {
        let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\0' | '\u{feff}');
        self.at = self.text.len().saturating_sub(self.rest().trim_start_matches(blank).len());
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Moves on, never past the end.
    fn advance(&mut self, bytes: usize) {
        self.at = self.at.saturating_add(bytes).min(self.text.len());
    }
}
