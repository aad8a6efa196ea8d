//! A disk that fails under a shard: afterwards appends work again, and nothing acknowledged is lost or there twice.

use std::{
    ops::ControlFlow,
    sync::{Arc, Mutex},
};

use anabranch_domain::shard_state::AppendToken;
use anabranch_store::{
    DiskFault, Done, Family, KeyRange, MemoryStore, Operation, Order, Store, StoreError, Usage,
    WriteSet,
};
use bytes::Bytes;

use super::{
    handle_test::{World, all_texts, open, records},
    *,
};

/// What the disk does with a write set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Works,
    /// Nothing is written, and an error comes back.
    Loses,
    /// It is written, and an error comes back all the same.
    Lies,
    /// It waits until it is let go.
    Holds,
    /// Entries of the log wait, and votes do not.
    HoldsEntries,
    /// It is not even taken.
    IsLow,
}

/// A store whose disk does what it is told.
pub(crate) struct FaultyStore {
    inner: MemoryStore,
    mode: Mutex<Mode>,
    held: Mutex<Vec<(WriteSet, Done)>>,
}

impl FaultyStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryStore::new(),
            mode: Mutex::new(Mode::Works),
            held: Mutex::default(),
        })
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().expect("no test panics holding it") = mode;
    }

    fn mode(&self) -> Mode {
        *self.mode.lock().expect("no test panics holding it")
    }

    fn held(&self) -> Vec<(WriteSet, Done)> {
        std::mem::take(&mut *self.held.lock().expect("no test panics holding it"))
    }

    /// How many write sets wait.
    pub(crate) fn holds(&self) -> usize {
        let held = self.held.lock().expect("no test panics holding it");
        held.len()
    }

    /// Writes what was held.
    pub(crate) fn let_go(&self) {
        for (set, done) in self.held() {
            self.inner.submit(set, done);
        }
    }
}

fn has_entries(set: &WriteSet) -> bool {
    let family = |operation: &Operation| match operation {
        Operation::Put { family, .. }
        | Operation::Delete { family, .. }
        | Operation::DeleteRange { family, .. } => *family,
    };
    set.operations()
        .iter()
        .any(|operation| family(operation) == Family::Log)
}

fn disk_error() -> StoreError {
    StoreError::Disk {
        doing: "write",
        fault: DiskFault::Io,
        detail: "told to".into(),
    }
}

impl Store for FaultyStore {
    fn submit(&self, set: WriteSet, done: Done) {
        match self.mode() {
            Mode::Works | Mode::IsLow => self.inner.submit(set, done),
            Mode::Loses => done(Err(disk_error())),
            Mode::Lies => self
                .inner
                .submit(set, Box::new(|_| done(Err(disk_error())))),
            Mode::HoldsEntries if !has_entries(&set) => self.inner.submit(set, done),
            Mode::Holds | Mode::HoldsEntries => {
                let mut held = self.held.lock().expect("no test panics holding it");
                held.push((set, done));
            }
        }
    }

    fn admits(&self, bytes: usize) -> Result<(), StoreError> {
        if self.mode() == Mode::IsLow {
            return Err(StoreError::StorageLow {
                free_bytes: 1,
                reserve_bytes: 2,
            });
        }
        self.inner.admits(bytes)
    }

    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.get(family, key)
    }

    fn head(&self, key: &[u8]) -> Result<Option<Bytes>, StoreError> {
        self.inner.head(key)
    }

    fn scan(
        &self,
        family: Family,
        range: &KeyRange,
        order: Order,
        visit: &mut dyn FnMut(&[u8], Bytes) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.scan(family, range, order, visit)
    }

    fn release(&self, family: Family, range: &KeyRange) -> Result<(), StoreError> {
        self.inner.release(family, range)
    }

    fn usage(&self) -> Result<Usage, StoreError> {
        self.inner.usage()
    }
}

pub(super) fn world(store: &Arc<FaultyStore>) -> World {
    World {
        store: store.clone(),
        ..World::new()
    }
}

fn marked(text: &str, bits: u128) -> Append {
    Append {
        token: Some(AppendToken::from_bits(bits)),
        ..records(&[text])
    }
}

