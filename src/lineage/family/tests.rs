//! Family trees of a few files, by hand.

use super::*;
use crate::catalog::{Fixture, Hashing, LocalModelFacts, SomeFile, SomeVersion};
use crate::entity::{FileHash, HashKind, ParentEvidence};

/// A SHA-256 that begins with `digits`.
fn sha(digits: &str) -> HexHash {
    let rest = "0123456789abcdef".repeat(4);
    HexHash::parse(&format!("{digits}{}", &rest[digits.len()..])).expect("64 digits")
}

fn edge(descent: Descent, hash: Option<HexHash>, name: Option<&str>) -> AncestryEdge {
    AncestryEdge {
        descent,
        evidence: if hash.is_some() { ParentEvidence::Sha256 } else { ParentEvidence::Name },
        hash,
        name: name.map(str::to_owned),
        role: None,
        method: None,
        of: None,
        key: "a test".to_owned(),
    }
}

/// A version of a model of its own, with one file.
fn publish(fixture: &Fixture, version: i64, name: &'static str, hash: &HexHash) {
    fixture.model(version, name, Some("Checkpoint"));
    fixture.version(&SomeVersion {
        version,
        model: Some(version),
        name: "v1",
        state: "published",
        date_ms: Some(version),
    });
    fixture.file(&SomeFile {
        file: version,
        version,
        site_id: None,
        name: Some(name),
        kind: Some("Model"),
        primary: true,
        former: false,
    });
    fixture.hash(version, HashKind::Sha256, hash.as_str());
}

/// Model files in a folder, each with its hash and what it says that it descends from.
fn keep(fixture: &mut Fixture, files: &[(&str, HexHash, Vec<AncestryEdge>)]) {
    fixture.run("INSERT INTO roots (root, path, online) VALUES (1, CAST('/home/ann/models' AS BLOB), 1)", []);
    for (number, (name, ..)) in (1_i64..).zip(files) {
        fixture.run(
            "INSERT INTO local_files (file, root, path, size_bytes, modified_ns, device, inode, kind, state, sample,
                generation) VALUES (?1, 1, CAST(?2 AS BLOB), 10, 20, 0, 0, 3, 1, 5, 1)",
            rusqlite::params![number, name],
        );
    }
    let mut due = fixture.catalog.due_models(Hashing::Off).expect("readable");
    due.sort_by_key(|due| due.file);
    assert_eq!(due.len(), files.len());
    for (due, (_, hash, ancestry)) in due.iter().zip(files) {
        let facts = LocalModelFacts {
            hashes: vec![FileHash { kind: HashKind::Sha256, value: hash.clone() }],
            ancestry: ancestry.clone(),
            ..LocalModelFacts::default()
        };
        fixture.catalog.store_model_facts(due.file, &facts).expect("writable");
    }
}

fn graph_of(fixture: &Fixture, version: u64) -> FamilyGraph {
    let versions = [VersionId::new(version).expect("positive")];
    let (ancestry, _) = ancestry(&fixture.catalog, &versions, &[]).expect("readable");
    let graph = ancestry.graph;
    for edge in &graph.edges {
        for end in [&edge.from, &edge.to] {
            assert!(graph.nodes.iter().any(|node| node.id == *end), "{end} is no node");
        }
    }
    graph
}

fn told(graph: &FamilyGraph) -> String {
    let nodes = graph.nodes.iter().map(|node| {
        let known = if node.known { "" } else { ", unknown" };
        let own = if node.in_scope { ", of the scope" } else { "" };
        format!("{:?} {} {:?}{known}{own}", node.kind, node.id, node.title)
    });
    let edges = graph.edges.iter().map(|edge| {
        let detail = edge.detail.as_deref().map(|detail| format!(" [{detail}]")).unwrap_or_default();
        format!("{} -{:?}-> {} by {}{detail}", edge.from, edge.relation, edge.to, edge.evidence)
    });
    nodes.chain(edges).map(|line| line + "\n").collect()
}

