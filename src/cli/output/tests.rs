use std::cell::RefCell;
use std::rc::Rc;

use super::super::terminal::Paint;
use super::*;

#[derive(Serialize)]
struct Hit {
    image: u64,
    prompt: &'static str,
}

impl Row for Hit {
    const COLUMNS: &'static [Column] = &[Column::right("image"), Column::flexible("prompt")];

    fn cells(&self) -> Vec<String> {
        vec![self.image.to_string(), self.prompt.to_owned()]
    }

    fn handles(&self) -> Vec<String> {
        vec![self.image.to_string()]
    }
}

#[derive(Serialize)]
struct Summary {
    total: u64,
}

#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn terminal(is_terminal: bool) -> Terminal {
    Terminal { is_terminal, width: 40, paint: Paint(false) }
}

#[track_caller]
fn check(format: Format, is_terminal: bool, hits: &[Hit], expected: &str) {
    let kept = Kept::default();
    let sink = Sink::to(Box::new(kept.clone()), format, Supported::Rows, terminal(is_terminal))
        .expect("rows have every format");
    let mut rows = sink.rows::<Hit>("hits");
    for hit in hits {
        rows.push(hit).expect("memory can be written");
    }
    rows.finish(&Summary { total: hits.len() as u64 }).expect("memory can be written");
    assert_eq!(String::from_utf8_lossy(&kept.0.borrow()), expected);
}

const HITS: &[Hit] =
    &[Hit { image: 7, prompt: "castle, \"old\"\n\u{1b}[2J" }, Hit { image: 1234, prompt: "\u{9b}tab\there" }];

#[test]
fn a_table_keeps_controls_and_line_breaks_out() {
    check(
        Format::Table,
        true,
        HITS,
        "image  prompt\n    7  castle, \"old\" \\u{1b}[2J\n 1234  \\u{9b}tab here\n",
    );
}

#[test]
fn auto_in_a_pipe_is_tab_separated() {
    check(Format::Auto, false, HITS, "7\tcastle, \"old\"\\n\\u{1b}[2J\n1234\t\\u{9b}tab\\there\n");
}

#[test]
fn ndjson_is_one_object_a_line_and_a_summary() {
    check(
        Format::Ndjson,
        false,
        HITS,
        concat!(
            r#"{"image":7,"prompt":"castle, \"old\"\n\u001b[2J"}"#,
            "\n",
            r#"{"image":1234,"prompt":"\u009btab\there"}"#,
            "\n",
            r#"{"total":2}"#,
            "\n",
        ),
    );
}

#[test]
fn json_is_one_object_also_without_rows() {
    check(
        Format::Json,
        false,
        &HITS[..1],
        "{\"schema\":1,\"hits\":[{\"image\":7,\"prompt\":\"castle, \\\"old\\\"\\n\\u001b[2J\"}],\"summary\":{\"total\":1}}\n",
    );
    check(Format::Json, false, &[], "{\"schema\":1,\"hits\":[],\"summary\":{\"total\":0}}\n");
}

#[test]
fn csv_has_a_header_also_without_rows() {
    check(Format::Csv, false, &HITS[1..], "image,prompt\r\n1234,\"\\u{9b}tab\there\"\r\n");
    check(Format::Csv, false, &[], "image,prompt\r\n");
}

#[test]
fn paths_are_bare() {
    check(Format::Paths, true, HITS, "7\n1234\n");
}

#[test]
fn a_document_has_no_csv_and_says_what_it_has() {
    let refused = Sink::to(Box::new(Kept::default()), Format::Csv, Supported::Document, terminal(true));
    let Err(Failure::Named(named)) = refused else { unreachable!("a document has no CSV") };
    assert_eq!(named.message, "this command has no format `csv`");
    assert_eq!(named.hint.as_deref(), Some("it has: auto, table, json, ndjson"));
}
