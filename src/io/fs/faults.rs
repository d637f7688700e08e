//! Faults of the file system, for tests: counts the operations of a thread and makes one of them
//! fail, or stops everything there. State is kept per thread, so tests do not disturb each other;
//! a run that is counted works on one thread.

use super::Operation;
use std::cell::RefCell;
use std::io;

/// What happens at the chosen operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It fails and has no effect; those after it work again.
    Error,
    /// It writes half of its bytes, and the operation after it fails. Other operations work.
    Torn,
    /// It has no effect, nor have those after it, as if the process had been killed before it.
    Stop,
    /// As [`Fault::Stop`], but half of the bytes are written.
    TornStop,
    /// It is a rename that leads to another file system; those after it work.
    OtherDevice,
    /// From there on, every operation that needs room on the disk fails.
    Full,
    /// From there on, no read or write transfers more than half of its bytes.
    Short,
}

/// What a thread counts and which operation fails.
#[derive(Debug)]
struct State {
    fault: Option<(Fault, usize)>,
    operations: Vec<Operation>,
    hit: bool,
}

thread_local! {
    static STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

/// Runs `run` on this thread with its operations counted and `fault` at one of them, counted from
/// 0. Returns the result of `run` and the operations.
pub fn run<T>(fault: Option<(Fault, usize)>, run: impl FnOnce() -> T) -> (T, Vec<Operation>) {
    let state = State {
        fault,
        operations: Vec::new(),
        hit: false,
    };
    STATE.set(Some(state));
    let result = run();
    let state = STATE.take().unwrap();
    (result, state.operations)
}

/// Returns whether operations are counted. They then happen in a fixed order, on one thread.
pub fn is_counted() -> bool {
    STATE.with_borrow(Option::is_some)
}

/// Begins an operation, and fails if it is to fail.
pub fn begin(operation: Operation) -> io::Result<()> {
    begin_transfer(operation, 0).map(drop)
}

/// Begins to read or write `length` bytes. Returns how many of them to transfer.
pub fn begin_transfer(operation: Operation, length: usize) -> io::Result<usize> {
    STATE.with_borrow_mut(|state| match state {
        Some(state) => state.begin(operation, length),
        None => Ok(length),
    })
}

impl State {
    fn begin(&mut self, operation: Operation, length: usize) -> io::Result<usize> {
        let index = self.operations.len();
        self.operations.push(operation);
        let Some((fault, at)) = self.fault.filter(|(_, at)| index >= *at) else {
            return Ok(length);
        };
        let (is_first, half) = (index == at, length.div_ceil(2));
        let is_write = operation == Operation::Write;
        match fault {
            Fault::Error if is_first => Err(error(operation)),
            Fault::OtherDevice if is_first => Err(nix::errno::Errno::EXDEV.into()),
            Fault::Torn if is_first && is_write => {
                self.hit = true;
                Ok(half)
            }
            Fault::Torn if index == at + 1 && self.hit => Err(error(operation)),
            Fault::TornStop if is_first && is_write => Ok(half),
            Fault::Stop | Fault::TornStop => Err(io::Error::other("the process was stopped")),
            Fault::Full if needs_room(operation) => Err(error(operation)),
            Fault::Short if length > 1 => Ok(half),
            _ => Ok(length),
        }
    }
}

/// Returns whether an operation can fail because the disk is full.
fn needs_room(operation: Operation) -> bool {
    use Operation::{Create, CreateDirectory, Rename, Sync, Write};
    matches!(operation, Create | Write | Sync | CreateDirectory | Rename)
}

/// Returns the error of an operation that fails.
fn error(operation: Operation) -> io::Error {
    let code = if needs_room(operation) {
        nix::errno::Errno::ENOSPC
    } else {
        nix::errno::Errno::EIO
    };
    code.into()
}
