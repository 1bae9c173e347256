//! Where the groups of a process are: pure.

use std::path::{Component, Path, PathBuf};

/// The version of control groups that has the controller of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// The group of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) version: Version,
    /// Where the tree of groups is mounted.
    pub(crate) mount: PathBuf,
    /// Where the group is, in or at the mount.
    pub(crate) folder: PathBuf,
}

/// From `/proc/self/cgroup` and `/proc/self/mountinfo`; `None` if there is no controller of memory.
///
/// On machines that have both versions, memory is with version 1 if that lists it: a controller is in one of them only.
pub(crate) fn place(groups: &str, mounts: &str) -> Option<Place> {
    place_of(Version::One, groups, mounts).or_else(|| place_of(Version::Two, groups, mounts))
}

fn place_of(version: Version, groups: &str, mounts: &str) -> Option<Place> {
    let group = group(version, groups)?;
    let (root, mount) = mount(version, mounts)?;
    // A group outside of what is mounted, as `..` shows, cannot be seen.
    let inside = Path::new(group).strip_prefix(&root).ok();
    let inside = inside.filter(|path| path.components().all(|part| part != Component::ParentDir));
    let folder = inside.map_or_else(
        || mount.clone(),
        |path| mount.join(path).components().collect(),
    );
    Some(Place {
        version,
        mount,
        folder,
    })
}

/// The path of the group: lines are `number:controllers:path`, and that of version 2 has no controllers.
fn group(version: Version, groups: &str) -> Option<&str> {
    groups.lines().find_map(|line| {
        let (number, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let is_it = match version {
            Version::One => controllers.split(',').any(|one| one == "memory"),
            Version::Two => number == "0" && controllers.is_empty(),
        };
        is_it.then_some(path)
    })
}

/// Which group is mounted where. A line is `id parent device root mount options fields... - type source options`.
fn mount(version: Version, mounts: &str) -> Option<(PathBuf, PathBuf)> {
    mounts.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        let mut after = after.split(' ');
        let (kind, options) = (after.next()?, after.nth(1)?);
        let is_it = match version {
            Version::One => kind == "cgroup" && options.split(',').any(|one| one == "memory"),
            Version::Two => kind == "cgroup2",
        };
        let mut before = before.split(' ').skip(3);
        let (root, mount) = (before.next()?, before.next()?);
        is_it.then(|| (unescaped(root).into(), unescaped(mount).into()))
    })
}

/// White space and backslashes in paths are written as three octal digits.
fn unescaped(path: &str) -> String {
    let escapes = [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ];
    let replace = |path: String, (from, to): (&str, &str)| path.replace(from, to);
    escapes.into_iter().fold(path.to_owned(), replace)
}

#[cfg(all(test, not(mainstay_loom)))]
mod tests {
    use super::*;

    const MOUNT_1: &str =
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
    const MOUNT_2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n";

    fn found(groups: &str, mounts: &str) -> Option<(Version, String)> {
        let place = place(groups, mounts)?;
        Some((place.version, place.folder.display().to_string()))
    }

    #[test]
    fn version_2_is_one_tree() {
        let folder = found("0::/system.slice/app.service\n", MOUNT_2);
        let expected = "/sys/fs/cgroup/system.slice/app.service".to_owned();
        assert_eq!(folder, Some((Version::Two, expected)));
        let root = found("0::/\n", MOUNT_2);
        assert_eq!(root, Some((Version::Two, "/sys/fs/cgroup".to_owned())));
    }

    #[test]
    fn memory_is_with_version_1_where_both_are_there_and_that_lists_it() {
        let groups = "4:cpu,memory:/box\n0::/other\n";
        let mounts = format!("{MOUNT_2}{MOUNT_1}");
        let expected = "/sys/fs/cgroup/memory/box".to_owned();
        assert_eq!(found(groups, &mounts), Some((Version::One, expected)));
        let without = found("3:cpu:/box\n0::/other\n", &mounts);
        let expected = "/sys/fs/cgroup/other".to_owned();
        assert_eq!(without, Some((Version::Two, expected)));
    }

    #[test]
    fn a_mount_that_begins_at_a_group_leaves_that_group_out_of_the_path() {
        let mounts = "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let own = found("4:memory:/docker/ab\n", mounts);
        let expected = "/sys/fs/cgroup/memory".to_owned();
        assert_eq!(own, Some((Version::One, expected.clone())));
        let inner = found("4:memory:/docker/ab/inner\n", mounts);
        assert_eq!(inner, Some((Version::One, format!("{expected}/inner"))));
        for outside in ["4:memory:/docker/other\n", "4:memory:/docker/ab/../../x\n"] {
            assert_eq!(
                found(outside, mounts),
                Some((Version::One, expected.clone()))
            );
        }
    }

    #[test]
    fn white_space_in_a_path_is_read_as_what_it_stands_for() {
        let mounts = "30 23 0:26 / /my\\040groups rw - cgroup2 cgroup2 rw\n";
        let folder = found("0::/a\n", mounts);
        assert_eq!(folder, Some((Version::Two, "/my groups/a".to_owned())));
    }

    #[test]
    fn without_a_controller_of_memory_there_is_no_place() {
        assert_eq!(found("", ""), None);
        assert_eq!(found("3:cpu:/box\n", MOUNT_1), None);
        assert_eq!(found("0::/a\n", MOUNT_1), None);
        assert_eq!(found("nonsense\n", "nonsense\n"), None);
    }
}
