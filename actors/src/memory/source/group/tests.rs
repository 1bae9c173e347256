//! Control groups as they are on machines of all kinds, in folders that look like them.

use std::fs;

use super::*;
use crate::memory::source::fixture::{MIB, Machine};

const TWO: &str = "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const ONE: &str = "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const HOST: Option<u64> = Some(16 << 30);

fn groups(machine: &Machine) -> Groups {
    Groups::new(machine.root())
}

fn mib(used: u64, limit: u64) -> Measured {
    Measured::Bytes {
        used: used * MIB,
        limit: limit * MIB,
    }
}

fn bytes(number: u64) -> String {
    (number * MIB).to_string()
}

#[test]
fn the_limit_of_a_group_of_version_2_counts_without_headroom_and_without_what_can_be_dropped() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 150, 50, &bytes(200), "max");
    assert_eq!(groups(&machine).measure(0.0, HOST), mib(100, 200));
    assert_eq!(groups(&machine).measure(0.1, HOST), mib(100, 180));
    let folder = machine.root().join("sys/fs/cgroup/app");
    let mut own = groups(&machine);
    own.measure(0.0, HOST);
    assert_eq!(own.folder(), Some(folder));
}

#[test]
fn a_cache_that_fills_a_group_is_no_pressure() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 200, 180, &bytes(200), "max");
    let measured = groups(&machine).measure(0.0, HOST);
    assert_eq!(measured.ratio(), Some(0.1));
}

#[test]
fn from_memory_high_on_the_kernel_slows_a_group_down_so_that_is_a_limit_too() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 100, 0, &bytes(400), &bytes(200));
    assert_eq!(groups(&machine).measure(0.1, HOST), mib(100, 200));
    machine.group("sys/fs/cgroup/app", 100, 0, "max", &bytes(200));
    assert_eq!(groups(&machine).measure(0.1, HOST), mib(100, 200));
}

#[test]
fn a_group_above_that_is_nearer_to_its_limit_counts() {
    let machine = Machine::new("0::/slice/app\n", TWO);
    machine.group("sys/fs/cgroup/slice/app", 100, 0, &bytes(1000), "max");
    machine.group("sys/fs/cgroup/slice", 450, 50, &bytes(500), "max");
    assert_eq!(groups(&machine).measure(0.0, HOST), mib(400, 500));
    machine.group("sys/fs/cgroup/slice/app", 900, 0, &bytes(1000), "max");
    assert_eq!(groups(&machine).measure(0.0, HOST), mib(900, 1000));
}

#[test]
fn without_a_limit_or_with_one_above_the_machine_there_is_nothing_to_measure() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 100, 0, "max", "max");
    assert_eq!(groups(&machine).measure(0.1, HOST), Measured::Absent);
    machine.group("sys/fs/cgroup/app", 100, 0, &bytes(17 << 10), "max");
    assert_eq!(groups(&machine).measure(0.1, HOST), Measured::Absent);
    let unlimited = Machine::new("4:memory:/app\n", ONE);
    unlimited.old_group("sys/fs/cgroup/memory/app", 100, 0, None);
    assert_eq!(groups(&unlimited).measure(0.1, None), Measured::Absent);
}

#[test]
fn a_limit_that_is_changed_counts_at_once() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 100, 0, &bytes(200), "max");
    let mut own = groups(&machine);
    assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    machine.write("sys/fs/cgroup/app/memory.max", &bytes(125));
    assert_eq!(own.measure(0.0, HOST), mib(100, 125));
    machine.write("sys/fs/cgroup/app/memory.max", "max\n");
    assert_eq!(own.measure(0.0, HOST), Measured::Absent);
}

#[test]
fn version_1_has_its_own_files_and_counts_with_all_groups_below() {
    let machine = Machine::new("4:memory:/box/app\n0::/\n", ONE);
    machine.old_group("sys/fs/cgroup/memory/box/app", 150, 50, Some(400));
    machine.old_group("sys/fs/cgroup/memory/box", 300, 100, Some(250));
    machine.old_group("sys/fs/cgroup/memory", 9000, 0, None);
    let mut own = groups(&machine);
    assert_eq!(own.measure(0.0, HOST), mib(200, 250));
    assert_eq!(own.folder(), None, "there is no PSI of such a group");
}

#[test]
fn on_a_machine_with_both_versions_memory_is_where_its_controller_is() {
    let mounts = format!("{ONE}40 31 0:40 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
    let machine = Machine::new("4:memory:/app\n0::/app\n", &mounts);
    machine.old_group("sys/fs/cgroup/memory/app", 50, 0, Some(100));
    machine.group("sys/fs/cgroup/unified/app", 99, 0, &bytes(100), "max");
    assert_eq!(groups(&machine).measure(0.0, HOST), mib(50, 100));
}

#[test]
fn in_a_container_whose_path_cannot_be_seen_the_mount_is_its_group() {
    let machine = Machine::new("0::/docker/0815\n", TWO);
    machine.group("sys/fs/cgroup", 60, 0, &bytes(100), "max");
    assert_eq!(groups(&machine).measure(0.0, HOST), mib(60, 100));
}

#[test]
fn without_control_groups_there_is_nothing_to_measure() {
    let machine = Machine::new("", "");
    assert_eq!(groups(&machine).measure(0.1, HOST), Measured::Absent);
    fs::remove_dir_all(machine.root().join("proc")).expect("it is there");
    assert_eq!(groups(&machine).measure(0.1, HOST), Measured::Absent);
}

#[test]
fn what_a_file_does_not_say_is_told_with_its_path() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 100, 0, &bytes(200), "max");
    let mut own = groups(&machine);
    assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    let path = machine.root().join("sys/fs/cgroup/app/memory.max");
    machine.write("sys/fs/cgroup/app/memory.max", "lots\n");
    let error = format!(
        "{}: expected a number of bytes or `max`, found \"lots\\n\"",
        path.display()
    );
    assert_eq!(own.measure(0.0, HOST), Measured::Failed(error));
}

#[test]
fn a_process_that_is_moved_is_found_again() {
    let machine = Machine::new("0::/app\n", TWO);
    machine.group("sys/fs/cgroup/app", 100, 0, &bytes(200), "max");
    machine.group("sys/fs/cgroup/other", 100, 0, &bytes(400), "max");
    let mut own = groups(&machine);
    assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    machine.write("proc/self/cgroup", "0::/other\n");
    for _ in 1..LOOK_AGAIN {
        assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    }
    assert_eq!(own.measure(0.0, HOST), mib(100, 400));
}

#[test]
fn a_group_above_in_which_memory_is_counted_only_later_is_found() {
    let machine = Machine::new("0::/slice/app\n", TWO);
    machine.group("sys/fs/cgroup/slice/app", 100, 0, &bytes(200), "max");
    let mut own = groups(&machine);
    assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    machine.group("sys/fs/cgroup/slice", 240, 0, &bytes(250), "max");
    for _ in 1..LOOK_AGAIN {
        assert_eq!(own.measure(0.0, HOST), mib(100, 200));
    }
    assert_eq!(own.measure(0.0, HOST), mib(240, 250));
}
