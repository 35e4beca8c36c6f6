//! Rows by `COPY`, PostgreSQL's fastest way in, in its binary form.

use alloy::primitives::bytes::BufMut as _;
use sqlx::{PgConnection, postgres::PgCopyIn};

use crate::store::{Result, StoreError};

/// The form's beginning: its name, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What the form has for the number of a row's fields where there is no further row.
const END: i16 = -1;

/// What the form has for the length of a field that is NULL.
const NULL: i32 = -1;

/// Bytes that are sent at once: the server takes them in while the next ones are written.
const SENT_AT_ONCE: usize = 256 << 10;

/// Rows on their way into a table. Who does not finish has put none there.
pub(super) struct Copy<'a> {
    into: PgCopyIn<&'a mut PgConnection>,
    bytes: Vec<u8>,
}

impl<'a> Copy<'a> {
    /// By a statement `COPY … FROM STDIN (FORMAT BINARY)`.
    pub(super) async fn begin(connection: &'a mut PgConnection, statement: &str) -> Result<Self> {
        let into = connection.copy_in_raw(statement).await?;
        let mut bytes = Vec::with_capacity(2 * SENT_AT_ONCE);
        bytes.put_slice(HEAD);
        Ok(Self { into, bytes })
    }

    /// One row. Fields are in the binary form of their columns: integers with the high bytes first, bytes and text as
    /// they are.
    pub(super) async fn row<const FIELDS: usize>(
        &mut self,
        fields: [Option<&[u8]>; FIELDS],
    ) -> Result<()> {
        let too_long = |_| StoreError::Database("a row is longer than PostgreSQL takes".to_owned());
        self.bytes.put_i16(i16::try_from(FIELDS).map_err(too_long)?);
        for field in fields {
            let Some(field) = field else {
                self.bytes.put_i32(NULL);
                continue;
            };
            self.bytes.put_i32(i32::try_from(field.len()).map_err(too_long)?);
            self.bytes.put_slice(field);
        }
        if self.bytes.len() >= SENT_AT_ONCE {
            self.into.send(self.bytes.as_slice()).await?;
            self.bytes.clear();
        }
        Ok(())
    }

    /// Puts the rows into the table.
    pub(super) async fn finish(mut self) -> Result<()> {
        self.bytes.put_i16(END);
        self.into.send(self.bytes.as_slice()).await?;
        self.into.finish().await?;
        Ok(())
    }
}
