//! The data on stdout: rows or one document, in the format that was asked for.
//!
//! - In: plain serde values with a table view.
//! - Out: bytes that depend on nothing but the values, the format and, for tables, the width.
//! - Never: talk. What goes wrong is returned.

pub(crate) mod base64;
pub(crate) mod delimited;
pub(crate) mod json;
pub(crate) mod table;
pub(crate) mod width;

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::failure::Failure;
use super::terminal::Terminal;
pub(crate) use table::{Column, Marker, painted};

/// Version of the shapes that scripts read; it counts breaking changes.
pub(crate) const SCHEMA: u32 = 1;

/// How to print results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// What suits the reader: a table on a terminal, plain lines or NDJSON in a pipe.
    #[default]
    Auto,
    /// Aligned columns, or a report for people.
    Table,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values without a header.
    Tsv,
    /// Only the names: one id, path or URL a line.
    Paths,
}

impl Format {
    /// Whether failures are told as JSON too.
    pub(crate) fn is_json(self) -> bool {
        matches!(self, Self::Json | Self::Ndjson)
    }

    /// Replaces `auto`, and refuses what the command has no shape for.
    fn resolve(self, supported: Supported, is_terminal: bool) -> Result<Self, Failure> {
        let (formats, terminal, piped) = match supported {
            Supported::Rows => (ROW_FORMATS, Self::Table, Self::Tsv),
            Supported::Export => (ROW_FORMATS, Self::Ndjson, Self::Ndjson),
            Supported::Document => (DOCUMENT_FORMATS, Self::Table, Self::Table),
        };
        match self {
            Self::Auto if is_terminal => Ok(terminal),
            Self::Auto => Ok(piped),
            format if formats.contains(&format) => Ok(format),
            format => {
                let name = |format: &Self| {
                    format.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
                };
                let names: Vec<String> = formats.iter().map(name).collect();
                Err(Failure::usage(format!("this command has no format `{}`", name(&format)))
                    .hint(format!("it has: auto, {}", names.join(", "))))
            }
        }
    }
}

const ROW_FORMATS: &[Format] =
    &[Format::Table, Format::Json, Format::Ndjson, Format::Csv, Format::Tsv, Format::Paths];
const DOCUMENT_FORMATS: &[Format] = &[Format::Table, Format::Json, Format::Ndjson];

/// What a command's output is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supported {
    /// Rows for people first: a table on a terminal, tab-separated in a pipe.
    Rows,
    /// Rows for scripts first: NDJSON unless told otherwise.
    Export,
    /// One document: a text for people, or one JSON object.
    Document,
}

/// One result with its table view. Its serde view is the machine contract.
pub(crate) trait Row: Serialize {
    /// The columns of the table, of CSV and of TSV.
    const COLUMNS: &'static [Column];

    /// One text a column, as raw as it came.
    fn cells(&self) -> Vec<String>;

    /// What `--format paths` prints on one line: the id, the path or the URL; for a group one a member.
    fn handles(&self) -> Vec<String>;
}

/// Stdout, with the format settled.
pub(crate) struct Sink {
    format: Format,
    was_auto: bool,
    terminal: Terminal,
    out: Box<dyn Write>,
}

impl Sink {
    /// Opens stdout for a command.
    ///
    /// # Errors
    ///
    /// A usage failure when the command has no such format.
    pub(crate) fn stdout(format: Format, supported: Supported, terminal: Terminal) -> Result<Self, Failure> {
        let out: Box<dyn Write> = Box::new(io::BufWriter::with_capacity(1 << 16, io::stdout().lock()));
        Self::to(out, format, supported, terminal)
    }

    fn to(
        out: Box<dyn Write>,
        format: Format,
        supported: Supported,
        terminal: Terminal,
    ) -> Result<Self, Failure> {
        let was_auto = format == Format::Auto;
        Ok(Self { format: format.resolve(supported, terminal.is_terminal)?, was_auto, terminal, out })
    }

    /// The settled format; never [`Format::Auto`].
    pub(crate) fn format(&self) -> Format {
        self.format
    }

    /// Whether nobody asked for a format.
    pub(crate) fn was_auto(&self) -> bool {
        self.was_auto
    }

    /// The terminal behind it.
    pub(crate) fn terminal(&self) -> Terminal {
        self.terminal
    }

