//! The roulette.
