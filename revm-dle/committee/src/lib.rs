//! committee
