//! The file for those who only look: no writer, no change of the schema, also while a process serves it.

use super::authorizations;
use super::reads::Readers;
use crate::ports::StoreFault;
use crate::ports::authorizations::{Authorization, Sought};
use std::path::Path;

/// A file that is only read. [`SqliteReader::close`] it in the end.
#[derive(Debug)]
pub struct SqliteReader {
    readers: Readers,
}

impl SqliteReader {
    /// Opens the file as it is; none is made.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn open(path: &Path) -> Result<Self, StoreFault> {
        Ok(Self { readers: Readers::open(path).await? })
    }

    /// Stored answers to "may they?", the oldest first.
    ///
    /// # Errors
    /// The file does not answer, or an older version made it and none that keeps them has opened it since.
    pub async fn authorizations(&self, sought: &Sought) -> Result<Vec<Authorization>, StoreFault> {
        authorizations::sought(&mut *self.readers.lend().await?, sought).await
    }

    /// Closes every connection.
    ///
    /// # Errors
    /// One did not close as it should.
    pub async fn close(&self) -> Result<(), StoreFault> {
        self.readers.close().await
    }
}
