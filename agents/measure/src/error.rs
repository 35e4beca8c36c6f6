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
pub fn failed<E: Display>(step: &'static str) -> impl FnOnce(E) -> BenchError {
    move |error| BenchError::Step { step, reason: error.to_string() }
}

/// The failure of `step`, for what is not an error of somebody else.
pub fn wrong(step: &'static str, reason: impl Into<String>) -> BenchError {
    BenchError::Step { step, reason: reason.into() }
}

/// Whether a figure of this name can be measured, if only one is asked for.
///
/// # Errors
/// [`BenchError::NoSuchFigure`].
pub fn check_name(only: Option<&str>, names: &[&str]) -> Result<(), BenchError> {
    match only.filter(|only| !names.contains(only)) {
        None => Ok(()),
        Some(found) => {
            let (found, expected) = (found.to_owned(), names.join(", "));
            Err(BenchError::NoSuchFigure { found, expected })
        }
    }
}
