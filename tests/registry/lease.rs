//! The local registry as a backend of leases.

use mainstay_supervisors::{Keys, Registry};
use mainstay_tests::probe::{Bed, lease_backend_conforms};

use crate::idle;

#[tokio::test(start_paused = true)]
async fn the_local_registry_conforms() {
    let bed = Bed::new();
    let processes = idle(&bed).await;
    let registry = Registry::<String, u32>::new(Keys::Unique);
    lease_backend_conforms(&registry, processes).await;
    assert_eq!(registry.count(), 0);
    bed.end().await;
}
