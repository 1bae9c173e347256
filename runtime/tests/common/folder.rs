//! Where programs make what they make.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A folder that is empty when this run of the tests begins, and that no other run has at the same time.
pub(crate) fn folder(name: &str) -> &'static Path {
    static TAKEN: OnceLock<Taken> = OnceLock::new();
    &TAKEN.get_or_init(|| take(name)).folder
}

/// It is taken for as long as this run has the lock.
struct Taken {
    folder: PathBuf,
    _lock: File,
}

/// The first that is free, so that there are no more of them than runs at a time.
fn take(name: &str) -> Taken {
    let within = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let mut nth = 0;
    loop {
        let folder = within.join(format!("{name}-{nth}"));
        let lock = File::create(folder.with_extension("lock")).unwrap();
        match lock.try_lock() {
            Ok(()) => {
                // It is not there yet, or an earlier run has left it.
                _ = fs::remove_dir_all(&folder);
                fs::create_dir(&folder).unwrap();
                return Taken {
                    folder,
                    _lock: lock,
                };
            }
            Err(TryLockError::WouldBlock) => nth += 1,
            Err(TryLockError::Error(error)) => panic!("{}: {error}", folder.display()),
        }
    }
}
