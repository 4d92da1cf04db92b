//! Tantivy as it comes, with the same texts and columns; on demand with all that our index holds.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::Path;

use stemmata_index::{Document, NameKind};
use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, PhraseQuery, Query, RegexQuery, TermQuery};
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
};
use tantivy::{Index, IndexWriter, Order, Searcher, TantivyDocument, Term};

use crate::engines::{Build, Engine, Kind, Question};
use crate::{Outcome, Settings};

#[derive(Clone)]
struct Fields {
    prompt: Field,
    negative: Field,
    names: Field,
    words: [Field; 6],
    numbers: [Field; 11],
    seed: Field,
    cfg: Field,
    created: Field,
    resource: Field,
    weight: Field,
    posted_for: Field,
    rest: Option<Rest>,
    schema: Schema,
}

/// What our index holds besides: chunks, digest, hash of the prompt, words for what there is, four more columns.
#[derive(Clone)]
struct Rest {
    chunks: [Field; 2],
    has: Field,
    scheduler: Field,
    denoise: Field,
    numbers: [Field; 4],
}

impl Rest {
    fn new(builder: &mut SchemaBuilder) -> Self {
        Self {
            chunks: ["chunk", "negative_chunk"].map(|name| builder.add_text_field(name, FAST)),
            has: builder.add_text_field("has", STRING),
            scheduler: builder.add_text_field("scheduler", STRING | FAST),
            denoise: builder.add_f64_field("denoise", FAST),
            numbers: ["digest", "prompt_hash", "model", "post"].map(|name| builder.add_u64_field(name, FAST)),
        }
    }

    fn add(&self, entry: &mut TantivyDocument, document: &Document) {
        for (field, text) in self.chunks.iter().zip([&document.prompt, &document.negative]) {
            let Some(text) = text else { continue };
            stemmata_index::chunks(text).for_each(|chunk| entry.add_text(*field, chunk));
        }
        let has = [
            ("prompt", document.prompt.is_some()),
            ("negative", document.negative.is_some()),
            ("model", document.names.iter().any(|(kind, _)| *kind == NameKind::Model)),
            ("lora", document.names.iter().any(|(kind, _)| *kind == NameKind::Lora)),
            ("resource", !document.resources.is_empty()),
            ("meta", document.steps.is_some()),
            ("portrait", document.height > document.width),
        ];
        has.iter().filter(|(_, has)| *has).for_each(|(word, _)| entry.add_text(self.has, word));
        document.scheduler.iter().for_each(|scheduler| entry.add_text(self.scheduler, scheduler));
        document.denoise.iter().for_each(|denoise| entry.add_f64(self.denoise, *denoise));
        let mut hasher = DefaultHasher::new();
        document.prompt.hash(&mut hasher);
        let numbers =
            [Some(document.digest().into()), Some(hasher.finish() >> 16), document.model, document.post];
        for (field, number) in self.numbers.iter().zip(numbers) {
            number.iter().for_each(|number| entry.add_u64(*field, *number));
        }
    }
}

impl Fields {
    fn new(all: bool) -> Self {
        let mut builder = Schema::builder();
        let text = || {
            TextOptions::default().set_indexing_options(
                TextFieldIndexing::default()
                    .set_tokenizer("default")
                    .set_index_option(IndexRecordOption::WithFreqsAndPositions),
            )
        };
        Self {
            prompt: builder.add_text_field("prompt", text()),
            negative: builder.add_text_field("negative", text()),
            names: builder.add_text_field("names", text()),
            words: ["sampler", "base", "user", "tool", "type", "source"]
                .map(|name| builder.add_text_field(name, STRING | FAST)),
            numbers: [
                "key",
                "image",
                "media",
                "width",
                "height",
                "steps",
                "clip_skip",
                "nsfw",
                "likes",
                "reactions",
                "comments",
            ]
            .map(|name| {
                if name == "key" {
                    builder.add_u64_field(name, FAST | INDEXED)
                } else {
                    builder.add_u64_field(name, FAST)
                }
            }),
            seed: builder.add_i64_field("seed", FAST),
            cfg: builder.add_f64_field("cfg", FAST),
            created: builder.add_i64_field("created", FAST),
            resource: builder.add_u64_field("resource", FAST | INDEXED),
            weight: builder.add_f64_field("weight", FAST),
            posted_for: builder.add_u64_field("posted_for", FAST | INDEXED),
            rest: all.then(|| Rest::new(&mut builder)),
            schema: builder.build(),
        }
    }
}

/// Takes records.
pub(crate) struct Bare {
    writer: IndexWriter,
    index: Index,
    fields: Fields,
}

