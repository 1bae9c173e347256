//! Namespaces with an event store, and a backend that waits, fails or panics when it is told to.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime};

use mainstay_actors::EventStore;
use mainstay_actors::event_store::{
    Appended, BackendAnswer, BackendError, Event, EventBackend, EventGroup, EventId, EventPage,
    EventQuery, MemoryBackend, NAME, PageBounds, StoreBounds, Usage,
};
use mainstay_supervisors::specs::{
    EventStoreSpec, NamespaceName, ServiceName, Strategy, SupervisorFlags,
};
use mainstay_supervisors::{Child, Namespace, NamespacePlan, Process, Runtime};
use tokio::sync::Semaphore;

/// A runtime of a test's own with one namespace, whose event store may crash as often as it likes.
pub(super) struct Bed {
    pub(super) runtime: Runtime,
    pub(super) namespace: Namespace,
    pub(super) store: EventStore,
}

impl Bed {
    /// In memory, as all that say nothing.
    pub(super) async fn new() -> Self {
        Self::with(EventStoreSpec::memory()).await
    }

    pub(super) async fn with(spec: EventStoreSpec) -> Self {
        Self::with_child(EventStore::child(spec)).await
    }

    /// On a backend that does as it is told; without circuit breakers, as it fails as often as a test likes.
    pub(super) async fn on(backend: &Arc<Gate>, spec: EventStoreSpec) -> Self {
        let spec = spec.breaker(None);
        let backend: Arc<dyn EventBackend> = Arc::<Gate>::clone(backend);
        Self::with_child(EventStore::child_with(spec, backend)).await
    }

    pub(super) async fn with_child(child: Child) -> Self {
        match Self::try_with(child).await {
            Ok(bed) => bed,
            Err(error) => panic!("{error}"),
        }
    }

    /// With this child, or the reason why it did not start.
    pub(super) async fn try_with(child: Child) -> Result<Self, String> {
        Self::with_services("bed", [], child).await
    }

    pub(super) async fn with_services(
        name: &str,
        services: impl IntoIterator<Item = Child>,
        child: Child,
    ) -> Result<Self, String> {
        let flags = SupervisorFlags::new(Strategy::OneForOne);
        let flags = flags.intensity(u32::MAX, Duration::from_secs(1));
        let plan = NamespacePlan::new().children_flags(flags);
        let plan = services.into_iter().fold(plan, NamespacePlan::service);
        let runtime = Runtime::new();
        let name = NamespaceName::new(name).expect("a name");
        let started = runtime.start_namespace(name, plan.child(child)).await;
        let namespace = started.map_err(|error| error.to_string())?;
        let store = EventStore::in_namespace(&namespace).expect("it was started");
        Ok(Self {
            runtime,
            namespace,
            store,
        })
    }

    /// The keeper as it runs now.
    pub(super) fn keeper(&self) -> Process {
        self.namespace.whereis(NAME).expect("the keeper runs")
    }

    /// Waits until `old` has ended and another one runs in its place.
    pub(super) async fn successor(&self, old: &Process) -> Process {
        old.ended().await;
        let name = ServiceName::new(NAME).expect("a name");
        let next = self.namespace.registry().wait_for(&name).await;
        assert_ne!(&next, old);
        next
    }

    /// All types that are stored, by number.
    pub(super) async fn types(&self) -> Vec<String> {
        let query = EventQuery::new().limit(1000);
        let page = self.store.query(query).await.expect("an answer");
        assert!(!page.more);
        types(&page.events)
    }

    /// Stops all, which must leave nothing to be killed.
    pub(super) async fn end(self) {
        let report = self.runtime.stop(Duration::from_secs(60)).await;
        assert_eq!(report.killed, Vec::<String>::new());
        assert!(self.runtime.roots().is_empty());
    }
}

pub(super) fn types(events: &[Event]) -> Vec<String> {
    let types = events.iter().map(|event| event.event_type().to_string());
    types.collect()
}

