//! The verifiable roulette: who is drawn for what, by seeds that nobody chooses (white paper, *Verifiable Roulette*).
//!
//! ```text
//! nodes ── join ─► Pool ──┐
//! chain ── Request ───────┼─► entry r
//! entry k ≥ r + 2 final ──► each seat signs (group, epoch, k) ──► more than 2/3 make the Seed of k
//! Draw(seed, chain, height, role) ──► Outcome ──► a Selection, linked to the one before
//! ```
//!
//! The paper sums random numbers of all archive nodes. Who speaks last then chooses the sum, and a rule that draws
//! again when somebody stays silent gives a cartel as many chances as it has members. So:
//!
//! - A seed is a threshold signature: there is one for each entry, whoever makes it. Nobody chooses it, a third of the
//!   seats cannot prevent it, and before the entry is final two thirds refuse to make it. See [`seed`].
//! - Pool and request are in the log before anybody can know the seed, and the request names the entry.
//! - No draw happens twice. Who is unfit by then is passed over, and the next in order is taken. See [`request`].
//! - Every draw is in the [Selection Chain](selection), which anybody can replay.
//!
//! Seats' key shares come from a ceremony over the log, [`dkg`], in each epoch anew: see [`crate::archive::ceremony`].
//! Where archive nodes sit is drawn, too, by the main chain: [`placement`] has the same rules.

pub mod bls;
pub mod dkg;
pub mod draw;
pub mod epoch;
pub mod placement;
pub mod pool;
pub mod request;
pub mod seed;
pub mod selection;
#[doc(hidden)]
pub mod toy;

#[cfg(test)]
mod statistics;
#[cfg(test)]
mod tests;
