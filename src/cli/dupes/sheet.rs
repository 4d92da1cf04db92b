//! The contact sheet: groups of copies as one HTML file.
//!
//! - In: groups, one after another. Out: a file that needs nothing else: no script, no network, no font, no clock.
//! - Names and paths come from strangers and are escaped; a policy in the file forbids everything but its own pictures.
//! - Never: a file of the user's overwritten that is no contact sheet, or a picture changed.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use stemmata::catalog::Catalog;
use stemmata::entity::ImageName;
use stemmata::fingerprint::{PictureLimits, thumbnail};
use stemmata::link::copies::{Group, MatchClass, Member};
use stemmata::page::{END, Frame, escape};

use crate::cli::escape::cell;
use crate::cli::failure::Failure;
use crate::cli::similar::because;
use crate::cli::summary::{counted, grouped};

/// Longest side of a thumbnail, in pixels.
const SIDE: u32 = 240;

/// Most members of a group that are shown.
const MOST_MEMBERS: usize = 60;

/// Most pictures on a sheet: about 25 MB.
const MOST_PICTURES: usize = 3_000;

/// By which a page is known to be a sheet.
const KIND: &str = "Stemmata contact sheet";

const STYLE: &str = include_str!("sheet.css");

/// A sheet that is being made. Nothing is written before [`Sheet::finish`].
pub(super) struct Sheet {
    path: PathBuf,
    most_groups: usize,
    groups: usize,
    left_out: u64,
    pictures: usize,
    body: String,
}

impl Sheet {
    /// Begins one for a file.
    ///
    /// # Errors
    ///
    /// When there is a file that is no contact sheet, or a folder, or no folder to write it into.
    pub(super) fn new(path: &Path, most_groups: usize) -> Result<Self, Failure> {
        if path.exists() && !is_sheet(path) {
            let name = path.display();
            return Err(Failure::usage(format!("{name} is there already, and is no contact sheet"))
                .hint("give the name of a new file"));
        }
        // Told before a long search, not after it.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Failure::usage(format!("there is no folder {}", folder.display()))
                .hint("make it, or give another name for the contact sheet"));
        }
        Ok(Self {
            path: path.to_owned(),
            most_groups,
            groups: 0,
            left_out: 0,
            pictures: 0,
            body: String::new(),
        })
    }

    /// Adds a group, or counts it where the sheet is full.
    ///
    /// # Errors
    ///
    /// When the catalog cannot be read.
    pub(super) fn push(&mut self, group: &Group, catalog: &Catalog) -> Result<(), Failure> {
        if self.groups >= self.most_groups || self.pictures >= MOST_PICTURES {
            self.left_out += 1;
            return Ok(());
        }
        self.groups += 1;
        let shown: Vec<&Member> = group.members.iter().take(MOST_MEMBERS).collect();
        self.pictures += shown.len();
        let mut hashes = Vec::with_capacity(shown.len());
        for member in &shown {
            let own = catalog.media(member.media_id)?.and_then(|media| media.blurhash);
            let seen = catalog.fingerprint(member.media_id)?.and_then(|stored| stored.blurhash);
            hashes.push(own.or(seen));
        }
        let pictures: Vec<Option<String>> =
            shown.par_iter().zip(&hashes).map(|(member, hash)| picture(member, hash.as_deref())).collect();
        let number = self.groups;
        let class = group.class.as_str();
        let images = counted(group.members.len() as u64, "images");
        push(
            &mut self.body,
            &format!(
                "<section id=\"g{number}\"><h2><span class=\"n\">{number}</span> <span class=\"class {class}\">{}</span> \
             <small>{images}: {}</small></h2>\n<ul>\n",
                class.replace('_', " "),
                meaning(group.class)
            ),
        );
        for (place, (member, picture)) in shown.iter().zip(&pictures).enumerate() {
            let is_best = place == 0;
            push_member(&mut self.body, member, picture.as_deref(), is_best);
        }
        self.body.push_str("</ul>\n");
        if group.members.len() > shown.len() {
            let more = grouped((group.members.len() - shown.len()) as u64);
            push(
                &mut self.body,
                &format!("<p class=\"more\">and {more} more of this group, not shown</p>\n"),
            );
        }
        self.body.push_str("</section>\n");
        Ok(())
    }

    /// Writes the file, and says in words what is on it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written.
    pub(super) fn finish(self, summary: &str) -> Result<String, Failure> {
        let left_out = match self.left_out {
            0 => String::new(),
            1 => "; 1 more group is left out, --html-groups N shows more".to_owned(),
            count => format!("; {} more groups are left out, --html-groups N shows more", grouped(count)),
        };
        let told = format!("{} on this sheet{left_out}", counted(self.groups as u64, "groups"));
        let text = format!(
            "{}<header><h1>Copies</h1>\n<p>{}</p>\n<p>{}</p>\n<p>The first picture of a group stands for it: most pixels, then known \
             generation data, then the earliest, then a known owner. <b>Similar is not duplicate</b>: look before you \
             delete. Blurred pictures are previews made from a BlurHash; nothing was downloaded.</p></header>\n<main>\n\
             {}</main>\n{END}",
            Frame { kind: KIND, title: "Copies", style: STYLE }.open(),
            harmless(summary),
            harmless(&told),
            self.body
        );
        let name = self.path.display().to_string();
        let failed = |error: std::io::Error| Failure::file(format!("writing {name}"), &error);
        let mut fresh = self.path.clone().into_os_string();
        fresh.push(".part");
        let fresh = PathBuf::from(fresh);
        let mut file = File::create(&fresh).map_err(failed)?;
        file.write_all(text.as_bytes()).and_then(|()| file.flush()).map_err(failed)?;
        fs::rename(&fresh, &self.path).map_err(failed)?;
        Ok(format!("{name}: {told}"))
    }
}

