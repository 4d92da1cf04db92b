//! `dupes`: groups of images that are copies, or look like copies.

mod calibrate;
mod row;
mod sheet;

use std::ops::ControlFlow;

use serde::Serialize;
use stemmata::catalog::Catalog;
use stemmata::link::copies::kin::{self, Kinship};
use stemmata::link::copies::{
    Evidence, Filter, Group, MatchClass, Member, Side, UnfitCounts, Verdict, each_group,
};
use stemmata::link::duplicates::{self, DuplicateCounts, DuplicateError};

use super::args::{DupesArgs, DupesWhat};
use super::asking::found_by;
use super::exit::Exit;
use super::failure::{Failure, Outcome};
use super::near;
use super::output::{Rows, SCHEMA, Supported};
use super::session::Session;
use super::summary::{counted, grouped};
pub(crate) use row::match_class;
use row::{GroupRow, link_class};
use sheet::Sheet;

/// Prints the groups.
pub(crate) fn run(arguments: &DupesArgs, session: &Session) -> Outcome {
    match &arguments.what {
        Some(DupesWhat::Calibrate(arguments)) => calibrate::run(arguments, session),
        None => list(arguments, session),
    }
}

fn list(arguments: &DupesArgs, session: &Session) -> Outcome {
    let sink = session.sink(Supported::Rows)?;
    let catalog = session.catalog()?;
    let filter = filter(arguments, &catalog, session)?;
    let most = usize::try_from(arguments.html_groups).unwrap_or(usize::MAX);
    let sheet = arguments.export_html.as_deref().map(|path| Sheet::new(path, most)).transpose()?;
    let mut told = Told { rows: sink.rows::<GroupRow>("groups"), sheet, catalog: &catalog };
    let threshold = arguments.threshold.unwrap_or(duplicates::DEFAULT_THRESHOLD);
    let mut summary = Summary { r#type: "summary", schema: SCHEMA, threshold, ..Summary::default() };
    match arguments.class.map(match_class) {
        Some(MatchClass::SameSettings) => {
            kin_groups(Kinship::SameSettings, &catalog, &filter, &mut told, &mut summary)?;
        }
        Some(MatchClass::OtherModel) => {
            kin_groups(Kinship::OtherModel, &catalog, &filter, &mut told, &mut summary)?;
        }
        Some(class @ MatchClass::LookAlike) => {
            return Err(Failure::usage(format!("`{}` makes no groups", class.as_str()))
                .hint("`stemmata similar TARGET --class look-alike` lists those of one picture"));
        }
        class => copies(threshold, class, &catalog, &filter, session, (&mut told, &mut summary))?,
    }
    let Told { rows, sheet, .. } = told;
    rows.finish(&summary)?;
    session.talk.note(&summary.text());
    if let Some(sheet) = sheet {
        session.talk.note(&sheet.finish(&summary.text())?);
    }
    if let Some(unseen) = near::unseen(&catalog)? {
        session.talk.note(&unseen);
    }
    let found = arguments.fail_on_found && summary.groups > 0;
    Ok(if found { Exit::Problems } else { Exit::Done })
}

/// Where groups go.
struct Told<'a> {
    rows: Rows<GroupRow>,
    sheet: Option<Sheet>,
    catalog: &'a Catalog,
}

impl Told<'_> {
    fn push(&mut self, group: &Group) -> Result<(), Failure> {
        if let Some(sheet) = &mut self.sheet {
            sheet.push(group, self.catalog)?;
        }
        self.rows.push(&GroupRow::from(group))
    }
}