/// A mix of a published base, of a file that nobody knows, which was made from an older one, and of a named LoRA; a
/// network on this machine was trained on it.
fn shop() -> Fixture {
    let mut fixture = Fixture::new();
    publish(&fixture, 1, "Base", &sha("aaaa1111"));
    publish(&fixture, 2, "Mix", &sha("bbbb2222"));
    fixture.run("UPDATE versions SET base_model = 'SDXL 1.0' WHERE version = 2", []);
    let method = Some("Weighted sum, multiplier 0.3".to_owned());
    let first = AncestryEdge {
        role: Some("A".to_owned()),
        method,
        ..edge(Descent::MergedFrom, Some(sha("aaaa1111")), Some("base"))
    };
    let second = edge(Descent::MergedFrom, Some(sha("cccc3333")), Some("secret sauce"));
    let older = AncestryEdge {
        of: Some(sha("cccc3333")),
        ..edge(Descent::MergedFrom, Some(sha("dddd4444")), Some("older sauce"))
    };
    let baked = edge(Descent::BakesLora, None, Some("detail"));
    let short = HexHash::parse(&sha("bbbb2222").as_str()[..10]).expect("ten digits");
    let trained = AncestryEdge {
        evidence: ParentEvidence::ShortHash,
        ..edge(Descent::TrainedOn, Some(short), Some("mix.safetensors"))
    };
    keep(
        &mut fixture,
        &[
            ("mix.safetensors", sha("bbbb2222"), vec![first, second, older, baked]),
            ("network.safetensors", sha("eeee5555"), vec![trained]),
        ],
    );
    fixture
}

#[test]
fn recipes_are_followed_and_unknown_parents_keep_their_names() {
    insta::assert_snapshot!("mix", told(&graph_of(&shop(), 2)));
}

#[test]
fn what_went_into_others_knows_its_children_and_theirs() {
    let graph = graph_of(&shop(), 1);
    let edges: Vec<(&str, &str)> =
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    let network = format!("file:{}", sha("eeee5555"));
    assert!(edges.contains(&("version:2", "version:1")), "{edges:?}");
    assert!(edges.contains(&(network.as_str(), "version:2")), "{edges:?}");
    let nodes = graph.nodes.iter().find(|node| node.id == network).expect("the network is a node");
    assert_eq!((nodes.title.as_str(), nodes.kind), ("network.safetensors", NodeKind::LocalFile));
    assert!(!told(&graph).contains("/home/ann"), "folders are not told");
}

#[test]
fn files_that_descend_from_each_other_end_where_they_began() {
    let mut fixture = Fixture::new();
    publish(&fixture, 1, "Egg", &sha("aaaa1111"));
    publish(&fixture, 2, "Hen", &sha("bbbb2222"));
    let from = |hash| vec![edge(Descent::DerivedFrom, Some(hash), None)];
    let itself = edge(Descent::DerivedFrom, Some(sha("aaaa1111")), None);
    let mut egg = from(sha("bbbb2222"));
    egg.push(itself);
    keep(&mut fixture, &[("egg", sha("aaaa1111"), egg), ("hen", sha("bbbb2222"), from(sha("aaaa1111")))]);
    let graph = graph_of(&fixture, 1);
    let edges: Vec<(&str, &str)> =
        graph.edges.iter().map(|edge| (edge.from.as_str(), edge.to.as_str())).collect();
    assert_eq!(edges, [("version:1", "version:2"), ("version:2", "version:1")]);
    assert_eq!((graph.truncated.at_depth, graph.truncated.nodes), (0, 0));
}

#[test]
fn a_long_line_of_ancestors_is_cut_and_told() {
    let mut fixture = Fixture::new();
    let hash = |number: u32| sha(&format!("{:08x}", 0xabc1_0000 + number));
    publish(&fixture, 1, "Youngest", &hash(0));
    let files: Vec<(String, HexHash, Vec<AncestryEdge>)> = (0..12)
        .map(|number| {
            let older = vec![edge(Descent::DerivedFrom, Some(hash(number + 1)), None)];
            (format!("file{number}"), hash(number), older)
        })
        .collect();
    let files: Vec<(&str, HexHash, Vec<AncestryEdge>)> =
        files.iter().map(|(name, hash, ancestry)| (name.as_str(), hash.clone(), ancestry.clone())).collect();
    keep(&mut fixture, &files);
    let graph = graph_of(&fixture, 1);
    assert_eq!(graph.edges.len(), 8);
    assert_eq!((graph.truncated.depth, graph.truncated.at_depth), (8, 1));
}

#[test]
fn a_crowd_of_parents_is_cut_and_told() {
    let mut fixture = Fixture::new();
    publish(&fixture, 1, "Everything", &sha("aaaa1111"));
    let parents = (0..600).map(|number| {
        edge(Descent::MergedFrom, Some(sha(&format!("{:08x}", 0xabc1_0000_u32 + number))), None)
    });
    keep(&mut fixture, &[("everything", sha("aaaa1111"), parents.collect())]);
    let graph = graph_of(&fixture, 1);
    assert_eq!((graph.nodes.len(), graph.truncated.nodes), (500, 101));
}

