//! Rows for tests, written one by one; each call is a generation of its own unless it says otherwise.

use std::path::Path;

use rusqlite::params;

use crate::catalog::{Access, Catalog};
use crate::entity::{
    HashKind, HexHash, ImageKey, Resource, ResourceKind, ResourceSources, VersionId, VersionRelation,
};

/// A catalog in memory.
pub(crate) struct Fixture {
    pub(crate) catalog: Catalog,
}

/// A version, by what linking looks at.
#[derive(Clone, Debug)]
pub(crate) struct SomeVersion {
    pub(crate) version: i64,
    pub(crate) model: Option<i64>,
    pub(crate) name: &'static str,
    pub(crate) state: &'static str,
    pub(crate) date_ms: Option<i64>,
}

/// A file, by what linking looks at.
#[derive(Clone, Debug)]
pub(crate) struct SomeFile {
    pub(crate) file: i64,
    pub(crate) version: i64,
    pub(crate) site_id: Option<i64>,
    pub(crate) name: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) primary: bool,
    pub(crate) former: bool,
}

/// An image, by what reports look at.
#[derive(Clone, Debug, Default)]
pub(crate) struct SomeImage {
    pub(crate) image: i64,
    pub(crate) media: i64,
    pub(crate) meta_state: i64,
    pub(crate) created_ms: Option<i64>,
    pub(crate) username: Option<&'static str>,
    pub(crate) sampler: Option<&'static str>,
    pub(crate) steps: Option<i64>,
    pub(crate) cfg: Option<f64>,
}

/// A resource that metadata wrote with a role, a name and a hash; empty text is absent.
pub(crate) fn text_resource(kind: ResourceKind, name: &str, hash: &str) -> Resource {
    let name = Some(name.to_owned()).filter(|name| !name.is_empty());
    Resource { kind, name, hash: HexHash::parse(hash), version: None, air: None }
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let catalog = Catalog::open(Path::new(":memory:"), Access::Write).expect("a new catalog opens");
        Self { catalog }
    }

    /// Begins a generation and returns its number.
    pub(crate) fn generation(&self) -> i64 {
        let next = self.catalog.generation().expect("generations can be read") + 1;
        self.run("INSERT INTO generations VALUES (?1, 0, 'import', 'test', 1)", params![next.cast_signed()]);
        next.cast_signed()
    }

    pub(crate) fn model(&self, model: i64, name: &str, kind: Option<&str>) {
        self.run(
            "INSERT INTO models (model, generation, name, kind) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (model)
             DO UPDATE SET generation = excluded.generation, name = excluded.name, kind = excluded.kind",
            params![model, self.generation(), name, kind],
        );
    }

    pub(crate) fn version(&self, version: &SomeVersion) {
        self.run(
            "INSERT INTO versions (version, generation, seen_at, model, name, state, published_at)
             VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6) ON CONFLICT (version) DO UPDATE SET
             generation = excluded.generation, seen_at = 0, model = excluded.model, name = excluded.name,
             state = excluded.state, published_at = excluded.published_at",
            params![
                version.version,
                self.generation(),
                version.model,
                version.name,
                version.state,
                version.date_ms
            ],
        );
        self.run("DELETE FROM version_names WHERE rowid = ?1", params![version.version]);
        self.run(
            "INSERT INTO version_names (rowid, name)
             SELECT version, coalesce(m.name, '') || ' ' || coalesce(v.name, '')
             FROM versions v LEFT JOIN models m ON m.model = v.model WHERE version = ?1",
            params![version.version],
        );
    }

    pub(crate) fn file(&self, file: &SomeFile) {
        self.run(
            "INSERT INTO files (file, version, site_id, name, kind, is_primary, former, generation)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (file) DO UPDATE SET name = excluded.name,
             kind = excluded.kind, is_primary = excluded.is_primary, former = excluded.former,
             generation = excluded.generation",
            params![
                file.file,
                file.version,
                file.site_id,
                file.name,
                file.kind,
                file.primary,
                file.former,
                self.generation()
            ],
        );
    }

    pub(crate) fn hash(&self, file: i64, kind: HashKind, digits: &str) {
        self.run(
            "INSERT INTO file_hashes (hash, kind, file) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
            params![digits, kind.code(), file],
        );
        self.run("UPDATE files SET generation = ?1 WHERE file = ?2", params![self.generation(), file]);
    }

    /// Writes a resource unless it is there, and returns its row number.
    pub(crate) fn resource(&self, resource: &Resource) -> i64 {
        let identity = format!("{resource:?}");
        let air = resource.air;
        self.run(
            "INSERT INTO resources (generation, identity, kind, name, hash, version, air_model, air_version)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (identity) DO NOTHING",
            params![
                self.generation(),
                identity.as_bytes(),
                resource.kind.code(),
                resource.name,
                resource.hash.as_ref().map(HexHash::as_str),
                resource.version.map(VersionId::as_i64),
                air.map(|air| air.model.as_i64()),
                air.and_then(|air| air.version).map(VersionId::as_i64),
            ],
        );
        self.catalog
            .connection
            .query_row("SELECT resource FROM resources WHERE identity = ?1", [identity.as_bytes()], |row| {
                row.get(0)
            })
            .expect("the resource was just written")
    }

    pub(crate) fn image(&self, image: &SomeImage) -> ImageKey {
        self.run(
            "INSERT INTO media (media, kind, identity) VALUES (?1, 2, CAST(?1 AS BLOB)) ON CONFLICT DO NOTHING",
            params![image.media],
        );
        self.run(
            "INSERT INTO images (image, generation, added, media, dialects, created_at, username, meta_state, sampler,
             steps, cfg) VALUES (?1, ?2, ?2, ?3, 2, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                image.image,
                self.generation(),
                image.media,
                image.created_ms,
                image.username,
                image.meta_state,
                image.sampler,
                image.steps,
                image.cfg
            ],
        );
        ImageKey::new(image.image).expect("the test uses ids other than zero")
    }

    pub(crate) fn uses(&self, image: i64, resource: i64, weight: Option<f64>, sources: ResourceSources) {
        self.run(
            "INSERT INTO image_resources VALUES (?1, ?2, ?3, ?4)",
            params![image, resource, weight, sources.bits()],
        );
    }

    pub(crate) fn posted(&self, image: i64, version: i64, relation: VersionRelation) {
        self.run(
            "INSERT INTO image_versions VALUES (?1, ?2, ?3, 0)",
            params![version, image, relation.code()],
        );
    }

    /// Runs one statement.
    pub(crate) fn run(&self, sql: &str, parameters: impl rusqlite::Params) {
        self.catalog.connection.execute(sql, parameters).expect("the statement of a test works");
    }
}
