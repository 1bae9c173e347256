//! Managers that were written for `bb8`.

use std::sync::Arc;

use ::bb8::ManageConnection;
use mainstay::testkit::{MockAct, MockConnection, MockConnections, MockError, MockOp, MockOptions};
use mainstay_actors::pool::managers::bb8::{Bb8, Bb8Error};
use mainstay_actors::pool::{Condition, ConnectionPool, LeaseEnd};

/// A manager as it is written for `bb8`.
pub(super) struct Foreign {
    pub(super) mock: MockConnections,
    pub(super) label: &'static str,
}

impl ManageConnection for Foreign {
    type Connection = MockConnection;
    type Error = MockError;

    async fn connect(&self) -> Result<MockConnection, MockError> {
        self.mock
            .create_connection(&MockOptions::new(self.label))
            .await
    }

    async fn is_valid(&self, connection: &mut MockConnection) -> Result<(), MockError> {
        self.mock.ping_connection(connection).await
    }

    fn has_broken(&self, connection: &mut MockConnection) -> bool {
        connection.is_severed()
    }
}

pub(super) fn foreign(label: &'static str) -> Arc<Foreign> {
    let mock = MockConnections::new();
    Arc::new(Foreign { mock, label })
}

#[tokio::test(start_paused = true)]
async fn a_pool_can_go_over_to_another_manager_and_each_connection_keeps_its_own() {
    let (old, new) = (foreign("old"), foreign("new"));
    let manager = Bb8::new();
    let mut first = manager.create_connection(&old).await.expect("it connects");
    let mut second = manager.create_connection(&new).await.expect("it connects");
    assert_eq!((first.label(), second.label()), ("old", "new"));
    manager
        .ping_connection(&mut first)
        .await
        .expect("it answers");
    manager
        .ping_connection(&mut second)
        .await
        .expect("it answers");
    assert_eq!(
        (
            old.mock.counts().ping.succeeded,
            new.mock.counts().ping.succeeded
        ),
        (1, 1)
    );
    assert!(Arc::ptr_eq(second.manager(), &new));
    manager.close_connection(first).await;
    assert_eq!((old.mock.counts().open, new.mock.counts().open), (0, 1));
}

/// A manager with errors that are nothing but shown.
struct Gruff;

/// Not an error, and not to be shared between threads.
#[derive(Debug)]
struct Grunt(#[allow(dead_code, reason = "it is shown")] std::cell::Cell<u32>);

impl ManageConnection for Gruff {
    type Connection = u32;
    type Error = Grunt;

    async fn connect(&self) -> Result<u32, Grunt> {
        Err(Grunt(std::cell::Cell::new(7)))
    }

    async fn is_valid(&self, _connection: &mut u32) -> Result<(), Grunt> {
        Ok(())
    }

    fn has_broken(&self, _connection: &mut u32) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_manager_may_have_any_errors_that_bb8_takes() {
    let refused = Bb8::any().create_connection(&Arc::new(Gruff)).await;
    let told = refused.map(|_| ()).expect_err("it never connects");
    assert_eq!(told.to_string(), "Grunt(Cell { value: 7 })");
    let mock = foreign("it");
    mock.mock.usually(MockOp::Create, MockAct::fail("no"));
    let refused = Bb8::new().create_connection(&mock).await;
    let told = refused.map(|_| ()).expect_err("it was told to fail");
    assert!(matches!(told, Bb8Error::Error(_)), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn what_has_broken_or_was_cut_off_is_broken() {
    let manager = Bb8::new();
    let mut connection = manager
        .create_connection(&foreign("it"))
        .await
        .expect("it connects");
    for end in [LeaseEnd::CheckedIn, LeaseEnd::Dropped] {
        assert_eq!(manager.condition(&mut connection, end), Condition::Clean);
    }
    for end in [LeaseEnd::Cancelled, LeaseEnd::Panicked, LeaseEnd::OwnerDied] {
        assert_eq!(manager.condition(&mut connection, end), Condition::Broken);
    }
    connection.sever();
    assert_eq!(
        manager.condition(&mut connection, LeaseEnd::CheckedIn),
        Condition::Broken
    );
}
