//! What a crawl makes of a site that is faster than it: items a second, and memory at so many items.
//!
//! `cargo build --release --examples --bin stemmata && target/release/examples/crawl --images 1000000`
//!
//! Serves generated images from this machine: pages of 200 with `meta`, drawn and compressed before the clock starts, so
//! that the site costs next to nothing. The built `stemmata` beside this program crawls them in a process of its own,
//! with pacing off, into a new home. One item is one image, from the first byte of the request to the commit in the
//! catalog; `--follow yes` links and indexes in the same run and crawls the models before, outside the clock.
//!
//! Resident memory is that of the crawling process at the moment when the site has been asked for so many items,
//! and its highest of all; both are read from `/proc`, and missing on other systems.
//!
//! Do not conclude what the real site would give: its pace is two requests a second.

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use flate2::Compression;
use flate2::write::GzEncoder;
use rayon::prelude::*;

#[path = "support/records.rs"]
#[allow(dead_code, reason = "each user of the module takes a part of it")]
mod records;

use records::{Plan, Records};

const USAGE: &str = "usage: crawl [--images N] [--versions N] [--seed N] [--follow yes|no] [--home DIR]";

/// Images a page: what the site gives at most.
const PAGE: u64 = 200;

/// Models a page: what the site gives at most.
const MODEL_PAGE: usize = 100;

/// Where memory is measured, in items asked for.
const MARKS: [u64; 6] = [10_000, 50_000, 100_000, 250_000, 500_000, 1_000_000];

/// The outside of the program: any cause will do, a person reads it.
type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

struct Settings {
    plan: Plan,
    /// Whether models are crawled before, and links and index follow.
    follows: bool,
    home: Option<PathBuf>,
}

/// All pages as they go over the wire.
struct Site {
    images: Vec<Vec<u8>>,
    models: Vec<Vec<u8>>,
    /// The process that is measured; 0 before there is one.
    crawler: AtomicU32,
    /// Images sent so far.
    sent: AtomicU64,
}

fn main() -> Outcome<()> {
    if std::env::args().skip(1).any(|argument| matches!(argument.as_str(), "-h" | "--help")) {
        writeln!(io::stdout(), "{USAGE}")?;
        return Ok(());
    }
    let settings = Settings::parse(std::env::args().skip(1))?;
    let started = Instant::now();
    let site = Arc::new(Site::draw(settings.plan)?);
    let bytes: usize = site.images.iter().map(Vec::len).sum();
    let pages = site.images.len();
    say(&format!(
        "{pages} pages, {bytes} bytes compressed, drawn in {:.1} s",
        started.elapsed().as_secs_f64()
    ))?;
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let base = format!("http://{}/api/v1", listener.local_addr()?);
    let serving = Arc::clone(&site);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let site = Arc::clone(&serving);
            std::thread::spawn(move || site.serve(stream));
        }
    });
    let temporary = tempfile::tempdir()?;
    let home = settings.home.clone().unwrap_or_else(|| temporary.path().to_owned());
    let crawl = |words: &[&str]| -> Outcome<(f64, f64)> {
        let program = std::env::current_exe()?;
        let program =
            program.parent().and_then(|folder| folder.parent()).ok_or("no folder above this program")?;
        let mut command = Command::new(program.join("stemmata"));
        command.args(words).args(["--api-base", &base, "--max-rps", "10000", "--home"]).arg(&home);
        let (began, cpu_before) = (Instant::now(), children_cpu_seconds());
        let mut child = command.stdin(Stdio::null()).spawn()?;
        site.crawler.store(child.id(), Ordering::Relaxed);
        let status = child.wait()?;
        let seconds = began.elapsed().as_secs_f64();
        let cpu_seconds = children_cpu_seconds() - cpu_before;
        if status.success() {
            Ok((seconds, cpu_seconds))
        } else {
            Err(format!("the crawl ended with {status}").into())
        }
    };
    if settings.follows {
        crawl(&["crawl", "models", "--progress", "none"])?;
    }
    let alone: &[&str] = if settings.follows { &[] } else { &["--no-link", "--no-index"] };
    let words: Vec<&str> = ["crawl", "images", "--progress", "none"].iter().chain(alone).copied().collect();
    let (seconds, cpu_seconds) = crawl(&words)?;
    let sent = site.sent.load(Ordering::Relaxed);
    if sent < settings.plan.images {
        return Err(format!("only {sent} images were asked for").into());
    }
    let what = if settings.follows { "crawled, linked and indexed" } else { "crawled and committed" };
    let rate = sent as f64 / seconds;
    say(&format!("{sent} images {what} in {seconds:.1} s and {cpu_seconds:.1} CPU s: {rate:.0} items/s"))
}

