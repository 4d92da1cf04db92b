//! Many picture files in, their descriptions out, in the order of the input.
//!
//! - In: paths, as many as there are; they are asked for a few hundred at a time.
//! - Out: each with its description or the reason why it has none.
//! - Never: an end because of one bad file, an order that depends on threads.
//!
//! Memory: a thread holds one file and what its decoder needs, and of pictures that must be decoded whole only one
//! large one is open at a time.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::{Described, PictureError, PictureLimits, of_file};
use crate::run::{Counted, RunContext};

/// Paths that are taken from the input at once. Enough that threads seldom wait for the last of them.
const AT_ONCE: usize = 512;

/// Describes the pictures in these files, on all threads; returns how many were done.
///
/// `take` gets each path with its result, in input order, on the calling thread. A cancelled run is a shorter answer:
/// it ends before the first file that was not begun.
pub fn describe_all(
    paths: impl IntoIterator<Item = PathBuf>,
    limits: &PictureLimits,
    run: &RunContext,
    mut take: impl FnMut(&Path, Result<Described, PictureError>),
) -> u64 {
    let mut paths = paths.into_iter();
    let total = Some(paths.size_hint()).filter(|(least, most)| Some(*least) == *most);
    run.progress.begin("fingerprint", total.map(|(count, _)| count as u64));
    let mut done = 0;
    loop {
        let some: Vec<PathBuf> = paths.by_ref().take(AT_ONCE).collect();
        let results: Vec<_> = some.par_iter().map(|path| describe(path, limits, run)).collect();
        let described = some.iter().zip(results).map_while(|(path, result)| Some((path, result?)));
        let before = done;
        for (path, result) in described {
            take(path, result);
            done += 1;
        }
        if some.is_empty() || done - before < some.len() as u64 {
            break;
        }
    }
    run.progress.end();
    done
}

/// One file; `None` once somebody asked to stop.
fn describe(
    path: &Path,
    limits: &PictureLimits,
    run: &RunContext,
) -> Option<Result<Described, PictureError>> {
    if run.cancel.is_requested() {
        return None;
    }
    let result = of_file(path, limits);
    if result.is_err() {
        run.progress.count(Counted::Failure, 1);
    }
    run.progress.advance(1);
    Some(result)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Twenty pictures of different widths, every fifth file damaged.
    fn folder() -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let paths: Vec<PathBuf> = (0..20).map(|number| folder.path().join(format!("{number}.png"))).collect();
        for (number, path) in (1..).zip(&paths) {
            let picture = image::RgbImage::from_fn(number, 9, |x, y| image::Rgb([(x * y) as u8; 3]));
            if number % 5 == 0 {
                fs::write(path, b"\x89PNG\r\n\x1a\n")
            } else {
                picture.save(path).map_err(std::io::Error::other)
            }
            .unwrap();
        }
        (folder, paths)
    }

    #[test]
    fn results_come_in_input_order_and_a_bad_file_costs_itself() {
        let (_folder, paths) = folder();
        let (mut widths, mut failed, mut seen) = (Vec::new(), 0, Vec::new());
        let done =
            describe_all(paths.clone(), &PictureLimits::default(), &RunContext::quiet(), |path, result| {
                seen.push(path.to_owned());
                match result {
                    Ok(described) => widths.push(described.fingerprint.width),
                    Err(_) => failed += 1,
                }
            });
        assert_eq!((done, failed, &seen), (20, 4, &paths));
        assert_eq!(widths, (1..=20).filter(|number| number % 5 != 0).collect::<Vec<u32>>());
    }

    #[test]
    fn a_cancelled_run_is_a_shorter_answer() {
        let (_folder, paths) = folder();
        let run = RunContext::quiet();
        let cancel = run.cancel.clone();
        let endless = paths.into_iter().cycle().inspect(move |path| {
            if path.ends_with("19.png") {
                cancel.request();
            }
        });
        let mut told = 0;
        let done = describe_all(endless, &PictureLimits::default(), &run, |_, _| told += 1);
        assert_eq!((done, told), (0, 0));
    }
}