pub(super) fn event(event_type: &str) -> Event {
    Event::builder(event_type).build().expect("an event")
}

pub(super) fn id(number: u64) -> EventId {
    EventId::new(number).expect("a number")
}

/// Lets all that can go on, on this thread, go on.
pub(super) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// Polls a future once, and gives what it came to.
pub(super) fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Keeps events in memory, and stores them when it is let; as one that is shut to all, it also answers questions only then.
#[derive(Debug)]
pub(super) struct Gate {
    inner: MemoryBackend,
    /// One for each transaction that may be made.
    permits: Semaphore,
    holds_questions: bool,
    /// What the next transactions come to, instead of being made.
    fails: Mutex<Option<BackendError>>,
    panics: AtomicBool,
    /// How many transactions have begun.
    pub(super) begun: AtomicU64,
    /// How many callers each has served.
    groups: Mutex<Vec<usize>>,
}

impl Gate {
    /// One that lets nothing pass yet.
    pub(super) fn shut() -> Arc<Self> {
        Self::new(false)
    }

    /// One that answers no question yet, either.
    #[allow(dead_code, reason = "for tests of a whole node")]
    pub(super) fn shut_to_all() -> Arc<Self> {
        Self::new(true)
    }

    fn new(holds_questions: bool) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryBackend::new(),
            permits: Semaphore::new(0),
            holds_questions,
            fails: Mutex::default(),
            panics: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            groups: Mutex::default(),
        })
    }

    /// One that lets everything pass.
    pub(super) fn open() -> Arc<Self> {
        let gate = Self::shut();
        gate.let_all_pass();
        gate
    }

    pub(super) fn let_all_pass(&self) {
        self.let_pass(Semaphore::MAX_PERMITS / 2);
    }

    pub(super) fn let_pass(&self, transactions: usize) {
        self.permits.add_permits(transactions);
    }

    pub(super) fn fail(&self, error: Option<BackendError>) {
        *self.fails.lock().expect("no panic") = error;
    }

    /// The next transaction panics.
    pub(super) fn panic_once(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    pub(super) fn groups(&self) -> Vec<usize> {
        self.groups.lock().expect("no panic").clone()
    }

    async fn be_let(&self) {
        let permit = self.permits.acquire().await;
        permit.expect("it is not closed").forget();
    }

    async fn pass(&self, groups: usize) -> Result<(), BackendError> {
        self.begun.fetch_add(1, Ordering::SeqCst);
        self.be_let().await;
        self.groups.lock().expect("no panic").push(groups);
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as planned");
        let fails = self.fails.lock().expect("no panic").clone();
        fails.map_or(Ok(()), Err)
    }
}

impl EventBackend for Gate {
    fn kind(&self) -> &'static str {
        "gate"
    }

    fn append(
        &self,
        groups: Arc<[EventGroup]>,
        bounds: StoreBounds,
    ) -> BackendAnswer<'_, Appended> {
        Box::pin(async move {
            self.pass(groups.len()).await?;
            self.inner.append(groups, bounds).await
        })
    }

    fn get(&self, id: EventId) -> BackendAnswer<'_, Option<Event>> {
        self.inner.get(id)
    }

    fn query(&self, query: Arc<EventQuery>, bounds: PageBounds) -> BackendAnswer<'_, EventPage> {
        Box::pin(async move {
            if self.holds_questions {
                self.be_let().await;
            }
            self.inner.query(query, bounds).await
        })
    }

    fn remove_before(&self, time: SystemTime, at_most: u32) -> BackendAnswer<'_, u64> {
        self.inner.remove_before(time, at_most)
    }

    fn usage(&self) -> BackendAnswer<'_, Usage> {
        let fails = self.fails.lock().expect("no panic").clone();
        Box::pin(async move {
            fails.map_or(Ok(()), Err)?;
            self.inner.usage().await
        })
    }
}
