//! Work on several threads whose results come in the order of the work: one thread reads, some work, and the caller's
//! takes the results. What is in flight is bounded by number and by bytes.

use anyhow::{Context, Result};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// So many bytes may be in flight before the reader waits.
const ROOM: usize = 48 << 20;

/// Gives each item to a worker and each result, in the order of the items, to `each`. With one thread all happens on the
/// caller's. Ends at the first error of an item or of `each`.
///
/// # Errors
/// That error.
pub fn in_order<I: Send, W, O: Send>(
    threads: usize,
    items: impl Iterator<Item = Result<I>> + Send,
    weigh: impl Fn(&I) -> usize + Sync,
    worker: impl Fn() -> Result<W> + Sync,
    work: impl Fn(&mut W, I) -> O + Sync,
    mut each: impl FnMut(O) -> Result<()>,
) -> Result<()> {
    if threads <= 1 {
        let mut own = worker()?;
        return items
            .into_iter()
            .try_for_each(|item| each(work(&mut own, item?)));
    }
    let room = ByteBudget::default();
    let (give, take) = sync_channel::<(I, SyncSender<Result<O>>)>(threads * 2);
    let (line_up, line) = sync_channel::<Result<(Receiver<Result<O>>, usize)>>(threads * 4);
    let take = Mutex::new(take);
    thread::scope(|scope| {
        let (room, weigh, worker, work, take) = (&room, &weigh, &worker, &work, &take);
        scope.spawn(move || {
            for item in items {
                let item = match item {
                    Ok(item) => item,
                    Err(error) => {
                        let _ = line_up.send(Err(error));
                        return;
                    }
                };
                let weight = weigh(&item);
                let (answer, result) = sync_channel(1);
                // Each of these fails once nobody takes results any more.
                if !room.enter(weight)
                    || line_up.send(Ok((result, weight))).is_err()
                    || give.send((item, answer)).is_err()
                {
                    return;
                }
            }
        });
        for _ in 0..threads {
            scope.spawn(move || {
                let mut own = worker();
                loop {
                    let next = lock(take).recv();
                    let Ok((item, answer)) = next else { return };
                    let result = match &mut own {
                        Ok(own) => Ok(work(own, item)),
                        Err(error) => Err(anyhow::anyhow!("{error:#}")),
                    };
                    let _ = answer.send(result);
                }
            });
        }
        let mut results = line.iter();
        let outcome = results.try_for_each(|next| {
            let (result, weight) = next?;
            each(result.recv().context("a thread ended early")??)?;
            room.leave(weight);
            Ok(())
        });
        room.close();
        drop(line);
        outcome
    })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts the bytes in flight. One item always fits, so that a large one need not be smaller than the room.
#[derive(Default)]
struct ByteBudget {
    state: Mutex<BudgetState>,
    changed: Condvar,
}

#[derive(Default)]
struct BudgetState {
    taken: usize,
    closed: bool,
}

impl ByteBudget {
    /// Waits for room; false if there will be none.
    fn enter(&self, weight: usize) -> bool {
        let is_full = |state: &mut BudgetState| {
            state.taken > 0 && state.taken + weight > ROOM && !state.closed
        };
        let mut state = self
            .changed
            .wait_while(lock(&self.state), is_full)
            .unwrap_or_else(PoisonError::into_inner);
        state.taken += weight;
        !state.closed
    }

    fn leave(&self, weight: usize) {
        lock(&self.state).taken -= weight;
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
            let work = |(): &mut (), item: u64| {
                thread::sleep(Duration::from_micros(item * 7919 % 300));
                item * 2
            };
            in_order(
                threads,
                (0..500).map(Ok),
                |_| 1,
                || Ok(()),
                work,
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
    fn an_error_anywhere_ends_it() {
        for threads in [1, 3] {
            let items =
                (0..1_000_000).map(|item| if item == 50 { bail!("item") } else { Ok(item) });
            let error = in_order(
                threads,
                items,
                |_| ROOM / 4,
                || Ok(()),
                |(), item| item,
                |_| Ok(()),
            )
            .unwrap_err();
            assert_eq!(error.to_string(), "item");
            let each = |item| if item == 50 { bail!("each") } else { Ok(()) };
            let error = in_order(
                threads,
                (0..).map(Ok),
                |_| ROOM / 4,
                || Ok(()),
                |(), item: u32| item,
                each,
            )
            .unwrap_err();
            assert_eq!(error.to_string(), "each");
            let worker = || -> Result<u8> { bail!("worker") };
            let error = in_order(
                threads,
                (0..9).map(Ok),
                |_| 1,
                worker,
                |_, item: u32| item,
                |_| Ok(()),
            );
            assert_eq!(error.unwrap_err().to_string(), "worker");
        }
    }

    #[test]
    fn only_so_much_is_in_flight() {
        let (read, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let mut done = 0;
        let items = (0..200).map(|item| {
            read.fetch_add(1, Ordering::SeqCst);
            Ok(item)
        });
        let each = |_: i32| {
            done += 1;
            most.fetch_max(read.load(Ordering::SeqCst) - done, Ordering::SeqCst);
            thread::sleep(Duration::from_micros(100));
            Ok(())
        };
        in_order(4, items, |_| ROOM / 3, || Ok(()), |(), item| item, each).unwrap();
        assert!(most.load(Ordering::SeqCst) <= 4, "{most:?}");
    }
}
