//! A process that ends while its start is being made known.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mainstay_supervisors::specs::{ChildSpec, Restart};
use mainstay_supervisors::{Child, Registry, Supervisor, current};
use mainstay_tests::probe::{Bed, id, within};
use tokio::sync::oneshot::{Sender, channel};

/// A key that, once armed, says that it is being looked up and takes its time.
#[derive(Clone, Default)]
struct SlowKey(Arc<Mutex<Option<Sender<()>>>>);

impl SlowKey {
    fn arm(&self, tell: Sender<()>) {
        *self.0.lock().expect("no panic") = Some(tell);
    }
}

impl PartialEq for SlowKey {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for SlowKey {}

impl Hash for SlowKey {
    fn hash<H: Hasher>(&self, _: &mut H) {
        let armed = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tell) = armed {
            // From a thread of its own, so that whoever waits wakes on another one than this.
            std::thread::spawn(move || tell.send(()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn its_end_is_made_known_too() {
    // Between the end of the process and its reason the start was made known, and each side left the news to the other.
    let bed = Bed::new();
    let supervisor = bed.start(Supervisor::one_for_one()).await;
    let names = Registry::<SlowKey, ()>::default();
    let child = Child::from_start(ChildSpec::new(id("a")), move |cx| {
        let (names, key) = (names.clone(), SlowKey::default());
        async move {
            let (tell, ending) = channel();
            let process = cx.spawn_task(|_| async move {
                let me = current().expect("a process");
                names.register(&me, key.clone(), ()).expect("it is free");
                key.arm(tell);
            });
            // The process is freeing its name when this returns.
            ending.await.expect("it ends");
            Ok(process.into())
        }
    });
    let child = child.restart(Restart::Temporary);
    within(supervisor.start_child(child))
        .await
        .expect("it starts");
    let lines = bed.log().until("exited root/a: normal").await;
    assert_eq!(
        lines,
        ["started root", "started root/a", "exited root/a: normal"]
    );
    within(async {
        while within(supervisor.count_children())
            .await
            .expect("it runs")
            .specs
            > 0
        {
            tokio::task::yield_now().await;
        }
    })
    .await;
    bed.end().await;
}