fn say(text: &str) -> Outcome<()> {
    Ok(writeln!(io::stdout(), "{text}")?)
}

impl Settings {
    fn parse(mut arguments: impl Iterator<Item = String>) -> Outcome<Self> {
        let plan = Plan { images: 100_000, versions: 20_000, seed: 1 };
        let mut settings = Self { plan, follows: false, home: None };
        while let Some(name) = arguments.next() {
            let value = arguments.next().ok_or(USAGE)?;
            match name.as_str() {
                "--images" => settings.plan.images = value.parse()?,
                "--versions" => settings.plan.versions = value.parse()?,
                "--seed" => settings.plan.seed = value.parse()?,
                "--follow" => settings.follows = value == "yes",
                "--home" => settings.home = Some(value.into()),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(settings)
    }
}

impl Site {
    fn draw(plan: Plan) -> Outcome<Self> {
        let records = Records::new(plan);
        let images = (0..plan.images.div_ceil(PAGE))
            .into_par_iter()
            .map(|page| {
                let range = page * PAGE..((page + 1) * PAGE).min(plan.images);
                let is_last = range.end >= plan.images;
                let items = records.images(range.clone())?;
                compressed(&items, (!is_last).then_some(range.end))
            })
            .collect::<Outcome<_>>()?;
        let models = records.models()?;
        let lines: Vec<&[u8]> = models.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let chunks: Vec<&[&[u8]]> = lines.chunks(MODEL_PAGE).collect();
        let models = (1..)
            .zip(&chunks)
            .map(|(next, chunk)| {
                compressed(&chunk.join(&b'\n'), (next < chunks.len() as u64).then_some(next))
            })
            .collect::<Outcome<_>>()?;
        Ok(Self { images, models, crawler: AtomicU32::new(0), sent: AtomicU64::new(0) })
    }

    /// Answers the requests of one connection until it is closed.
    fn serve(&self, stream: TcpStream) {
        // Head and body go in one piece each; the second must not wait until the first is acknowledged.
        let Ok(reading) = stream.set_nodelay(true).and_then(|()| stream.try_clone()) else { return };
        let (mut reader, mut stream) = (BufReader::new(reading), stream);
        while let Some(target) = read_target(&mut reader) {
            let (path, query) = target.split_once('?').unwrap_or((&target, ""));
            let cursor = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "cursor");
            let offset =
                cursor.and_then(|(_, text)| text.split('|').next()?.parse::<u64>().ok()).unwrap_or(0);
            let is_images = path.ends_with("/images");
            let (pages, page) =
                if is_images { (&self.images, offset / PAGE) } else { (&self.models, offset) };
            let none = Vec::new();
            let body = usize::try_from(page).ok().and_then(|page| pages.get(page)).unwrap_or(&none);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            if stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).is_err() {
                return;
            }
            if is_images {
                self.count(offset);
            }
        }
    }

    fn count(&self, offset: u64) {
        let sent = (offset + PAGE).min(self.images.len() as u64 * PAGE);
        let before = self.sent.fetch_max(sent, Ordering::Relaxed);
        for mark in MARKS.into_iter().filter(|mark| before < *mark && *mark <= sent) {
            let memory = memory(self.crawler.load(Ordering::Relaxed)).unwrap_or_else(|| "unknown".to_owned());
            say(&format!("  at {mark} items: {memory}")).unwrap_or_default();
        }
    }
}

/// The target of the next request; `None` when the connection is over.
fn read_target(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let target = line.split(' ').nth(1)?.to_owned();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|bytes| *bytes > 0)?;
        if header == "\r\n" {
            return Some(target);
        }
    }
}

/// Lines of JSON as one page, compressed.
fn compressed(lines: &[u8], next: Option<u64>) -> Outcome<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(b"{\"items\":[")?;
    let mut separator: &[u8] = b"";
    for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        packer.write_all(separator)?;
        packer.write_all(line)?;
        separator = b",";
    }
    let cursor = next.map(|next| format!("\"nextCursor\":\"{next}|1754611200000\"")).unwrap_or_default();
    packer.write_all(format!("],\"metadata\":{{{cursor}}}}}").as_bytes())?;
    Ok(packer.finish()?)
}

/// Resident memory of a process, now and at most.
fn memory(process: u32) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let field = |name: &str| {
        let line = status.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
    };
    let [resident, own, most] = [field("VmRSS:")?, field("RssAnon:")?, field("VmHWM:")?];
    Some(format!("{resident} MiB resident, {own} MiB of them its own, {most} MiB at most"))
}

/// Computing time of all processes that this one has waited for; 0 where `/proc` does not say.
fn children_cpu_seconds() -> f64 {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name of the program comes before, in parentheses, and may hold anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: f64 = fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / TICKS_A_SECOND
}
