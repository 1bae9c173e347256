//! Which processes are alive.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::namespace::NamespaceInner;
use crate::process::{Pid, Process};
use crate::runtime::Core;

impl Core {
    /// All that are alive in this namespace, or in any; oldest first.
    pub(crate) fn census(&self, namespace: Option<&Arc<NamespaceInner>>) -> Vec<Process> {
        let mut found = BTreeMap::new();
        let mut tops = self.all_roots(namespace);
        loop {
            tops.drain(..).for_each(|top| walk(top, &mut found));
            // Looked at after the tables: who has left one of these meanwhile, because its supervisor was killed, is here.
            tops = self.all_orphans(namespace);
            tops.retain(|orphan| !found.contains_key(&orphan.pid()));
            if tops.is_empty() {
                break;
            }
        }
        found.into_values().filter(Process::is_alive).collect()
    }
}

/// Notes this process and all below it. No lock is held while the next one is taken.
pub(crate) fn walk(top: Process, found: &mut BTreeMap<Pid, Process>) {
    let mut ahead = vec![top];
    while let Some(process) = ahead.pop() {
        if let Some(hub) = process.life().hub() {
            let table = hub.table();
            ahead.extend(
                table
                    .iter()
                    .filter_map(|(_, entry)| entry.running())
                    .cloned(),
            );
            ahead.extend(table.starting.clone());
        }
        found.insert(process.pid(), process);
    }
}
