//! What a supervisor receives: all of it through one mailbox, in the order it was sent, as in OTP.

use mainstay_specs::{ChildId, ChildSpec, SupervisorFlags};
use tokio::sync::oneshot;

use super::decide::Key;
use super::error::SupervisorError;
use super::handle::{ChildCounts, ChildInfo};
use crate::exit::ExitReason;
use crate::process::{Pid, Process};
use crate::start::{Child, Started};

pub(crate) enum Message {
    /// A child has ended, which the supervisor did not stop itself, and nothing of it is left.
    ChildExited {
        key: Key,
        pid: Pid,
    },
    /// A failed restart is due again. With an epoch: after a wait, and counted already.
    Retry {
        key: Key,
        epoch: Option<u64>,
    },
    /// The supervisor above, or who holds the handle, wants it to end with this reason.
    Stop(ExitReason),
    Call(Call),
}

pub(crate) type Reply<T> = oneshot::Sender<Result<T, SupervisorError>>;

pub(crate) enum Call {
    Start(Child, Reply<Started>),
    StartEarly(Child, Reply<Started>),
    Terminate(Target, Reply<()>),
    Restart(ChildId, Reply<Started>),
    Change(Child, Reply<()>),
    Flags(SupervisorFlags, Reply<()>),
    Delete(ChildId, Reply<()>),
    Spec(Target, Reply<ChildSpec>),
    Which(Reply<Vec<ChildInfo>>),
    Count(Reply<ChildCounts>),
}

/// Which child is meant.
pub(crate) enum Target {
    Id(ChildId),
    Process(Process),
}