fn is_sheet(path: &Path) -> bool {
    let expected = Frame::start(KIND);
    let mut start = vec![0; expected.len()];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == expected.as_bytes()
}

/// A thumbnail as a data URI: of the file, else of its BlurHash.
fn picture(member: &Member, hash: Option<&str>) -> Option<String> {
    let of_file = |path: PathBuf| thumbnail::of_file(&path, SIDE, &PictureLimits::default()).ok();
    if let Some(jpeg) = local(&member.image).and_then(of_file) {
        return Some(format!("data:image/jpeg;base64,{}", base64(&jpeg)));
    }
    let (width, height) = member.size.unwrap_or((1, 1));
    let png = thumbnail::of_blurhash(hash?, width, height)?;
    Some(format!("data:image/png;base64,{}", base64(&png)))
}

#[cfg(unix)]
fn local(image: &ImageName) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    let ImageName::Path(bytes) = image else { return None };
    Some(std::ffi::OsStr::from_bytes(bytes).into())
}

#[cfg(not(unix))]
fn local(image: &ImageName) -> Option<PathBuf> {
    let ImageName::Path(bytes) = image else { return None };
    std::str::from_utf8(bytes).ok().map(PathBuf::from)
}

fn push_member(body: &mut String, member: &Member, picture: Option<&str>, is_best: bool) {
    let best = if is_best { " class=\"best\"" } else { "" };
    let (width, height) = member.size.unwrap_or((3, 4));
    let name = harmless(&member.image.to_string());
    let shown = match picture {
        Some(data) => {
            let blurred = if data.starts_with("data:image/png") { " class=\"blurred\"" } else { "" };
            format!("<img{blurred} src=\"{data}\" alt=\"\" style=\"aspect-ratio:{width}/{height}\">")
        }
        None => format!("<span class=\"none\" style=\"aspect-ratio:{width}/{height}\">no preview</span>"),
    };
    let called = match &member.image {
        ImageName::Site(id) => {
            format!("<a href=\"https://civitai.com/images/{id}\" rel=\"noreferrer noopener\">{name}</a>")
        }
        _ => format!("<span class=\"name\">{name}</span>"),
    };
    let size =
        member.size.map(|(width, height)| format!("<span>{width}×{height}</span> ")).unwrap_or_default();
    let what = if is_best { "stands for the group".to_owned() } else { harmless(&words(member)) };
    push(body, &format!("<li{best}>{shown}<p>{called}</p><p>{size}<span>{what}</span></p></li>\n"));
}

/// What a member is to the first, in words.
fn words(member: &Member) -> String {
    let verdict = &member.verdict;
    let distance = match verdict.unit() {
        "bits" => format!(", {:.0} of 192 bits", verdict.distance()),
        "blurhash" => format!(", BlurHash {:.3}", verdict.distance()),
        _ => String::new(),
    };
    let through = if member.is_indirect { ", through another member" } else { "" };
    let because = match verdict.class {
        MatchClass::SameBytes | MatchClass::SamePixels => String::new(),
        _ => because(&verdict.evidence),
    };
    let because = if because.is_empty() { because } else { format!(": {because}") };
    format!("{}{distance}{through}{because}", verdict.class.as_str().replace('_', " "))
}

fn meaning(class: MatchClass) -> &'static str {
    match class {
        MatchClass::SameBytes => "the same stored bytes",
        MatchClass::SamePixels => "the same pixels under other metadata",
        MatchClass::ReEncode => "saved again or resized",
        MatchClass::Edited => "cropped, marked, bordered or recoloured",
        MatchClass::Upscaled => "made larger by a generator",
        MatchClass::Candidate => "BlurHashes agree; nobody has compared the pixels",
        MatchClass::LookAlike => "alike, and yet no copies",
        MatchClass::SameSettings => "the same prompt and settings, other seeds: kin, no copies",
        MatchClass::OtherModel => "the same prompt and seed, other models: kin, no copies",
    }
}

/// Text of strangers for HTML, inside and outside of quotes.
fn harmless(text: &str) -> String {
    escape(&cell(text))
}

fn push(body: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = body.write_str(text);
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let byte = |at: usize| u32::from(part.get(at).copied().unwrap_or_default());
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let value = (group >> (18 - 6 * digit)) & 63;
            text.push(if digit > part.len() { '=' } else { char::from(DIGITS[value as usize]) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let cases = [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in cases {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn text_of_strangers_cannot_leave_its_place() {
        let nasty = "a\"><img src=x onerror='alert(1)'>&\u{202e}\u{1b}[31m";
        let safe = harmless(nasty);
        assert!(!safe.contains(['<', '>', '"', '\'', '\u{202e}', '\u{1b}']), "{safe}");
        assert!(safe.starts_with("a&quot;&gt;&lt;img") && safe.contains("&amp;"), "{safe}");
    }

    #[test]
    fn a_file_that_is_no_sheet_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("photo.html");
        fs::write(&path, "mine").expect("writes");
        assert!(Sheet::new(&path, 5).is_err() && Sheet::new(folder.path(), 5).is_err());
        fs::remove_file(&path).expect("removes");
        let told = Sheet::new(&path, 5).and_then(|sheet| sheet.finish("nothing")).expect("writes");
        assert!(told.ends_with("0 groups on this sheet"), "{told}");
        assert!(Sheet::new(&path, 5).is_ok(), "a sheet may be made anew");
    }
}
