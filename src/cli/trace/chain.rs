//! From a target that names an image of the catalog to its trace, with what flags add to it.

use std::ffi::OsStr;
use std::path::Path;

use stemmata::catalog::Catalog;
use stemmata::crawl::scan::record;
use stemmata::entity::{ImageKey, ImageName, MetaState};
use stemmata::link::{self, ImageRef, Trace, TraceOther, Via};
use stemmata::parse::{self, Limits};

use super::{Tracing, said};
use crate::cli::args::CompatChoice;
use crate::cli::failure::Failure;
use crate::cli::target::{self, Found};

/// Other images told of one target.
const MOST_OTHERS: usize = 5;

impl Tracing<'_> {
    /// Traces a target that is no file on disk.
    pub(super) fn of_catalog(&mut self, target: &OsStr) -> Result<Trace, Failure> {
        let name = target.to_string_lossy();
        let found = match target.to_str() {
            Some(text) => target::image(self.catalog, text)?,
            // Only a path can have such a name.
            None => self.by_path(Path::new(target))?.ok_or_else(|| target::unknown(&name))?,
        };
        let mut trace = self.of_image(&name, found, None)?;
        if found.via == Via::SameBytes {
            trace.others = others(self.catalog, found.key)?;
        }
        Ok(trace)
    }

    /// Traces an image of the catalog.
    pub(super) fn of_image(
        &mut self,
        target: &str,
        found: Found,
        distance: Option<f64>,
    ) -> Result<Trace, Failure> {
        let mut trace = self.tracer.image(target, found.key, found.via, distance)?;
        if let Some(CompatChoice::Civitai) = self.compat {
            trace.compat = Some(link::compat::compat(self.catalog, found.key, &trace.verdicts)?);
        }
        if self.why {
            self.explain(&mut trace, found.key)?;
        }
        Ok(trace)
    }

    /// Says where the raw record of an image says what. What an owner withdrew is not read again.
    fn explain(&self, trace: &mut Trace, key: ImageKey) -> Result<(), Failure> {
        let raw = if trace.state == MetaState::Hidden { None } else { self.catalog.raw_of(key)? };
        let Some(raw) = raw else {
            trace.explain(|_, _| Vec::new());
            return Ok(());
        };
        if let Some(found) = record::read(&raw) {
            let parsed = parse::interpret(found, &Limits::default());
            trace.explain(|_, resource| said::in_file(&parsed, resource));
        } else {
            let mut said = link::said_in_document(&raw, key, &trace.resources);
            trace.explain(|position, _| said.get_mut(position).map(std::mem::take).unwrap_or_default());
        }
        Ok(())
    }

    /// The image of the catalog that a path names, byte by byte.
    pub(super) fn by_path(&self, path: &Path) -> Result<Option<Found>, Failure> {
        let absolute = path.canonicalize().or_else(|_| std::path::absolute(path));
        for path in absolute.iter().map(|path| path.as_path()).chain([path]) {
            let name = ImageName::Path(path.as_os_str().as_encoded_bytes().to_vec());
            if let Some(key) = self.catalog.image_by_name(&name)? {
                return Ok(Some(Found { key, via: Via::Id }));
            }
        }
        Ok(None)
    }
}

/// The other images that show the bytes of an image, by key.
fn others(catalog: &Catalog, key: ImageKey) -> Result<Vec<TraceOther>, Failure> {
    let Some(media) = catalog.media_of_image(key)? else { return Ok(Vec::new()) };
    let mut others = Vec::new();
    for other in catalog.images_of_media(media)?.into_iter().filter(|other| *other != key).take(MOST_OTHERS) {
        let name = catalog.image_name(other)?;
        others.extend(name.map(|name| TraceOther {
            image: ImageRef(name),
            via: Via::SameBytes,
            distance: None,
        }));
    }
    Ok(others)
}
