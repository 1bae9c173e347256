//! Checks of the services of a namespace.

use mainstay_supervisors::Namespace;

use super::book::Found;

/// Those of the services that there are.
pub(crate) fn discover(_namespace: &Namespace) -> Vec<Found> {
    Vec::new()
}
