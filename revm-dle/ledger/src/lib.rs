//! One small chain: its genesis, its blocks, what executing them gives.
//!
//! Pure: no runtime, no clock, no I/O. Time and the main chain's facts come in as arguments.

pub mod block;