    /// Prints one document: its JSON, or the text that `text` makes for people.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn document<T: Serialize>(
        mut self,
        value: &T,
        text: impl FnOnce(&T, Terminal) -> String,
    ) -> Result<(), Failure> {
        let bytes = match self.format {
            Format::Json | Format::Ndjson => json::line(value),
            _ => text(value, self.terminal),
        };
        self.text(&bytes)?;
        self.close()
    }

    /// Writes text as it is.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.out.write_all(text.as_bytes()).map_err(|error| Failure::output(&error))
    }

    /// Writes bytes as they are: a path need not be text.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.out.write_all(bytes).map_err(|error| Failure::output(&error))
    }

    /// Writes what is still held back.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn close(mut self) -> Result<(), Failure> {
        self.out.flush().map_err(|error| Failure::output(&error))
    }

    /// Starts a list of rows; `key` names the array in `--format json`.
    pub(crate) fn rows<R: Row>(self, key: &'static str) -> Rows<R> {
        Rows {
            sink: self,
            key,
            written: 0,
            columns: R::COLUMNS.to_vec(),
            table: table::Table::new(R::COLUMNS.to_vec()),
            kind: std::marker::PhantomData,
        }
    }
}

/// Rows on their way out, one at a time, so that a list of millions needs no memory.
pub(crate) struct Rows<R> {
    sink: Sink,
    key: &'static str,
    written: u64,
    columns: Vec<Column>,
    table: table::Table,
    kind: std::marker::PhantomData<fn(&R)>,
}

impl<R: Row> Rows<R> {
    /// Prints other columns than those of the type; its rows must have as many cells.
    #[must_use]
    pub(crate) fn with_columns(mut self, columns: Vec<Column>) -> Self {
        self.table = table::Table::new(columns.clone());
        self.columns = columns;
        self
    }

    /// Marks parts of a column's cells, in a table that may use colour.
    #[must_use]
    pub(crate) fn with_marker(mut self, marker: Marker) -> Self {
        self.table.mark(marker);
        self
    }

    /// Writes one row.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written; [`Failure::BrokenPipe`] when its reader has gone.
    pub(crate) fn push(&mut self, row: &R) -> Result<(), Failure> {
        let text = match self.sink.format {
            Format::Ndjson => json::line(row),
            Format::Json => format!("{}{}", self.separator(), json::value(row)),
            Format::Csv if self.written == 0 => {
                format!("{}{}", delimited::csv_header(&self.columns), delimited::csv(&row.cells()))
            }
            Format::Csv => delimited::csv(&row.cells()),
            Format::Tsv => delimited::tsv(&row.cells()),
            Format::Paths => delimited::tsv(&row.handles()),
            Format::Table | Format::Auto => self.table.push(row.cells(), self.sink.terminal),
        };
        self.written += 1;
        self.sink.text(&text)
    }

    /// Writes what comes after the last row: the summary in the JSON formats, the rest of a table.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn finish<S: Serialize>(self, summary: &S) -> Result<(), Failure> {
        self.finish_beside::<S, S>(None, |_| String::new(), summary)
    }

    /// As [`Rows::finish`], with records of another kind between rows and summary; `text` makes what people read of them.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn finish_beside<B: Serialize, S: Serialize>(
        mut self,
        beside: Option<(&'static str, &[B])>,
        text: impl FnOnce(Terminal) -> String,
        summary: &S,
    ) -> Result<(), Failure> {
        let output = match self.sink.format {
            Format::Ndjson => {
                let records = beside.map_or(&[][..], |(_, records)| records);
                let lines: String = records.iter().map(json::line).collect();
                format!("{lines}{}", json::line(summary))
            }
            Format::Json => {
                let start = if self.written == 0 { self.separator() } else { String::new() };
                let between = beside
                    .map(|(key, records)| format!("],\"{key}\":{}", json::value(records)))
                    .unwrap_or_else(|| "]".to_owned());
                format!("{start}{between},\"summary\":{}}}\n", json::value(summary))
            }
            Format::Csv if self.written == 0 => delimited::csv_header(&self.columns),
            Format::Csv | Format::Tsv | Format::Paths => String::new(),
            Format::Table | Format::Auto => {
                let rows = self.table.finish(self.sink.terminal);
                let text = text(self.sink.terminal);
                let gap = if self.written > 0 && !text.is_empty() { "\n" } else { "" };
                format!("{rows}{gap}{text}")
            }
        };
        self.sink.text(&output)?;
        self.sink.close()
    }

    /// As [`Rows::finish`] for lists that promise nothing but their rows.
    ///
    /// # Errors
    ///
    /// When stdout cannot be written.
    pub(crate) fn finish_without_summary(self) -> Result<(), Failure> {
        if self.sink.format == Format::Ndjson {
            return self.sink.close();
        }
        self.finish(&serde_json::Map::new())
    }

    fn separator(&self) -> String {
        if self.written == 0 { format!("{{\"schema\":{SCHEMA},\"{}\":[", self.key) } else { ",".to_owned() }
    }
}

#[cfg(test)]
mod tests;
