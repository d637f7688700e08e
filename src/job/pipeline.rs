//! Runs work on several threads and returns the results in the order of the items. One thread
//! reads items, others work on them, and the caller's thread consumes the results. The number of
//! items in flight and their bytes are bounded, so memory does not grow with the input.
//!
//! ```text
//!             ┌─ jobs ────────────► workers ──┐ one channel per item
//! items ─► reader                             ▼
//!             └─ pending: receivers, in order ─► caller ─► consume
//! ```
//!
//! The order is kept by the `pending` channel: the reader sends it the receiving end of each item's
//! own result channel, and the caller waits for these one after the other.

use anyhow::{Context, Result, anyhow};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Bytes in flight at which the reader waits.
const MAX_IN_FLIGHT: usize = 48 << 20;

/// Works on each item on one of `threads` threads and passes the results to `consume` in the order
/// of the items. `new_worker` creates the state that a thread keeps between items, and `size`
/// returns the bytes that an item occupies. With one thread everything runs on the caller's.
///
/// # Errors
/// The first error, in the order of the items, of an item, of `new_worker` or of `consume`. Items
/// after it may have been read and worked on, but are not consumed.
pub fn in_order<I: Send, W, O: Send>(
    threads: usize,
    items: impl Iterator<Item = Result<I>> + Send,
    size: impl Fn(&I) -> usize + Sync,
    new_worker: impl Fn() -> Result<W> + Sync,
    work: impl Fn(&mut W, I) -> O + Sync,
    mut consume: impl FnMut(O) -> Result<()>,
) -> Result<()> {
    if threads <= 1 {
        let mut worker = new_worker()?;
        return items
            .into_iter()
            .try_for_each(|item| consume(work(&mut worker, item?)));
    }
    let budget = ByteBudget::default();
    let (job_sender, jobs) = sync_channel::<(I, SyncSender<Result<O>>)>(threads * 2);
    let (pending_sender, pending) =
        sync_channel::<Result<(Receiver<Result<O>>, usize)>>(threads * 4);
    let jobs = Mutex::new(jobs);
    thread::scope(|scope| {
        let (budget, size, new_worker, work, jobs) = (&budget, &size, &new_worker, &work, &jobs);
        scope.spawn(move || {
            for item in items {
                let item = match item {
                    Ok(item) => item,
                    Err(error) => {
                        let _ = pending_sender.send(Err(error));
                        return;
                    }
                };
                let item_size = size(&item);
                let (answer, result) = sync_channel(1);
                // Each of these fails once the caller has stopped consuming.
                if !budget.acquire(item_size)
                    || pending_sender.send(Ok((result, item_size))).is_err()
                    || job_sender.send((item, answer)).is_err()
                {
                    return;
                }
            }
        });
        for _ in 0..threads {
            scope.spawn(move || {
                let mut worker = new_worker();
                loop {
                    let job = lock(jobs).recv();
                    let Ok((item, answer)) = job else { return };
                    let result = match &mut worker {
                        Ok(worker) => Ok(work(worker, item)),
                        Err(error) => Err(anyhow!("{error:#}")),
                    };
                    let _ = answer.send(result);
                }
            });
        }
        let outcome = pending.iter().try_for_each(|next| {
            let (result, item_size) = next?;
            consume(result.recv().context("a worker thread ended early")??)?;
            budget.release(item_size);
            Ok(())
        });
        budget.close();
        drop(pending);
        outcome
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the bytes in flight. If no other item is in flight, an item of any size is admitted:
/// otherwise one of more than [`MAX_IN_FLIGHT`] bytes would wait forever.
#[derive(Default)]
struct ByteBudget {
    state: Mutex<BudgetState>,
    changed: Condvar,
}

#[derive(Default)]
struct BudgetState {
    used: usize,
    closed: bool,
}

impl ByteBudget {
    /// Waits until `size` more bytes may be in flight and counts them. Returns false if the budget
    /// was closed, which means that nobody will release bytes any more.
    fn acquire(&self, size: usize) -> bool {
        let mut state = self
            .changed
            .wait_while(lock(&self.state), |state| {
                state.used > 0 && state.used + size > MAX_IN_FLIGHT && !state.closed
            })
            .unwrap_or_else(PoisonError::into_inner);
        state.used += size;
        !state.closed
    }

    fn release(&self, size: usize) {
        lock(&self.state).used -= size;
        self.changed.notify_all();
    }

    fn close(&self) {
        lock(&self.state).closed = true;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    #[test]
    fn results_keep_the_order_of_the_items() {
        for threads in [1, 2, 5] {
            let mut found = Vec::new();
            in_order(
                threads,
                (0..500).map(Ok),
                |_| 1,
                || Ok(()),
                |(): &mut (), item: u64| {
                    thread::sleep(Duration::from_micros(item * 7919 % 300));
                    item * 2
                },
                |result| {
                    found.push(result);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(found, (0..500).map(|item| item * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn any_error_ends_the_run() {
        for threads in [1, 3] {
            let items =
                (0..1_000_000).map(|item| if item == 50 { bail!("item") } else { Ok(item) });
            let error = in_order(
                threads,
                items,
                |_| MAX_IN_FLIGHT / 4,
                || Ok(()),
                |(), item| item,
                |_| Ok(()),
            )
            .unwrap_err();
            assert_eq!(error.to_string(), "item");
            let error = in_order(
                threads,
                (0..).map(Ok),
                |_| MAX_IN_FLIGHT / 4,
                || Ok(()),
                |(), item: u32| item,
                |item| if item == 50 { bail!("consume") } else { Ok(()) },
            )
            .unwrap_err();
            assert_eq!(error.to_string(), "consume");
            let error = in_order(
                threads,
                (0..9).map(Ok),
                |_| 1,
                || -> Result<u8> { bail!("worker") },
                |_, item: u32| item,
                |_| Ok(()),
            );
            assert_eq!(error.unwrap_err().to_string(), "worker");
        }
    }

    #[test]
    fn bytes_in_flight_are_bounded() {
        let (read, max_in_flight) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut done = 0;
        let items = (0..200).map(|item| {
            read.fetch_add(1, Ordering::SeqCst);
            Ok(item)
        });
        in_order(
            4,
            items,
            |_| MAX_IN_FLIGHT / 3,
            || Ok(()),
            |(), item: i32| item,
            |_| {
                done += 1;
                max_in_flight.fetch_max(read.load(Ordering::SeqCst) - done, Ordering::SeqCst);
                thread::sleep(Duration::from_micros(100));
                Ok(())
            },
        )
        .unwrap();
        assert!(
            max_in_flight.load(Ordering::SeqCst) <= 4,
            "{max_in_flight:?}"
        );
    }
}
