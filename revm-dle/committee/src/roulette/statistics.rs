//! How unfair counts look.

/// Pearson's statistic of counts that should be in the proportion of `weights`.
pub(crate) fn chi_square(counts: &[u64], weights: &[u64]) -> f64 {
    let (total, lots) = (counts.iter().sum::<u64>() as f64, weights.iter().sum::<u64>() as f64);
    let terms = counts.iter().zip(weights).map(|(count, weight)| {
        let expected = total * *weight as f64 / lots;
        (*count as f64 - expected).powi(2) / expected
    });
    terms.sum()
}

/// What fair counts of so many classes stay below in 999 of 1000 cases: Wilson and Hilferty's approximation.
pub(crate) fn bound(classes: usize) -> f64 {
    let freedom = (classes - 1) as f64;
    let spread = 2.0 / (9.0 * freedom);
    freedom * (1.0 - spread + 3.0902 * spread.sqrt()).powi(3)
}
