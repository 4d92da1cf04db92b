//! What goes wrong with one request.

use std::time::Duration;

use serde_json::{Value, json};

use super::Stop;
use super::quirks::Answering;
use super::wire::{Open, Reply, Request};

/// Longest that anything waits for the site to be dropped.
const FOR_EVER: Duration = Duration::from_secs(600);

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Nothing: the request is answered properly.
    None,
    /// This status with a JSON error.
    Status(u16),
    /// This status with a `Retry-After`.
    RetryAfter(u16, String),
    /// A web page with this status.
    Html(u16),
    /// What guards the site asks whether a person sits there, with this status.
    Challenge(u16),
    /// The region is blocked: 451 with its code.
    Region,
    /// A body shorter than its `Content-Length`.
    BrokenOff,
    /// A body in the middle of which the connection is reset.
    Reset,
    /// A body that comes a byte at a time, with this pause between.
    Trickle(Duration),
    /// A complete HTTP answer whose JSON ends in the middle.
    CutShort,
    /// JSON that is wrong in the middle and looks whole at its ends.
    Garbled,
    /// A proper document with bytes that are no UTF-8 in its first text.
    InvalidUtf8,
    /// A page whose items have numbers where texts belong, and the other way round.
    WrongTypes,
    /// No body.
    Empty,
    /// No items and no cursor, as when the site's database runs out of time.
    NoItems,
    /// No items, and the cursor of the page that should have come.
    NoItemsButCursor,
    /// A page whose cursor is this one.
    Cursor(&'static str),
    /// A page whose first item is null and whose second is a number.
    DamagedItems,
    /// No answer at all until the site is dropped.
    Hang,
    /// A redirect to this URL.
    Redirect(String),
    /// A body of this many bytes.
    Oversized(usize),
    /// A body that is said to be of this type.
    Body(&'static str, Vec<u8>),
    /// A body of this many bytes if more items are asked for than this.
    OversizedAbove(u64, usize),
}

impl Fault {
    /// Answers, or fails to.
    pub(super) fn befall(&self, site: &Answering<'_>, request: &Request, open: &mut Open, stop: &Stop) {
        match self {
            Self::Reset => open.write_half(&site.reply(request)),
            Self::Trickle(pause) => open.trickle(&site.reply(request), *pause, stop),
            Self::Hang => drop(stop.wait(FOR_EVER)),
            _ => open.write(&self.reply(site, request)),
        }
    }

    fn reply(&self, site: &Answering<'_>, request: &Request) -> Reply {
        let page = |change: &dyn Fn(&mut Value)| {
            let mut page = site.document(request).body;
            change(&mut page);
            Reply::json(200, &page)
        };
        match self {
            Self::None | Self::Reset | Self::Trickle(_) | Self::Hang => site.reply(request),
            Self::Status(status) => Reply::json(*status, &json!({ "error": { "message": "as scripted" } })),
            Self::RetryAfter(status, wait) => {
                Reply::json(*status, &json!({ "error": "slow down" })).with("Retry-After", wait)
            }
            Self::Html(status) => Reply::html(*status, "maintenance"),
            Self::Challenge(status) => Reply::html(*status, "Just a moment...")
                .with("Server", "cloudflare")
                .with("cf-mitigated", "challenge"),
            Self::Region => Reply::json(
                451,
                &json!({ "error": "Not available in your region", "code": "REGION_BLOCKED" }),
            ),
            Self::BrokenOff => Reply { missing_bytes: 100, ..site.reply(request) },
            Self::CutShort => cut_short(Reply::json(200, &site.document(request).body)),
            Self::Garbled => {
                Reply::text(200, "{\"items\": [{\"id\": 1}, oops {\"id\": 2}], \"metadata\": {}}")
            }
            Self::InvalidUtf8 => {
                let mut reply = page(&|_| ());
                let text = b"\"prompt\":\"";
                let place = reply.body.windows(text.len()).position(|window| window == text);
                let place = place.map_or(0, |place| place + text.len());
                reply.body.splice(place..place, [0xFF, 0xC3]);
                reply
            }
            Self::WrongTypes => page(&|page| items(page).for_each(twist)),
            Self::Empty => Reply::text(200, ""),
            Self::NoItems => Reply::json(200, &json!({ "items": [], "metadata": {} })),
            Self::NoItemsButCursor => page(&|page| page["items"] = json!([])),
            Self::Cursor(cursor) => page(&|page| page["metadata"]["nextCursor"] = json!(cursor)),
            Self::DamagedItems => page(&|page| {
                page["items"][0] = Value::Null;
                page["items"][1] = json!(7);
            }),
            Self::Redirect(to) => Reply::text(302, "").with("Location", to),
            Self::Oversized(bytes) => Reply::text(200, &" ".repeat(*bytes)),
            Self::Body(kind, bytes) => Reply { kind, ..Reply::bytes(200, bytes.clone()) },
            Self::OversizedAbove(limit, bytes) => {
                let asked = request.parameter("limit").and_then(|limit| limit.parse::<u64>().ok());
                if asked.is_some_and(|asked| asked > *limit) {
                    return Reply::text(200, &" ".repeat(*bytes));
                }
                site.reply(request)
            }
        }
    }
}

fn cut_short(mut reply: Reply) -> Reply {
    reply.body.truncate(reply.body.len() / 2);
    while matches!(reply.body.last(), Some(b'}' | b']')) {
        reply.body.pop();
    }
    reply
}

fn items(page: &mut Value) -> impl Iterator<Item = &mut Value> {
    page.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten()
}

/// Writes numbers as texts and texts as numbers, and puts lists where objects belong. The id stays readable.
fn twist(item: &mut Value) {
    item["id"] = json!(item["id"].to_string());
    item["width"] = json!("832");
    item["height"] = json!({ "value": 1216 });
    item["createdAt"] = json!(1_767_323_045);
    item["stats"] = json!([]);
    item["username"] = json!(7);
    item["modelVersionIds"] = json!({ "0": 11 });
    if item["meta"].is_object() {
        item["meta"]["steps"] = json!("20");
        item["meta"]["seed"] = json!("-1");
        item["meta"]["hashes"] = json!(["model"]);
        item["meta"]["resources"] = json!([null, 7, { "name": null, "weight": "NaN" }]);
    }
}
