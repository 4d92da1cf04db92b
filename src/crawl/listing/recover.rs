//! What a walk asks for beside its pages: items lost between them, and the head of the listing without its filter.

use crate::catalog::Catalog;
use crate::entity::{Item, ModelId};
use crate::fetch::{Body, FetchError};
use crate::source::civitai::{ItemKind, MetaRequest, Opened, open};

use super::{Failure, Run};
use crate::crawl::document::readable;
use crate::crawl::page::{Expected, read_page};
use crate::crawl::plan::{ImageFilter, Listing, ModelFilter};
use crate::crawl::report::Anomaly;
use crate::crawl::sight::{Sight, number};

/// Items from which on two heads that share nine in ten are no accident.
const TELLING_ITEMS: usize = 5;

/// Items asked for to compare heads.
const HEAD_ITEMS: u32 = 20;

impl Run<'_> {
    /// Asks for models that the pages lost, by their numbers, and commits them.
    pub(super) async fn recover(&mut self, catalog: &mut Catalog, owed: &[u64]) -> Result<(), Failure> {
        let Listing::Models(filter) = self.listing else { return Ok(()) };
        let ids = owed.iter().filter_map(|id| ModelId::new(*id)).collect();
        let listing = Listing::Models(ModelFilter { ids, nsfw: filter.nsfw, ..ModelFilter::default() });
        let text = match self.beside(&listing, listing.max_page_limit()).await {
            Ok(text) => text,
            Err(FetchError::Rejected { .. } | FetchError::NotFound { .. }) => {
                return self.give_up(catalog, owed);
            }
            Err(error) => return Err(Failure::Fetch(error)),
        };
        let opened = open(&text).map_err(Failure::Document)?;
        let failed_before = self.tally.failed_items;
        let mut page = read_page(&opened, self.expected(ItemKind::Model), &mut self.tally)?;
        let failed = self.tally.failed_items - failed_before;
        page.records
            .retain(|record| matches!(&record.item, Item::Model(model, _) if owed.contains(&model.id.get())));
        let mut came: Vec<u64> = page.records.iter().map(|record| number(&record.item)).collect();
        came.sort_unstable();
        came.dedup();
        let items = came.len() as u64;
        let turn = self.walk.recovered(owed, Some(&came), failed, self.context.clock.now());
        self.commit(catalog, page.raw, page.records, Some(turn.page))?;
        self.context.progress.advance(items);
        Ok(())
    }

    /// Leaves what the site refuses to give; a second walk may bring it.
    fn give_up(&mut self, catalog: &mut Catalog, owed: &[u64]) -> Result<(), Failure> {
        let turn = self.walk.recovered(owed, None, 0, self.context.clock.now());
        turn.notes.iter().for_each(|note| self.tally.note(*note));
        self.commit(catalog, crate::catalog::RawBlock::pack(&[])?, Vec::new(), Some(turn.page))
    }

    /// Notes when a listing whose items cannot contradict its filter begins as the one without it.
    pub(super) async fn compare_heads(&mut self) -> Result<(), Failure> {
        let Listing::Images(filter) = self.listing else { return Ok(()) };
        if (filter.model.is_none() && filter.version.is_none()) || self.walk.row.pages > 0 {
            return Ok(());
        }
        let without = Listing::Images(ImageFilter { model: None, version: None, ..filter.clone() });
        let filtered = self.head(self.listing).await?;
        let unfiltered = self.head(&without).await?;
        // New items may be posted between the two requests.
        let shared = filtered.iter().filter(|id| unfiltered.contains(id)).count();
        if filtered.len() >= TELLING_ITEMS && shared * 10 >= filtered.len() * 9 {
            self.note(Anomaly::HeadUnfiltered);
        }
        Ok(())
    }

    /// The first items of a listing, which are not stored.
    async fn head(&self, listing: &Listing) -> Result<Vec<u64>, Failure> {
        let text = self.beside(listing, HEAD_ITEMS).await.map_err(Failure::Fetch)?;
        let opened: Opened<'_> = open(&text).map_err(Failure::Document)?;
        let mut unused = crate::crawl::Tally::default();
        let page = read_page(&opened, self.expected(ItemKind::Image), &mut unused)?;
        Ok(page.records.iter().map(|record| Sight::of(record, listing).id).collect())
    }

    async fn beside(&self, listing: &Listing, limit: u32) -> Result<String, FetchError> {
        let mut parameters = listing.parameters();
        parameters.push(("limit".to_owned(), limit.to_string()));
        let fetch = async || -> Result<Body, FetchError> {
            self.client.get(listing.path(), &parameters, self.context).await
        };
        readable(fetch().await, fetch).await.text
    }

    fn expected(&self, kind: ItemKind) -> Expected {
        Expected {
            kind,
            meta_request: MetaRequest::NotAsked,
            returned_for: None,
            dialect: None,
            page: self.walk.row.pages,
            skip: 0,
            take: usize::MAX,
            versions: self.listing.version_list(),
        }
    }
}
