//! For tests: a chain that is made up, with reorganizations, and a PostgreSQL server of one's own.

mod made;
mod postgres;

pub use made::{MadeChain, our_catalogue};
pub use postgres::Postgres;
