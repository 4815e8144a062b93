//! The lock of a run's folder: one process writes there at a time.

use crate::ReportError;
use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

/// Its file in the folder.
const NAME: &str = ".lock";
/// Times that a lock file may vanish between its opening and its locking.
const TRIES: usize = 10;

/// The lock of a folder, held while a process writes into it. The system lets go of it when the
/// process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    file: File,
    path: PathBuf,
}

impl FolderLock {
    /// Takes the lock of a folder that exists. Where a file system has no locks, there is none.
    ///
    /// # Errors
    /// [`ReportError::Busy`] while another process holds it; [`ReportError::Write`].
    pub fn take(dir: &Path) -> Result<Option<Self>, ReportError> {
        let path = dir.join(NAME);
        for _ in 0..TRIES {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path);
            let mut file = opened.map_err(ReportError::write(&path))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(busy(dir, &mut file)),
                Err(TryLockError::Error(_)) => return Ok(None),
            }
            // Another one may have ended, and removed the file, in between.
            if !is_at(&file, &path) {
                continue;
            }
            let process = std::process::id().to_string();
            let noted = file
                .set_len(0)
                .and_then(|()| file.rewind())
                .and_then(|()| file.write_all(process.as_bytes()));
            noted.map_err(ReportError::write(&path))?;
            return Ok(Some(Self { file, path }));
        }
        Ok(None)
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Removed while it is held: whoever opens the name afterwards makes a new file.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

fn busy(dir: &Path, file: &mut File) -> ReportError {
    let mut process = String::new();
    let _ = file.read_to_string(&mut process);
    ReportError::Busy {
        dir: dir.to_owned(),
        process: process.trim().parse().ok(),
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (Ok(held), Ok(named)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    held.dev() == named.dev() && held.ino() == named.ino()
}

#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f032_one_holds_a_folder_and_the_next_one_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let held = FolderLock::take(dir.path()).unwrap();
        assert!(held.is_some());
        // Another opening of the file is another holder, also in one process.
        match FolderLock::take(dir.path()) {
            Err(ReportError::Busy { process, .. }) => {
                assert_eq!(process, Some(std::process::id()));
            }
            other => panic!("{other:?}"),
        }
        drop(held);
        assert!(!dir.path().join(NAME).exists());
        // What a killed process left is no obstacle.
        fs::write(dir.path().join(NAME), "999999999").unwrap();
        assert!(FolderLock::take(dir.path()).unwrap().is_some());
    }
}