fn copies(
    threshold: f32,
    class: Option<MatchClass>,
    catalog: &Catalog,
    filter: &Filter,
    session: &Session,
    (told, summary): (&mut Told<'_>, &mut Summary),
) -> Result<(), Failure> {
    let reader = near::reader(catalog);
    let is_usual = threshold == duplicates::DEFAULT_THRESHOLD;
    let run = session.reading();
    let found = if is_usual {
        near::up_to_date(session, catalog, &run)?
    } else {
        near::work_out(catalog, threshold, &run)?
    };
    summary.take(found.counts);
    let is_wanted = |group: &Group| match class {
        Some(MatchClass::Upscaled) => {
            group.members.iter().any(|member| member.verdict.class == MatchClass::Upscaled)
        }
        _ => true,
    };
    each_group(reader, &found.copies, filter, |group| -> Result<_, Failure> {
        if is_wanted(&group) {
            summary.groups += 1;
            summary.images += group.members.len() as u64;
            told.push(&group)?;
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// Groups of kin, which are no groups of copies.
fn kin_groups(
    which: Kinship,
    catalog: &Catalog,
    filter: &Filter,
    told: &mut Told<'_>,
    summary: &mut Summary,
) -> Result<(), Failure> {
    for keys in kin::groups(catalog, which)? {
        let mut members: Vec<Member> = Vec::new();
        for key in keys {
            let Some(media_id) = catalog.media_of_image(key)? else { continue };
            let (Some(image), Some(media)) = (catalog.image_name(key)?, catalog.media(media_id)?) else {
                continue;
            };
            let (agrees, differs) = match which {
                Kinship::SameSettings => (vec!["prompt", "settings"], vec!["seed"]),
                Kinship::OtherModel => (vec!["prompt", "seed"], vec!["model"]),
            };
            let evidence = Evidence { agrees, differs, ..Evidence::default() };
            members.push(Member {
                image,
                key,
                size: media.width.zip(media.height),
                media: media.identity,
                media_id,
                verdict: Verdict { class: which.class(), evidence },
                is_indirect: false,
            });
        }
        members.sort_by(|a, b| a.image.cmp(&b.image));
        let group = Group { class: which.class(), members };
        if group.members.len() > 1 && filter.takes(&group.members) {
            summary.groups += 1;
            summary.images += group.members.len() as u64;
            told.push(&group)?;
        }
    }
    Ok(())
}

fn filter(arguments: &DupesArgs, catalog: &Catalog, session: &Session) -> Result<Filter, Failure> {
    let class = arguments.class.and_then(|class| match_class(class).copy_class());
    let level = class.or(arguments.min_class.map(link_class));
    Ok(Filter {
        level: level.unwrap_or(Filter::default().level),
        only: class,
        across: arguments.across.as_deref().map(sides).transpose()?,
        with: arguments.query.as_deref().map(|query| found_by(query, catalog, session)).transpose()?,
    })
}

/// The two sides of `--across`.
fn sides(text: &str) -> Result<(Side, Side), Failure> {
    let (one, other) = text.split_once(',').ok_or_else(|| {
        Failure::usage(format!("`{text}` names no two sides"))
            .hint("such as `local,remote`, or a folder and `remote`")
    })?;
    Ok((side(one.trim())?, side(other.trim())?))
}

fn side(text: &str) -> Result<Side, Failure> {
    match text {
        "local" => Ok(Side::Local),
        "remote" => Ok(Side::Remote),
        folder => {
            let path = std::path::Path::new(folder).canonicalize().map_err(|_| {
                Failure::usage(format!("`{folder}` is no side of --across"))
                    .hint("a side is `local`, `remote`, or a folder that is there")
            })?;
            Ok(Side::Below(path.as_os_str().as_encoded_bytes().to_vec()))
        }
    }
}

#[derive(Default, Serialize)]
struct Summary {
    r#type: &'static str,
    schema: u32,
    groups: u64,
    images: u64,
    threshold: f32,
    compared: u64,
    compared_pixels: u64,
    flat: u64,
    pairs: u64,
    shortened: u64,
    kept_apart: u64,
    excluded: UnfitCounts,
}

impl Summary {
    fn take(&mut self, counts: DuplicateCounts) {
        self.compared = counts.by_blurhash;
        self.compared_pixels = counts.by_pixels;
        self.flat = counts.flat;
        self.pairs = counts.pairs;
        self.shortened = counts.shortened;
        self.kept_apart = counts.kept_apart;
        self.excluded = counts.unfit;
    }

    fn text(&self) -> String {
        let (groups, images) = (counted(self.groups, "groups"), counted(self.images, "images"));
        let mut text = format!("{groups} of {images}");
        if self.compared > 0 || self.compared_pixels > 0 {
            let (blurs, pixels) = (grouped(self.compared), grouped(self.compared_pixels));
            text.push_str(&format!(
                "; {pixels} media compared by pixels, {blurs} by BlurHash{}",
                near::unfit_text(&self.excluded)
            ));
        }
        if self.flat > 0 {
            text.push_str(&format!("; {} flat: only their bytes and pixels", grouped(self.flat)));
        }
        if self.shortened > 0 {
            text.push_str(&format!(
                "; {} of large sets with one look were compared with the first of their set only",
                grouped(self.shortened)
            ));
        }
        text
    }
}

impl From<DuplicateError> for Failure {
    fn from(error: DuplicateError) -> Self {
        match error {
            DuplicateError::Catalog(error) => error.into(),
            DuplicateError::TooManyPairs { .. } => {
                Self::of(Exit::General, "dupes.too_many_pairs", &error).hint("try a lower --threshold")
            }
            DuplicateError::Cancelled => Self::of(Exit::Interrupted, "interrupted", &error),
            _ => Self::of(Exit::General, "dupes.failed", &error),
        }
    }
}
