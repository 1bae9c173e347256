//! Connections to nothing.

use std::time::Duration;

use futures_util::FutureExt;
use mainstay::testkit::{MockAct, MockConnections, MockOp, MockOptions};
use mainstay_actors::pool::{Condition, ConnectionPool, ConnectionSpec, LeaseEnd};
use tokio::time::{Instant, timeout};

#[tokio::test(start_paused = true)]
async fn operations_succeed_fail_take_time_hang_and_panic_as_they_are_told() {
    let (mock, options) = (MockConnections::new(), MockOptions::default());
    mock.next(
        MockOp::Create,
        [
            MockAct::fail("one").after(Duration::from_secs(3600)),
            MockAct::hang(),
            MockAct::panic("two"),
            MockAct::succeed().after(Duration::from_secs(1)),
        ],
    );
    let began = Instant::now();
    let told = mock
        .create_connection(&options)
        .await
        .expect_err("it was told to");
    assert_eq!(
        (told.to_string().as_str(), began.elapsed().as_secs()),
        ("one", 3600)
    );
    let hangs = timeout(Duration::from_secs(3600), mock.create_connection(&options)).await;
    assert!(hangs.is_err());
    let panics = std::panic::AssertUnwindSafe(mock.create_connection(&options))
        .catch_unwind()
        .await;
    assert_eq!(
        panics.expect_err("it was told to").downcast_ref(),
        Some(&"two".to_owned())
    );
    let began = Instant::now();
    mock.create_connection(&options)
        .await
        .expect("it was told to");
    assert_eq!(began.elapsed(), Duration::from_secs(1));

    let create = mock.counts().create;
    let counts = (
        create.begun,
        create.succeeded,
        create.failed,
        create.panicked,
        create.cut_off,
    );
    assert_eq!((counts, create.under_way()), ((4, 1, 1, 1, 1), 0));
    mock.usually(MockOp::Create, MockAct::fail("always"));
    for _ in 0..3 {
        mock.create_connection(&options)
            .await
            .expect_err("it was told to");
    }
    assert_eq!(mock.counts().create.failed, 4);
}

#[tokio::test(start_paused = true)]
async fn connections_are_told_apart_and_closed_ones_from_those_that_were_dropped() {
    let mock = MockConnections::new();
    let first = mock
        .create_connection(&MockOptions::new("a"))
        .await
        .expect("it is made");
    let second = mock
        .create_connection(&MockOptions::new("b"))
        .await
        .expect("it is made");
    let other = MockConnections::new();
    let same_number = other
        .create_connection(&MockOptions::default())
        .await
        .expect("it is made");
    assert!(first == first && first != second && first != same_number);
    assert_eq!((first.id(), second.id(), same_number.id()), (1, 2, 1));
    assert_eq!((first.label(), second.label()), ("a", "b"));
    mock.close_connection(first).await;
    mock.next(MockOp::Close, [MockAct::hang()]);
    let closing = mock.close_connection(second);
    timeout(Duration::from_secs(1), closing)
        .await
        .expect_err("it hangs");
    let counts = mock.counts();
    assert_eq!((counts.open, counts.open_max, counts.dropped), (0, 2, 1));
    assert_eq!((counts.close.succeeded, counts.close.cut_off), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_connection_can_be_soiled_and_severed() {
    let mock = MockConnections::new();
    let mut connection = mock
        .create_connection(&MockOptions::default())
        .await
        .expect("it is made");
    assert_eq!(
        mock.condition(&mut connection, LeaseEnd::Dropped),
        Condition::Clean
    );
    assert_eq!(
        mock.condition(&mut connection, LeaseEnd::Panicked),
        Condition::Broken
    );
    connection.soil();
    assert_eq!(
        mock.condition(&mut connection, LeaseEnd::Dropped),
        Condition::Dirty
    );
    mock.reset_connection(&mut connection)
        .await
        .expect("it works");
    assert_eq!(
        mock.condition(&mut connection, LeaseEnd::Dropped),
        Condition::Clean
    );
    assert!(connection.ping());
    connection.sever();
    assert!(!connection.ping());
    mock.ping_connection(&mut connection)
        .await
        .expect_err("it was severed");
    mock.reset_connection(&mut connection)
        .await
        .expect_err("it was severed");
    assert_eq!(
        mock.condition(&mut connection, LeaseEnd::CheckedIn),
        Condition::Broken
    );
    assert_eq!(mock.counts().health_checks, 2);
}

#[test]
fn its_ping_is_a_health_check_and_its_options_are_not_shown() {
    use mainstay::testkit::MockConnection;
    let spec = ConnectionSpec::new(MockConnections::new(), MockOptions::new("sesame"));
    let spec = spec.health_check(MockConnection::ping);
    assert!(!format!("{spec:?}").contains("sesame"));
}
