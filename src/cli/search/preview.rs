//! `--preview`: pictures beside hits.
//!
//! - In: hits with a BlurHash, or with a file on this disk.
//! - Out: half blocks in colour, or the picture itself where the terminal has a protocol for that.
//! - Never: the network, or more of a file than a small bound; what cannot be drawn is left blank.

use std::env;
use std::path::Path;

use stemmata::entity::ImageName;
use stemmata::fingerprint::preview::{self, Thumbnail};
use stemmata::search::{FoundImage, Highlighter};

use super::super::args::PreviewChoice;
use super::super::escape;
use super::super::output::{base64, painted, width};
use super::super::terminal::Terminal;
use super::charts::Ink;
use super::fields;

/// Most columns and rows of a picture.
const MOST_COLUMNS: u32 = 24;
const MOST_ROWS: u32 = 10;
/// Fewest rows of a hit: its words need them.
const FEWEST_ROWS: u32 = 6;
/// Pixels that a terminal has for a column, about; a row has twice as many.
const PIXELS_A_COLUMN: u32 = 10;
/// Most bytes of base64 in one message of kitty's protocol.
const KITTY_CHUNK: usize = 4096;
/// From dark to light.
const SHADES: &[u8; 10] = b" .:-=+*#%@";

/// How pictures are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// Kitty's graphics protocol.
    Kitty,
    /// iTerm2's inline images.
    Iterm2,
    /// Blocks in 24-bit colour.
    TrueColor,
    /// Blocks in the colours of a palette of 256.
    Palette,
    /// Letters that are dark or light, where there is no colour.
    Shades,
}