#[test]
fn images_made_from_images_are_counted_in_both_directions() {
    let fixture = Fixture::new();
    for (image, remix_of, meta_state) in
        [(1, None, 2), (2, Some(1), 2), (3, Some(9), 2), (4, Some(1), 2), (5, Some(1), 3), (6, Some(2), 2)]
    {
        fixture.image(&crate::catalog::SomeImage { image, media: image, meta_state, ..Default::default() });
        fixture.run("UPDATE images SET remix_of = ?1 WHERE image = ?2", rusqlite::params![remix_of, image]);
    }
    let found = ancestry(&fixture.catalog, &[], &[1, 2, 3]).expect("readable").0.remixes;
    // Image 5 hides what it was made from; 4 and 6 are not of the set.
    let expected = Remixes { made_from_others: 2, made_from_own: 1, children: 3, parents: 2 };
    assert_eq!(found, Some(expected));
}

/// Says which file has which name in one spelling, as linking does.
fn call(fixture: &Fixture, names: &[(i64, &str)]) {
    for (file, name) in names {
        fixture.catalog.set_name(Bearer::File, *file, Some(name)).expect("writable");
    }
    let generation = fixture.catalog.generation().expect("readable");
    fixture.catalog.set_names_generation(Some(generation)).expect("writable");
}

/// The edges from the mix of the shop to whatever its recipe calls `detail`.
fn baked_in(fixture: &Fixture) -> Vec<String> {
    let edges = graph_of(fixture, 2).edges;
    let baked = edges.into_iter().filter(|edge| edge.relation == Tie::BakesLora);
    baked.map(|edge| format!("{} by {}, {:?}", edge.to, edge.evidence, edge.detail)).collect()
}

#[test]
fn a_parent_without_a_hash_is_the_only_file_of_its_name_and_told_as_a_guess() {
    let fixture = shop();
    publish(&fixture, 7, "Detail.safetensors", &sha("77777777"));
    fixture.model(7, "Detail", Some("LORA"));
    assert_eq!(baked_in(&fixture), ["name:detail by name, None"], "no names are known yet");
    call(&fixture, &[(7, "detail"), (1, "base")]);
    assert_eq!(baked_in(&fixture), [r#"version:7 by guessed_by_name, Some("named \"detail\"")"#]);
    let graph = graph_of(&fixture, 2);
    let node = graph.nodes.iter().find(|node| node.id == "version:7").expect("a node");
    assert_eq!((node.known, node.title.as_str()), (true, "Detail v1"));
    assert!(!graph.nodes.iter().any(|node| node.id == "name:detail"));
}

#[test]
fn a_name_that_several_bear_or_something_else_bears_stays_a_name() {
    let unknown = ["name:detail by name, None"];
    let fixture = shop();
    publish(&fixture, 7, "Detail.safetensors", &sha("77777777"));
    call(&fixture, &[(7, "detail")]);
    assert_eq!(baked_in(&fixture), unknown, "a checkpoint is baked in by nobody");
    fixture.model(7, "Detail", Some("LORA"));
    publish(&fixture, 8, "detail.pt", &sha("88888888"));
    fixture.model(8, "Other detail", None);
    call(&fixture, &[(7, "detail"), (8, "detail")]);
    assert_eq!(baked_in(&fixture), unknown, "one of two, and nobody says which");
    call(&fixture, &[(8, "other")]);
    assert_eq!(baked_in(&fixture).len(), 1);
    assert!(baked_in(&fixture)[0].starts_with("version:7 "));
    fixture.generation();
    publish(&fixture, 9, "newer.pt", &sha("99999999"));
    assert_eq!(baked_in(&fixture), unknown, "a newer file may bear the name too");
}

#[test]
fn a_file_is_not_its_own_parent_because_it_is_called_like_it() {
    let mut fixture = Fixture::new();
    publish(&fixture, 1, "Mix", &sha("aaaa1111"));
    let parent = edge(Descent::MergedFrom, None, Some("mix.safetensors"));
    keep(&mut fixture, &[("mix.safetensors", sha("aaaa1111"), vec![parent])]);
    call(&fixture, &[(1, "mix")]);
    let edges = graph_of(&fixture, 1).edges;
    assert_eq!(edges.len(), 1);
    assert_eq!((edges[0].to.as_str(), edges[0].evidence.as_str()), ("name:mix.safetensors", "name"));
}
