//! The lock file of the one serving process: on one database file, a second one refuses to start.
//!
//! Deliberately absent: the command line's own short writes, which SQLite's locks keep apart.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Held as long as this process serves; the operating system frees it even after a crash.
#[derive(Debug)]
pub struct ServingLock {
    /// Closing the file frees the lock.
    _file: File,
}

/// Why a process may not serve.
#[derive(Debug, thiserror::Error)]
pub enum LockFault {
    /// Another process does.
    #[error("another process ({holder}) already serves {}: stop it first, or give this one its own database", database.display())]
    Held {
        /// The database.
        database: PathBuf,
        /// What the other process wrote about itself.
        holder: String,
    },
    /// The file cannot be made or locked.
    #[error("the lock file {} cannot be used", path.display())]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ServingLock {
    /// Takes the lock beside that database.
    ///
    /// # Errors
    /// Another process holds it, or the file cannot be used.
    pub fn take(database: &Path) -> Result<Self, LockFault> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let path = PathBuf::from(name);
        let unusable = |source| LockFault::Unusable { path: path.clone(), source };
        let mut file =
            File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let read = file.read_to_string(&mut holder);
                if read.is_err() || holder.trim().is_empty() {
                    holder = "unnamed".to_owned();
                }
                return Err(LockFault::Held { database: database.to_owned(), holder: holder.trim().to_owned() });
            }
            Err(TryLockError::Error(source)) => return Err(unusable(source)),
        }
        file.set_len(0).map_err(unusable)?;
        file.rewind().map_err(unusable)?;
        writeln!(file, "pid {}", std::process::id()).map_err(unusable)?;
        Ok(Self { _file: file })
    }
}