#[tokio::test]
async fn appends_work_again_once_the_disk_does() {
    let disk = FaultyStore::new();
    let world = world(&disk);
    let shard = open(&world.registry());
    shard
        .append(records(&["a", "b"]))
        .await
        .expect("it appends");
    for _ in 0..3 {
        disk.set(Mode::Loses);
        let failed = shard.append(records(&["lost"])).await;
        assert!(
            matches!(
                failed,
                Err(AppendError::Log(LogError::Store(StoreError::Disk { .. })))
            ),
            "{failed:?}"
        );
        disk.set(Mode::Works);
        // Too soon after the failure, it is not tried again.
        assert!(shard.append(records(&["soon"])).await.is_err());
        world.pass_ms(5_000);
    }
    let after = shard.append(records(&["c"])).await.expect("it appends");
    assert_eq!(after.first_ordinal, 2);
    assert_eq!(all_texts(&shard).await, ["a", "b", "c"]);
    assert_eq!(all_texts(&open(&world.registry())).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn a_second_attempt_after_an_unclear_failure_writes_nothing_twice() {
    let disk = FaultyStore::new();
    let world = world(&disk);
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    disk.set(Mode::Lies);
    assert!(shard.append(marked("b", 5)).await.is_err());
    disk.set(Mode::Works);
    world.pass_ms(5_000);
    let again = shard.append(marked("b", 5)).await.expect("it was written");
    assert_eq!(
        (again.first_ordinal, again.arrival.as_millis()),
        (1, 10_000)
    );
    shard.append(records(&["c"])).await.expect("it appends");
    assert_eq!(all_texts(&shard).await, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_entry_that_was_written_after_a_lost_one_is_removed() {
    let disk = FaultyStore::new();
    let mut world = world(&disk);
    world.limits.pipeline_bytes_min = 0;
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    disk.set(Mode::Holds);
    let (mut appends, mut held) = (Vec::new(), Vec::new());
    for text in ["lost", "orphan"] {
        let shard = shard.clone();
        appends.push(tokio::spawn(
            async move { shard.append(records(&[text])).await },
        ));
        // One after the other: together they would be one write set.
        let before = held.len();
        while held.len() == before {
            tokio::task::yield_now().await;
            held.extend(disk.held());
        }
    }
    disk.set(Mode::Works);
    let (orphan, lost) = (held.pop().expect("two"), held.pop().expect("two"));
    (lost.1)(Err(disk_error()));
    disk.inner.submit(orphan.0, orphan.1);
    for append in appends {
        assert!(append.await.expect("no panic").is_err());
    }
    world.pass_ms(5_000);
    let after = shard.append(records(&["b"])).await.expect("it appends");
    assert_eq!(after.first_ordinal, 1);
    assert_eq!(all_texts(&shard).await, ["a", "b"]);
    assert_eq!(all_texts(&open(&world.registry())).await, ["a", "b"]);
}

#[tokio::test]
async fn what_the_disk_does_not_have_yet_is_read_by_nobody() {
    let disk = FaultyStore::new();
    let world = world(&disk);
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    disk.set(Mode::Holds);
    let appending = shard.clone();
    let appending = tokio::spawn(async move { appending.append(records(&["b"])).await });
    while disk.holds() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(all_texts(&shard).await, ["a"]);
    disk.set(Mode::Works);
    disk.let_go();
    let appended = appending.await.expect("no panic").expect("it appends");
    assert_eq!(appended.first_ordinal, 1);
    assert_eq!(all_texts(&shard).await, ["a", "b"]);
}

#[tokio::test]
async fn a_low_disk_refuses_appends_and_nothing_else() {
    let disk = FaultyStore::new();
    let world = world(&disk);
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    disk.set(Mode::IsLow);
    assert!(matches!(
        shard.append(records(&["b"])).await,
        Err(AppendError::StorageLow)
    ));
    assert_eq!(all_texts(&shard).await, ["a"]);
    disk.set(Mode::Works);
    shard
        .append(records(&["b"]))
        .await
        .expect("it appends at once");
    assert_eq!(all_texts(&shard).await, ["a", "b"]);
}

#[tokio::test]
async fn a_seal_that_failed_is_said_again() {
    let disk = FaultyStore::new();
    let world = world(&disk);
    let shard = open(&world.registry());
    shard.append(records(&["a"])).await.expect("it appends");
    for mode in [Mode::Loses, Mode::Lies] {
        disk.set(mode);
        assert!(shard.seal(1, Vec::new()).await.is_err());
        disk.set(Mode::Works);
        world.pass_ms(5_000);
    }
    let sealed = shard.seal(1, Vec::new()).await.expect("it seals");
    assert_eq!(sealed.next_ordinal, 1);
    assert!(matches!(
        shard.append(records(&["b"])).await,
        Err(AppendError::Sealed { .. })
    ));
}