impl Drawing {
    /// What suits the choice, the terminal and the environment; `None` for no pictures.
    pub(crate) fn of(choice: Option<PreviewChoice>, terminal: Terminal) -> Option<Self> {
        Self::choose(choice?, terminal, &|name| env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn choose(
        choice: PreviewChoice,
        terminal: Terminal,
        variable: &dyn Fn(&str) -> Option<String>,
    ) -> Option<Self> {
        match choice {
            PreviewChoice::Auto if !terminal.is_terminal => None,
            PreviewChoice::Auto | PreviewChoice::Always => {
                Some(protocol(variable).unwrap_or_else(|| blocks(terminal, variable)))
            }
            PreviewChoice::Blocks => Some(blocks(terminal, variable)),
            PreviewChoice::Kitty => Some(Self::Kitty),
            PreviewChoice::Iterm2 => Some(Self::Iterm2),
        }
    }
}

/// The protocol that the terminal has, by what it says of itself. Multiplexers pass none on.
fn protocol(variable: &dyn Fn(&str) -> Option<String>) -> Option<Drawing> {
    if variable("TMUX").is_some() || variable("STY").is_some() {
        return None;
    }
    let program = variable("TERM_PROGRAM").unwrap_or_default();
    let term = variable("TERM").unwrap_or_default();
    if variable("KITTY_WINDOW_ID").is_some() || term == "xterm-kitty" || term == "xterm-ghostty" {
        return Some(Drawing::Kitty);
    }
    match program.as_str() {
        "ghostty" => Some(Drawing::Kitty),
        "iTerm.app" | "WezTerm" | "mintty" => Some(Drawing::Iterm2),
        _ => None,
    }
}

fn blocks(terminal: Terminal, variable: &dyn Fn(&str) -> Option<String>) -> Drawing {
    let depth = variable("COLORTERM").unwrap_or_default();
    match (terminal.paint.0, depth.as_str()) {
        (false, _) => Drawing::Shades,
        (true, "truecolor" | "24bit") => Drawing::TrueColor,
        (true, _) => Drawing::Palette,
    }
}

/// A hit with its picture: some lines.
pub(crate) fn hit(
    found: &FoundImage,
    drawing: Drawing,
    words: &Highlighter,
    terminal: Terminal,
    ink: Ink,
) -> String {
    let (columns, rows) = room(found.image.width, found.image.height);
    let lines_wanted = rows.max(FEWEST_ROWS) as usize;
    let beside = terminal.width.saturating_sub(MOST_COLUMNS as usize + 2).max(12);
    let text = words_of(found, beside, lines_wanted, words, terminal);
    match drawing {
        Drawing::Kitty | Drawing::Iterm2 => {
            let picture = thumbnail(found, columns * PIXELS_A_COLUMN, rows * 2 * PIXELS_A_COLUMN);
            let escape = picture.and_then(|picture| match drawing {
                Drawing::Kitty => Some(kitty(&picture, columns, rows)),
                _ => iterm2(&picture, columns, rows),
            });
            over(&text, &escape.unwrap_or_default())
        }
        _ => {
            let picture = thumbnail(found, columns, rows * 2);
            let drawn: Vec<String> = picture.map_or_else(Vec::new, |picture| {
                (0..rows).map(|row| block_line(&picture, row, drawing, ink)).collect()
            });
            beside_lines(&drawn, columns as usize, &text)
        }
    }
}

/// Columns and rows that a picture of this size takes; a row is twice as high as a column is wide.
fn room(width: Option<u32>, height: Option<u32>) -> (u32, u32) {
    let (width, height) = (f64::from(width.unwrap_or(1).max(1)), f64::from(height.unwrap_or(1).max(1)));
    let (most_columns, most_rows) = (f64::from(MOST_COLUMNS), f64::from(MOST_ROWS));
    let scale = (most_columns / width).min(2.0 * most_rows / height);
    let columns = (width * scale).round().clamp(1.0, most_columns);
    let rows = (height * scale / 2.0).round().clamp(1.0, most_rows);
    (columns as u32, rows as u32)
}

/// The picture: of its file where that is on this disk, else of its BlurHash.
fn thumbnail(found: &FoundImage, width: u32, height: u32) -> Option<Thumbnail> {
    let file = match &found.image.name {
        ImageName::Path(bytes) if !found.missing => local(bytes),
        _ => None,
    };
    let of_file = file.and_then(|path| preview::of_file(&path, width, height).ok());
    of_file.or_else(|| preview::of_blurhash(found.image.blurhash.as_deref()?, width, height))
}

#[cfg(unix)]
fn local(bytes: &[u8]) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let path = Path::new(std::ffi::OsStr::from_bytes(bytes));
    path.is_file().then(|| path.to_owned())
}

#[cfg(not(unix))]
fn local(bytes: &[u8]) -> Option<std::path::PathBuf> {
    let path = Path::new(std::str::from_utf8(bytes).ok()?);
    path.is_file().then(|| path.to_owned())
}

/// What is said of a hit, in lines of at most `columns`.
fn words_of(
    found: &FoundImage,
    columns: usize,
    lines: usize,
    words: &Highlighter,
    terminal: Terminal,
) -> Vec<String> {
    let text = |name: &str| fields::find(name).map(|field| field.text(found)).unwrap_or_default();
    let missing = if found.missing { " (missing)" } else { "" };
    let name = width::fit(&escape::cell(&format!("{}{missing}", text("image"))), columns);
    let said = |parts: &[(&str, &str)]| {
        let parts = parts.iter().filter_map(|(label, field)| {
            let text = text(field);
            (!text.is_empty()).then(|| format!("{label}{text}"))
        });
        parts.collect::<Vec<_>>().join(", ")
    };
    let settings =
        said(&[("", "sampler"), ("", "scheduler"), ("steps ", "steps"), ("cfg ", "cfg"), ("seed ", "seed")]);
    let posted = said(&[("", "size"), ("", "user"), ("", "date")]);
    let mut all = vec![terminal.paint.bold(&name)];
    for line in [text("model"), settings, posted] {
        if !line.is_empty() {
            all.push(width::fit(&escape::cell(&line), columns));
        }
    }
    let prompt = text("prompt");
    let prompt = escape::cell(&prompt);
    let left = lines.saturating_sub(all.len()).max(2);
    for line in wrapped(&prompt, columns, left) {
        all.push(if terminal.paint.0 { painted(&line, &words.find(&line), terminal) } else { line });
    }
    all
}

/// The text in at most `lines` lines, broken at blanks where there are any; the last ends in an ellipsis if it is cut.
fn wrapped(text: &str, columns: usize, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && out.len() < lines {
        if out.len() + 1 == lines || width::of(rest) <= columns {
            out.push(width::fit(rest, columns));
            break;
        }
        let cut = cut_at(rest, columns);
        out.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    out
}

/// Where a line of at most `columns` ends: behind its last blank, else where it is full.
fn cut_at(text: &str, columns: usize) -> usize {
    let mut used = 0;
    let mut blank = None;
    for (at, c) in text.char_indices() {
        used += width::of(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            return blank.unwrap_or(at).max(text.chars().next().map_or(1, char::len_utf8));
        }
        if c == ' ' {
            blank = Some(at + 1);
        }
    }
    text.len()
}

/// One row of cells, each two pixels high.
fn block_line(picture: &Thumbnail, row: u32, drawing: Drawing, ink: Ink) -> String {
    let mut line = String::new();
    for x in 0..picture.width {
        let (top, bottom) = (picture.pixel(x, 2 * row), picture.pixel(x, 2 * row + 1));
        let mean = |channel: usize| u8::midpoint(top[channel], bottom[channel]);
        let mean = [mean(0), mean(1), mean(2)];
        if drawing == Drawing::Shades {
            let light = (usize::from(mean[0]) * 3 + usize::from(mean[1]) * 6 + usize::from(mean[2])) / 10;
            line.push(char::from(SHADES[light * SHADES.len() / 256]));
            continue;
        }
        let code = |rgb: [u8; 3]| match drawing {
            Drawing::TrueColor => format!("2;{};{};{}", rgb[0], rgb[1], rgb[2]),
            _ => format!("5;{}", palette(rgb)),
        };
        match ink {
            Ink::Blocks => line.push_str(&format!("\u{1b}[38;{};48;{}m▀", code(top), code(bottom))),
            Ink::Ascii => line.push_str(&format!("\u{1b}[48;{}m ", code(mean))),
        }
    }
    if drawing != Drawing::Shades {
        line.push_str("\u{1b}[0m");
    }
    line
}

/// The nearest colour of the cube of six steps a side.
fn palette(rgb: [u8; 3]) -> u16 {
    let step = |channel: u8| (u16::from(channel) * 5 + 127) / 255;
    16 + 36 * step(rgb[0]) + 6 * step(rgb[1]) + step(rgb[2])
}

fn beside_lines(drawn: &[String], columns: usize, text: &[String]) -> String {
    let mut out = String::new();
    for row in 0..drawn.len().max(text.len()) {
        let words = text.get(row).map_or("", String::as_str);
        let pad = MOST_COLUMNS as usize + 2;
        let line = match drawn.get(row) {
            Some(cells) => format!("{cells}{}{words}", " ".repeat(pad - columns.min(pad))),
            None => format!("{}{words}", " ".repeat(pad)),
        };
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Makes room, draws the picture at its top, and writes the words beside it. Works at the end of a screen, too.
fn over(text: &[String], picture: &str) -> String {
    let lines = text.len().max(MOST_ROWS as usize);
    let mut out = format!("{}\u{1b}[{lines}A\u{1b}7{picture}\u{1b}8", "\n".repeat(lines));
    for row in 0..lines {
        let words = text.get(row).map_or("", String::as_str);
        out.push_str(&format!("\u{1b}[{}C{words}\r\n", MOST_COLUMNS + 2));
    }
    out
}

fn kitty(picture: &Thumbnail, columns: u32, rows: u32) -> String {
    let data = base64::encode(&picture.rgb);
    let chunks: Vec<&[u8]> = data.as_bytes().chunks(KITTY_CHUNK).collect();
    let mut out = String::new();
    for (number, chunk) in chunks.iter().enumerate() {
        let more = u8::from(number + 1 < chunks.len());
        let head = if number == 0 {
            let (width, height) = (picture.width, picture.height);
            format!("a=T,f=24,s={width},v={height},c={columns},r={rows},C=1,q=2,")
        } else {
            String::new()
        };
        let chunk = String::from_utf8_lossy(chunk);
        out.push_str(&format!("\u{1b}_G{head}m={more};{chunk}\u{1b}\\"));
    }
    out
}

fn iterm2(picture: &Thumbnail, columns: u32, rows: u32) -> Option<String> {
    let file = picture.png()?;
    Some(format!(
        "\u{1b}]1337;File=inline=1;size={};width={columns};height={rows};preserveAspectRatio=1:{}\u{7}",
        file.len(),
        base64::encode(&file)
    ))
}

#[cfg(test)]
mod tests {
    use super::super::super::terminal::Paint;
    use super::*;

    fn chosen(
        choice: PreviewChoice,
        is_terminal: bool,
        colored: bool,
        set: &[(&str, &str)],
    ) -> Option<Drawing> {
        let terminal = Terminal { is_terminal, width: 80, paint: Paint(colored) };
        let variable =
            |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Drawing::choose(choice, terminal, &variable)
    }

    #[test]
    fn the_terminal_is_asked_by_its_environment() {
        use PreviewChoice::{Always, Auto, Blocks, Kitty};
        assert_eq!(chosen(Auto, false, false, &[("KITTY_WINDOW_ID", "1")]), None);
        assert_eq!(chosen(Auto, true, true, &[("KITTY_WINDOW_ID", "1")]), Some(Drawing::Kitty));
        assert_eq!(chosen(Auto, true, true, &[("TERM_PROGRAM", "iTerm.app")]), Some(Drawing::Iterm2));
        let multiplexed = [("KITTY_WINDOW_ID", "1"), ("TMUX", "x"), ("COLORTERM", "truecolor")];
        assert_eq!(chosen(Auto, true, true, &multiplexed), Some(Drawing::TrueColor));
        assert_eq!(chosen(Always, false, true, &[]), Some(Drawing::Palette));
        assert_eq!(chosen(Blocks, true, false, &[("KITTY_WINDOW_ID", "1")]), Some(Drawing::Shades));
        assert_eq!(chosen(Kitty, false, false, &[]), Some(Drawing::Kitty));
    }

    #[test]
    fn pictures_keep_their_form_within_their_room() {
        assert_eq!(room(Some(1024), Some(1024)), (20, 10));
        assert_eq!(room(Some(832), Some(1216)), (14, 10));
        assert_eq!(room(Some(1920), Some(1080)), (24, 7));
        assert_eq!(room(Some(100_000), Some(1)), (24, 1));
        assert_eq!(room(Some(1), Some(u32::MAX)), (1, 10));
        assert_eq!(room(None, Some(0)), (20, 10));
    }

    #[test]
    fn a_picture_is_drawn_in_half_blocks() {
        let picture =
            Thumbnail { width: 2, height: 2, rgb: vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255] };
        let line = |drawing, ink| block_line(&picture, 0, drawing, ink);
        assert_eq!(
            line(Drawing::TrueColor, Ink::Blocks),
            "\u{1b}[38;2;255;0;0;48;2;0;0;255m▀\u{1b}[38;2;0;255;0;48;2;255;255;255m▀\u{1b}[0m"
        );
        assert_eq!(
            line(Drawing::Palette, Ink::Blocks),
            "\u{1b}[38;5;196;48;5;21m▀\u{1b}[38;5;46;48;5;231m▀\u{1b}[0m"
        );
        assert_eq!(line(Drawing::Palette, Ink::Ascii).matches("48;5;").count(), 2);
        assert_eq!(line(Drawing::Shades, Ink::Ascii), ".#");
    }

    #[test]
    fn a_message_of_kitty_is_cut_into_chunks() {
        let picture = Thumbnail { width: 64, height: 64, rgb: vec![7; 64 * 64 * 3] };
        let message = kitty(&picture, 6, 3);
        assert!(message.starts_with("\u{1b}_Ga=T,f=24,s=64,v=64,c=6,r=3,C=1,q=2,m=1;"));
        let parts: Vec<&str> = message.split("\u{1b}\\").collect();
        assert_eq!(parts.len(), 5);
        assert!(parts[3].starts_with("\u{1b}_Gm=0;") && parts.iter().all(|part| part.len() < 4200));
    }

    #[test]
    fn lines_break_at_blanks_and_the_last_one_is_cut() {
        assert_eq!(wrapped("a castle on a hill", 9, 3), ["a castle", "on a hill"]);
        assert_eq!(wrapped("a castle on a hill", 9, 1), ["a castle…"]);
        assert_eq!(wrapped("城堡城堡城", 4, 9), ["城堡", "城堡", "城"]);
        assert_eq!(wrapped("   ", 4, 9), [""; 0]);
    }
}
