//! Why a figure cannot be measured.

use std::fmt::Display;

/// Why a figure cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// No figure has this name.
    #[error("no figure is called {found}; there are: {expected}")]
    NoSuchFigure {
        /// What was asked for.
        found: String,
        /// The names there are.
        expected: String,
    },
    /// A step failed.
    #[error("{step}: {reason}")]
    Step {
        /// What was tried.
        step: &'static str,
        /// Why it failed.
        reason: String,
    },
}

/// Turns an error into the failure of `step`.
pub(crate) fn failed<E: Display>(step: &'static str) -> impl FnOnce(E) -> BenchError {
    move |error| BenchError::Step { step, reason: error.to_string() }
}

/// The failure of `step`, for what is not an error of somebody else.
pub(crate) fn wrong(step: &'static str, reason: impl Into<String>) -> BenchError {
    BenchError::Step { step, reason: reason.into() }
}
