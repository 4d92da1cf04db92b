//! Model files that a scan has found: headers read, and weights hashed where that was asked for.
//!
//! - In: a catalog that knows the files. Out: their facts, a transaction each, so that a run can be stopped anywhere.
//! - Hashes are kept by size, time and a sample of the bytes: a file that moved is not hashed again.
//! - Never: the weights of a file unless hashing was asked for; a pickle opened.

use std::fs::File;
use std::io::{self, BufReader, Seek, SeekFrom};

use super::report::ScanFailure;
use super::{ScanError, ScanReport, path};
use crate::catalog::{Catalog, DueModel, Hashing, LocalModelFacts};
use crate::crawl::model_hash::{ModelHashes, hash_model_file};
use crate::entity::{FileHash, HashKind};
use crate::parse::model_file::{self, HeaderTruth, ModelFormat, ModelHeader};
use crate::run::RunContext;

/// Reads every model file that is due; what it did and lost goes into `report`.
pub(super) fn read_models(
    catalog: &mut Catalog,
    hashing: Hashing,
    run: &RunContext,
    report: &mut ScanReport,
) -> Result<(), ScanError> {
    let due = catalog.due_models(hashing)?;
    if due.is_empty() {
        return Ok(());
    }
    let bytes = (hashing == Hashing::On).then(|| due.iter().map(|model| model.size_bytes).sum());
    run.progress.begin(if bytes.is_some() { "hash models (bytes)" } else { "models" }, bytes);
    for model in &due {
        if run.cancel.is_requested() {
            report.interrupted = true;
            break;
        }
        match facts(model, hashing, run) {
            Ok(Some(facts)) => {
                report.models_read += 1;
                report.models_hashed += u64::from(facts.truth.is_some());
                catalog.store_model_facts(model.file, &facts)?;
            }
            Ok(None) => {
                report.interrupted = true;
                break;
            }
            Err(error) => report.fail(ScanFailure::new(&model.path, error.to_string())),
        }
    }
    run.progress.end();
    Ok(())
}

/// What a file is; `None` when asked to stop in the middle of it.
fn facts(model: &DueModel, hashing: Hashing, run: &RunContext) -> io::Result<Option<LocalModelFacts>> {
    let mut file = BufReader::new(File::open(path::from_bytes(&model.path))?);
    let mut header = model_file::read(&mut file)?;
    let mut hashes = None;
    let mut truth = None;
    if hashing == Hashing::On {
        file.seek(SeekFrom::Start(0))?;
        let start = header.as_ref().filter(|header| header.format == ModelFormat::Safetensors);
        let start = start.and_then(|header| header.data_start);
        let Some(found) = hash_model_file(file.get_mut(), start, run)? else { return Ok(None) };
        truth = Some(truth_of(header.as_mut(), &found));
        hashes = Some(found);
    }
    Ok(Some(assembled(header, hashes.as_ref(), truth)))
}

fn truth_of(header: Option<&mut ModelHeader>, hashes: &ModelHashes) -> HeaderTruth {
    match (header, hashes.tensor_hash()) {
        (Some(header), Some(tensors)) => header.check(&tensors),
        _ => HeaderTruth::Unclaimed,
    }
}

fn assembled(
    header: Option<ModelHeader>,
    hashes: Option<&ModelHashes>,
    truth: Option<HeaderTruth>,
) -> LocalModelFacts {
    let truth = truth.map(|truth| truth.as_str().to_owned());
    let hashes = hashes.map(whole_hashes).unwrap_or_default();
    LocalModelFacts { truth, hashes, ..header.map(model_facts).unwrap_or_default() }
}

/// What the catalog keeps of a header.
pub fn model_facts(header: ModelHeader) -> LocalModelFacts {
    LocalModelFacts {
        format: Some(header.format.as_str().to_owned()),
        kind: Some(header.kind),
        architecture: header.architecture,
        title: header.title,
        author: header.author,
        tensors: header.tensors,
        header: header.metadata.into_iter().collect(),
        ancestry: header.ancestry,
        ..LocalModelFacts::default()
    }
}

/// The hashes in full: generators write the hash of the tensors with 12 digits or with 64.
fn whole_hashes(hashes: &ModelHashes) -> Vec<FileHash> {
    let tensors = hashes.tensor_hash();
    hashes
        .as_file_hashes()
        .into_iter()
        .map(|hash| match &tensors {
            Some(whole) if hash.kind == HashKind::AutoV3 => FileHash { value: whole.clone(), ..hash },
            _ => hash,
        })
        .collect()
}
