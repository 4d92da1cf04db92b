//! Exact search for near-equal pictures over 48 numbers each.
//!
//! - In: [`Entry`] values: an id, the picture's [`Aspect`], its [`Feature`].
//! - Out: every pair, or every neighbour of one query, whose features lie within a Euclidean distance and
//!   whose aspect ratios agree within [`ASPECT_TOLERANCE`]. Nothing is approximated: the answer is that of a
//!   comparison of all with all.
//! - Never: a catalog, files, the meaning of the numbers. Results do not depend on the order of the input or
//!   on the number of threads.
//!
//! ```
//! use stemmata_index::near::{Aspect, Entry, Feature, NearSet};
//!
//! let flat = Feature::new([0.0; 48]).ok_or("finite")?;
//! let mut tilted = [0.0; 48];
//! tilted[0] = 0.1;
//! let tilted = Feature::new(tilted).ok_or("finite")?;
//! let shape = Aspect::of(512, 768);
//! let set = NearSet::build(vec![
//!     Entry { id: 7, aspect: shape, feature: flat.clone() },
//!     Entry { id: 8, aspect: shape, feature: tilted },
//! ]);
//! let ids: Vec<u64> = set.within(&flat, shape, 0.3).iter().map(|hit| hit.id).collect();
//! assert_eq!(ids, [7, 8]);
//! assert_eq!(set.all_pairs(0.05), []);
//! # Ok::<(), &str>(())
//! ```

mod block;
pub mod blur;
pub mod codes;
mod copies;
mod feature;
mod set;
pub mod store;
#[cfg(test)]
mod tests;
mod tree;

pub use copies::{Copies, CopyClass, CopyGroup};
pub use feature::{ASPECT_TOLERANCE, Aspect, DIMENSIONS, Feature, LARGEST_VALUE};
pub use set::{Entry, Found, Hit, NearSet, Pair};
