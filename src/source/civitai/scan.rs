//! Where the values of a JSON text begin and end, without building them.
//!
//! - Input: any text. Output: byte ranges of it.
//! - A value that is damaged inside still has an end wherever its brackets allow one, so that it costs itself
//!   and not its neighbours.
//! - Never: recursion, values, allocation beyond one byte for each open bracket.

/// Brackets that may be open at once; what `serde_json` reads too.
pub(super) const MAX_DEPTH: usize = 127;

/// One value inside a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span<'a> {
    /// The value, without blanks around it.
    pub(super) text: &'a str,
    /// Whether it nests deeper than [`MAX_DEPTH`].
    pub(super) too_deep: bool,
}

/// What ended a scan early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ended inside a value.
    End,
    /// Something else than expected stood at this byte.
    Unexpected(usize),
}

/// A position in a text.
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next byte that is not blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blanks;
        rest.get(blanks).copied()
    }

    /// The byte offset of the scanner.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Takes this byte if it comes next.
    pub(super) fn take(&mut self, wanted: u8) -> Result<(), Stop> {
        match self.peek() {
            Some(byte) if byte == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Stop::Unexpected(self.at)),
            None => Err(Stop::End),
        }
    }

    /// Visits the elements of the array that begins here.
    pub(super) fn array(&mut self, mut visit: impl FnMut(Span<'a>)) -> Result<(), Stop> {
        self.take(b'[')?;
        if self.take(b']').is_ok() {
            return Ok(());
        }
        loop {
            visit(self.value()?);
            if self.take(b']').is_ok() {
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    /// Visits the members of the object that begins here; `visit` gets the key, its escapes unread, and must
    /// step over the value.
    pub(super) fn object(
        &mut self,
        mut visit: impl FnMut(&mut Self, &'a str) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        self.take(b'{')?;
        if self.take(b'}').is_ok() {
            return Ok(());
        }
        loop {
            let key = self.key()?;
            self.take(b':')?;
            visit(self, key)?;
            if self.take(b'}').is_ok() {
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    fn key(&mut self) -> Result<&'a str, Stop> {
        self.take(b'"')?;
        let start = self.at;
        self.rest_of_string()?;
        Ok(self.text.get(start..self.at - 1).unwrap_or_default())
    }

    /// Steps over the value that begins here.
    pub(super) fn value(&mut self) -> Result<Span<'a>, Stop> {
        let first = self.peek().ok_or(Stop::End)?;
        let start = self.at;
        let mut too_deep = false;
        match first {
            b'"' => {
                self.at += 1;
                self.rest_of_string()?;
            }
            b'{' | b'[' => too_deep = self.container()?,
            _ => self.word()?,
        }
        Ok(Span { text: self.text.get(start..self.at).unwrap_or_default(), too_deep })
    }

    /// Steps over a string whose opening quote is behind the scanner.
    fn rest_of_string(&mut self) -> Result<(), Stop> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = bytes.get(self.at..).ok_or(Stop::End)?;
            let step = rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).ok_or(Stop::End)?;
            self.at += step;
            if rest.get(step) == Some(&b'"') {
                self.at += 1;
                return Ok(());
            }
            // An escape is at least two bytes; the second may be a quote, and is never the first byte
            // of a longer character in valid JSON.
            self.at += 2;
        }
    }

    /// Steps over brackets and all that is between them; whether they nest too deep.
    fn container(&mut self) -> Result<bool, Stop> {
        let bytes = self.text.as_bytes();
        let mut open = Vec::new();
        let mut too_deep = false;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    self.rest_of_string()?;
                    continue;
                }
                b'{' | b'[' => {
                    open.push(byte);
                    too_deep |= open.len() > MAX_DEPTH;
                }
                b'}' | b']' => {
                    let partner = if byte == b'}' { b'{' } else { b'[' };
                    // A bracket that was never opened here belongs to whatever holds this value.
                    let Some(position) = open.iter().rposition(|opened| *opened == partner) else {
                        return Ok(too_deep);
                    };
                    open.truncate(position);
                }
                _ => {}
            }
            self.at += 1;
            if open.is_empty() {
                return Ok(too_deep);
            }
        }
        Err(Stop::End)
    }

    /// Steps over a number, `true`, or debris, up to the next delimiter.
    fn word(&mut self) -> Result<(), Stop> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let length = rest
            .iter()
            .position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
            .unwrap_or(rest.len());
        if length == 0 {
            return Err(Stop::Unexpected(self.at));
        }
        self.at += length;
        Ok(())
    }
}
