//! One process in several registries, which know nothing of each other.

use mainstay_supervisors::{Process, Registration, Registry};
use mainstay_tests::probe::{Bed, Order, Probe, order, within};

use crate::{idle, kill, name, secs};

type Names = Registry<&'static str, u32>;
type LetGo = fn(&Names, &Process, Registration<&'static str, u32>);

const WAYS: &[LetGo] = &[
    |names, process, _| names.unregister(process, &"one"),
    |names, process, _| names.unregister_match(process, &"one", |value| *value == 1),
    |_, _, held| assert!(held.release()),
];

#[tokio::test(start_paused = true)]
async fn to_let_go_of_a_name_in_one_leaves_the_other_as_it_was() {
    for let_go in WAYS {
        for one_first in [true, false] {
            let bed = Bed::new();
            let [a, b] = idle(&bed).await;
            let (one, two) = (Names::default(), Names::default());
            let held = if one_first {
                let held = one.register(&a, "one", 1).expect("it is free");
                two.register(&a, "two", 2).expect("it is free");
                held
            } else {
                two.register(&a, "two", 2).expect("it is free");
                one.register(&a, "one", 1).expect("it is free")
            };
            let_go(&one, &a, held);
            assert_eq!((one.whereis("one"), one.count()), (None, 0));
            assert_eq!(two.whereis("two"), Some(a.clone()));
            kill(&a).await;
            assert_eq!((two.whereis("two"), two.count()), (None, 0));
            assert_eq!(two.stats().expired_total, 1);
            assert_eq!(one.stats().expired_total, 0);
            two.register(&b, "two", 3).expect("it is free again");
            bed.end().await;
            assert_eq!(two.count(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_registries_let_go_of_a_process_that_ends() {
    let bed = Bed::new();
    let [a] = idle(&bed).await;
    let registries: Vec<Names> = (0..10).map(|_| Names::default()).collect();
    for names in &registries {
        names.register(&a, "kept", 1).expect("it is free");
        let held = names.register(&a, "let go", 2).expect("it is free");
        assert!(held.release());
        names.register(&a, "kept too", 3).expect("it is free");
    }
    kill(&a).await;
    for names in &registries {
        assert_eq!((names.count(), names.keys(&a)), (0, Vec::new()));
        assert_eq!(names.stats().expired_total, 2);
    }
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_named_child_that_uses_a_registry_of_its_own_leaves_its_name_to_its_successor() {
    let bed = Bed::new();
    let namespace = within(bed.runtime.namespace("test")).await;
    let namespace = namespace.expect("it starts");
    let child = Probe::new().child("a").name(name("service"));
    within(namespace.start_child(child))
        .await
        .expect("it starts");
    let first = namespace.whereis("service").expect("it is registered");
    let own = Names::default();
    own.register(&first, "x", 1).expect("it is free");
    own.unregister(&first, &"x");
    order(&first, Order::fail("no disk"));
    within(first.ended()).await;
    bed.log().until("started test/children/a again 1").await;
    let next = namespace.wait_for(&name("service"), secs(60)).await;
    assert_eq!(next, Some(bed.started("test/children/a")));
    assert_ne!(next, Some(first));
    bed.end().await;
}
