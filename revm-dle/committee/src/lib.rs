//! Who signs a block, and when it is final.
//!
//! # Two layers
//!
//! A chain's **group** makes its blocks: a creator, witnesses that keep the chain, validators that are drawn for each
//! block and keep nothing. A block that its whole group signed is *certified*. The **archive group** keeps all chains of
//! its share of the network, and runs one [`log`]. A block is *final* when an entry of the log has it with the word of
//! every active seat, and only then does anybody count it as paid.
//!
//! ```text
//! user ── Transaction ─► creator ── Propose ─► witnesses      each executes; a vote names what came out
//!                            │ ──── Validate ─► validators    without the outcome, on a state witness
//!                            ◄──── Vote ──────── all          all of them: certified
//!                            ── Certified ─► seats            each executes, and says its Word to all seats
//! leader of the log ── Propose(entry) ─► seats                blocks with the words of all active seats, and the rest
//! seats ── notarize, finalize ─► seats                        the entry is final, and the block with it
//! seats ── Notice ─► members                                  who is who, what is final: with its proof
//! ```
//!
//! What goes wrong goes through the log, and the order in it decides ([`archive`]):
//!
//! | what | item | what follows |
//! |---|---|---|
//! | a member does not vote, or a creator makes no block | `Complaint`, then `Answer` or a block | without an answer in time: the first witness follows a creator, a validator of the last block a witness, the pool fills the rest; nobody is punished |
//! | a member gets another outcome than the creator | `Disagreement`, then the seats' `Words` | two thirds of the seats say who is right; the others are out for good |
//! | seats disagree on a certified block | `Words` | the same |
//! | a seat says nothing about a listed block | time | it is suspended, and `Return`s when it is back; never so many that two thirds would not be left |
//! | two votes that exclude each other | `Evidence` | out for good, and slashed on the main chain |
//! | a validator signs what it was told, and does not execute | `Caught` | the same: see [`archive::traps`] |
//!
//! # Epochs
//!
//! Seats change together, from one **epoch** to the next: the main chain names who shall sit next, the log ends, its seats
//! certify the state that they leave, and the main chain begins the next epoch with it ([`archive::Beginning`]). Who has
//! a seat then goes on from that state; members take the notices of the newest epoch's seats alone, which they know from
//! the main chain. Votes name their epoch, so what was signed in one counts in no other; but it still convicts.
//!
//! # Safety
//!
//! - *One log.* See [`log`]: less than a third of the seats lying, no two final entries contradict each other.
//! - *One history of a chain.* A block becomes final in an entry, on the newest final block of its chain, in the chain's
//!   present view. Whatever voids it (a view that ends, a dispute) is an entry, too. So with one log there are no two
//!   final blocks at a height.
//! - *One log over all epochs.* An epoch has one last entry, and an honest seat certifies no state but the one after it.
//!   The main chain takes what more than two thirds certify, so the next epoch begins where that one ended.
//! - *No wrong block.* One honest active seat is enough to keep a wrong block out: it executes before it says its word.
//!   Active seats are always more than two thirds of all, so some are honest.
//! - *No honest node is punished.* A verdict needs two votes of one node that exclude each other, or its vote for a root
//!   that no execution gives, or the words of two thirds of the seats that what it signed is not what the proposal gives.
//!   A word names its outcome, so it can be held against no other proposal of the same height and view.
//! - *Nobody loses a place unasked.* An honest seat votes for an entry with a complaint only when it has, and brings the
//!   accused, the block that it shall vote on, or transactions that its block could hold. So a creator and a leader that
//!   lie cannot draw a chain's witnesses anew until they like them, and a witness cannot depose an idle creator.
//!
//! # Liveness
//!
//! After the network heals the log goes on within a few views. A block that its chain's group can certify is final
//! within an entry after the last active seat's word, or `judging_ms` later without the silent ones. A view of a chain
//! in which somebody waits ends: each witness and validator can be accused once in it, the creator whenever nobody else
//! is, and each answers or is replaced within `answer_ms`. When all of a chain are gone the seat complains that took a
//! user's transaction. Between two epochs the group waits for the main chain; who
//! gets a seat asks one after the other of those who had one for the state, each `retry_ms`.
//!
//! # Where it differs from the white paper
//!
//! - *100% consensus* is kept for blocks: all of the group, all active seats. The log itself takes two thirds of all
//!   registered seats; else one of them could stop all chains.
//! - A *dissolved group* keeps those who were right: the paper's "original group members will not be recognized" would
//!   let one cheat evict honest ones. When all signed a wrong block, all go.
//! - *Sums of random numbers* are replaced by threshold seeds ([`roulette`]). Their key is a fresh one in each epoch and
//!   not handed on, so that nobody has to believe that who left destroyed its share.
//! - *Refusing to sign* is a vote for what the refuser got; what nobody can execute has an outcome of its own.
//! - *Silence* costs a place and no stake: who can hold up a node's messages could take it otherwise.
//! - *The waiting pool's order* is the log's. [Proof of History](poh) says how much time passed on one node, and decides
//!   nothing. Nobody is ranked last for a line that broke: only who starts again wishes anew.
//! - *Groups of archive nodes* are 10 to 19 seats that split in two, drawn by seed; the paper's odd and even, and N x 10,
//!   exclude each other, and let a joiner choose its group.
//! - *Validators store nothing*: they execute on a state witness.
//! - *Standbys* are not drawn: who takes a place is drawn, or follows, when it is needed.
//!
//! # Form
//!
//! Pure: every part is a state machine that is told what happened and says what to do. It knows no clock, no network and
//! no disk. A driver does [`Action`]s in order: what is [`Record`]ed is durable before anything after it is said. Who
//! signs much signs once a tick for everything, so that cost does not grow with the number of chains.

pub mod archive;
pub mod journal;
pub mod keys;
pub mod ledger;
pub mod log;
pub mod member;
pub mod message;
pub mod outbox;
pub mod poh;
pub mod roulette;
pub mod seat;
pub mod seats;
pub mod tree;
pub mod vote;

pub use journal::Record;
pub use outbox::{Action, Outbox};