impl Bare {
    pub(crate) fn new(dir: &Path, settings: &Settings, all: bool) -> Outcome<Self> {
        let fields = Fields::new(all);
        let index = Index::create_in_dir(dir, fields.schema.clone())?;
        let writer = index.writer_with_num_threads(settings.threads, settings.memory_mib << 20)?;
        Ok(Self { writer, index, fields })
    }
}

impl Build for Bare {
    fn take(&mut self, documents: &[Document]) -> Outcome<()> {
        let fields = &self.fields;
        for document in documents {
            let mut entry = TantivyDocument::new();
            for (field, text) in [(fields.prompt, &document.prompt), (fields.negative, &document.negative)] {
                text.iter().for_each(|text| entry.add_text(field, text));
            }
            document.names.iter().for_each(|(_, name)| entry.add_text(fields.names, name));
            let words = [
                &document.sampler,
                &document.base_model,
                &document.username,
                &document.tool,
                &document.media_type,
                &document.source,
            ];
            for (field, word) in fields.words.iter().zip(words) {
                word.iter().for_each(|word| entry.add_text(*field, word));
            }
            let numbers = [
                Some(document.key.cast_unsigned()),
                document.image,
                document.media,
                document.width,
                document.height,
                document.steps,
                document.clip_skip,
                document.nsfw_bits,
                document.likes,
                document.reactions,
                document.comments,
            ];
            for (field, number) in fields.numbers.iter().zip(numbers) {
                number.iter().for_each(|number| entry.add_u64(*field, *number));
            }
            document.seed.iter().for_each(|seed| entry.add_i64(fields.seed, *seed));
            document.cfg.iter().for_each(|cfg| entry.add_f64(fields.cfg, *cfg));
            document.created_ms.iter().for_each(|created| entry.add_i64(fields.created, *created));
            for used in &document.resources {
                entry.add_u64(fields.resource, used.id);
                entry.add_f64(fields.weight, used.weight.unwrap_or(f64::MAX));
            }
            document.posted_for.iter().for_each(|version| entry.add_u64(fields.posted_for, *version));
            fields.rest.iter().for_each(|rest| rest.add(&mut entry, document));
            self.writer.add_document(entry)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, out: &mut dyn Write) -> Outcome<Box<dyn Engine>> {
        self.writer.commit()?;
        self.writer.wait_merging_threads()?;
        let searcher = self.index.reader()?.searcher();
        writeln!(out, "tantivy: {} segments", searcher.segment_readers().len())?;
        Ok(Box::new(Asked { searcher, fields: self.fields }))
    }
}

/// Answers questions.
struct Asked {
    searcher: Searcher,
    fields: Fields,
}

impl Asked {
    fn query(&self, question: &Question) -> Outcome<Box<dyn Query>> {
        let prompt = self.fields.prompt;
        let term = |word: &String| -> Box<dyn Query> {
            Box::new(TermQuery::new(Term::from_field_text(prompt, word), IndexRecordOption::WithFreqs))
        };
        Ok(match question.kind {
            Kind::Phrase | Kind::PhraseTotal => Box::new(PhraseQuery::new(
                question.words.iter().map(|word| Term::from_field_text(prompt, word)).collect(),
            )),
            Kind::Prefix => Box::new(RegexQuery::from_pattern(&format!("{}.*", question.words[0]), prompt)?),
            _ => {
                let mut parts: Vec<(Occur, Box<dyn Query>)> =
                    question.words.iter().map(|word| (Occur::Must, term(word))).collect();
                if question.kind == Kind::Filter {
                    let sampler = Term::from_field_text(self.fields.words[0], &question.sampler);
                    let sampler = TermQuery::new(sampler, IndexRecordOption::Basic);
                    parts.push((Occur::Must, Box::new(ConstScoreQuery::new(Box::new(sampler), 0.0))));
                }
                if parts.len() == 1 { parts.remove(0).1 } else { Box::new(BooleanQuery::new(parts)) }
            }
        })
    }
}

impl Engine for Asked {
    fn ask(&mut self, question: &Question) -> Outcome<u64> {
        let query = self.query(question)?;
        let top = || TopDocs::with_limit(20);
        Ok(match question.kind {
            Kind::Count => self.searcher.search(&query, &Count)? as u64,
            Kind::PhraseTotal => self.searcher.search(&query, &(Count, top().order_by_score()))?.0 as u64,
            Kind::Newest => {
                self.searcher.search(&query, &top().order_by_fast_field::<i64>("created", Order::Desc))?.len()
                    as u64
            }
            Kind::Likes => {
                self.searcher.search(&query, &top().order_by_fast_field::<u64>("likes", Order::Desc))?.len()
                    as u64
            }
            _ => self.searcher.search(&query, &top().order_by_score())?.len() as u64,
        })
    }

    fn total(&mut self, question: &Question) -> Outcome<Option<u64>> {
        Ok(Some(self.searcher.search(&self.query(question)?, &Count)? as u64))
    }
}
