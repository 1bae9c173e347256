//! The keeper: tells telemetry what was refused.

use std::sync::Arc;

use mainstay_supervisors::StopToken;
use tokio::time::sleep;

use super::protections::{Protections, REPORT_EVERY};

pub(crate) async fn keep(protections: Arc<Protections>, stop: StopToken) {
    loop {
        tokio::select! {
            biased;
            () = stop.stopped() => break,
            () = sleep(REPORT_EVERY) => protections.report(),
        }
    }
    // What has happened since then.
    protections.report();
}
