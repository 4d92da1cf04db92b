//! Tables of descent.

use std::collections::BTreeMap;

use crate::lineage::report::LineageReport;

use super::super::words::{node_kind, tie};
use super::{Cell, Column, Table, meaning};

pub(super) fn base_models(report: &LineageReport) -> Table {
    let rows = report.ancestry.base_models.iter().flat_map(|base| {
        base.versions.iter().map(|version| vec![Cell::text(&base.name), Cell::text(version.to_string())])
    });
    Table {
        key: "base_models",
        title: "Base models",
        meaning: "what each version works with, as its publisher says".to_owned(),
        columns: &[Column("base_model", "Base model"), Column("version", "Version")],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn shared_files(report: &LineageReport) -> Table {
    let shared = report.ancestry.same_files.iter().map(|file| ("same file", file));
    let vae = report.ancestry.linked_vae.iter().map(|file| ("VAE", file));
    let rows = shared.chain(vae).map(|(what, file)| {
        let other = [file.other_model_name.as_deref(), file.other_name.as_deref()];
        let other: Vec<&str> = other.into_iter().flatten().collect();
        vec![
            Cell::text(what),
            Cell::text(file.version.to_string()),
            Cell::maybe(file.file.as_deref()),
            Cell::text(file.other.to_string()),
            Cell::maybe((!other.is_empty()).then(|| other.join(" "))),
        ]
    });
    Table {
        key: "shared_files",
        title: "Files that others list too",
        meaning: "uploads of the same file under other versions, by its hash".to_owned(),
        columns: &[
            Column("what", "What"),
            Column("version", "Version"),
            Column("file", "File"),
            Column("other_version", "Other version"),
            Column("other_name", "Its name"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn nodes(report: &LineageReport) -> Table {
    let rows = report.ancestry.graph.nodes.iter().map(|node| {
        vec![
            Cell::text(&node.id),
            Cell::text(node_kind(node.kind)),
            Cell::text(&node.title),
            Cell::text(if node.known { "yes" } else { "only named by others" }),
            Cell::text(if node.in_scope { "yes" } else { "no" }),
        ]
    });
    Table {
        key: "family_nodes",
        title: "Relatives",
        meaning: "everything in the family tree; what only others name has no description of its own"
            .to_owned(),
        columns: &[
            Column("id", "Id"),
            Column("kind", "Kind"),
            Column("title", "Title"),
            Column("known", "Known"),
            Column("in_scope", "In scope"),
        ],
        rows: rows.collect(),
        left_out: report.ancestry.graph.truncated.nodes,
    }
}

pub(super) fn edges(report: &LineageReport) -> Table {
    let graph = &report.ancestry.graph;
    let titles: BTreeMap<&str, &str> =
        graph.nodes.iter().map(|node| (node.id.as_str(), node.title.as_str())).collect();
    let title = |id: &str| titles.get(id).copied().unwrap_or(id).to_owned();
    let rows = graph.edges.iter().map(|edge| {
        vec![
            Cell::text(&edge.from),
            Cell::text(title(&edge.from)),
            Cell::text(tie(edge.relation)),
            Cell::text(&edge.to),
            Cell::text(title(&edge.to)),
            Cell::text(edge.grounds()),
            Cell::maybe(edge.detail.as_deref()),
        ]
    });
    Table {
        key: "family_edges",
        title: "Relations",
        meaning: meaning(report, "ancestry"),
        columns: &[
            Column("from", "From"),
            Column("from_title", "Descendant"),
            Column("relation", "Relation"),
            Column("to", "To"),
            Column("to_title", "Ancestor"),
            Column("evidence", "Evidence"),
            Column("detail", "Detail"),
        ],
        rows: rows.collect(),
        left_out: 0,
    }
}

pub(super) fn remixes(report: &LineageReport) -> Table {
    let counted = report.ancestry.remixes.map(|remixes| {
        [
            ("images of the scope that were made from another image", remixes.made_from_others),
            ("of these, made from an image of the scope", remixes.made_from_own),
            ("images of the scope that others were made from", remixes.parents),
            ("images anywhere that were made from one of the scope", remixes.children),
        ]
    });
    let rows = counted.into_iter().flatten();
    Table {
        key: "remixes",
        title: "Images made from images",
        meaning: "what the site calls remixes".to_owned(),
        columns: &[Column("what", "What"), Column("images", "Images")],
        rows: rows.map(|(what, images)| vec![Cell::text(what), Cell::Count(images)]).collect(),
        left_out: 0,
    }
}
