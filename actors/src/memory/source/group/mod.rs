//! Control groups: what limits the container that this process runs in.
//!
//! The limits of all groups above count as well, each with what that group has in use: whichever is nearest to its limit is the one by
//! which the kernel kills. What is in use is `usage` less `inactive_file`: the kernel drops that as soon as it needs room.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | [`Groups`] |
//! | `locate.rs` | where the groups of a process are; pure |
//! | `one.rs` | one group: version 1 or 2 |

mod locate;
mod one;

use std::path::{Path, PathBuf};

use locate::{Place, Version, place};
use one::Group;

use super::Measured;
use super::file::KeptFile;

/// After how many looks it is seen whether the process has been moved to another group, and which groups memory is counted in.
const LOOK_AGAIN: u32 = 64;

/// The group of this process and those above it that have a limit.
#[derive(Debug)]
pub(crate) struct Groups {
    /// Where the files of the system are: `/`, but for fixtures.
    root: PathBuf,
    place: Option<Place>,
    groups: Vec<Group>,
    looks: u32,
}

impl Groups {
    /// Those of this process.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            place: None,
            groups: Vec::new(),
            looks: 0,
        }
    }

    /// The folder of the own group, if it is of version 2.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let place = self.place.as_ref()?;
        (place.version == Version::Two).then(|| self.under_root(&place.folder))
    }

    /// The share of the group that is nearest to its limit. A limit that is more than the machine has is none.
    pub(crate) fn measure(&mut self, headroom: f64, host: Option<u64>) -> Measured {
        if self.looks.is_multiple_of(LOOK_AGAIN)
            && let Err(error) = self.look()
        {
            return Measured::Failed(error);
        }
        self.looks = self.looks.wrapping_add(1);
        let mut worst = Measured::Absent;
        for group in &mut self.groups {
            match group.measure(headroom, host) {
                Ok(measured) if measured.ratio() > worst.ratio() => worst = measured,
                Ok(_) => {}
                Err(error) => {
                    // It may have been moved: the next look tells.
                    self.looks = 0;
                    self.place = None;
                    return Measured::Failed(error);
                }
            }
        }
        worst
    }

    /// Opens the files of the groups anew, as they may be others than before, or have files that they had not.
    fn look(&mut self) -> Result<(), String> {
        self.place = self.find()?;
        self.groups.clear();
        if let Some(place) = &self.place {
            for folder in place.folder.ancestors() {
                let group = Group::open(&self.under_root(folder), place.version)?;
                self.groups.extend(group);
                if folder == place.mount {
                    break;
                }
            }
        }
        Ok(())
    }

    fn find(&self) -> Result<Option<Place>, String> {
        let read = |path: &str| match KeptFile::open(&self.root.join(path))? {
            Some(mut file) => file.read().map(ToOwned::to_owned).map(Some),
            None => Ok(None),
        };
        let groups = read("proc/self/cgroup")?;
        let mounts = read("proc/self/mountinfo")?;
        let (Some(groups), Some(mounts)) = (groups, mounts) else {
            return Ok(None);
        };
        let Some(mut place) = place(&groups, &mounts) else {
            return Ok(None);
        };
        // Outside of its namespace of groups the folder cannot be seen: what can is the limit of the container.
        if !self.under_root(&place.folder).is_dir() {
            place.folder.clone_from(&place.mount);
        }
        Ok(Some(place))
    }

    fn under_root(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests;
