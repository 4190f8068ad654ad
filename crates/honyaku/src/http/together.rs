//! What costs a server less when it is done for several calls at once: who comes while others are served
//! waits for them to be done, and is then served with all who came meanwhile. Nobody waits for others to come.

use service::Error;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::sql;
use tokio::sync::oneshot;

/// Items that wait, by what they have in common; each has an outcome of its own. What is here is being
/// served, though nothing may wait.
pub struct Together<W, I, O> {
    waiting: Mutex<HashMap<W, VecDeque<Seat<I, O>>>>,
    most: usize,
    size: fn(&I) -> usize,
}

/// An item that waits, and where its outcome goes.
struct Seat<I, O> {
    item: I,
    reply: oneshot::Sender<O>,
}

impl<W, I, O> Together<W, I, O>
where
    W: Copy + Eq + Hash + Send + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    /// Serves at least one item at a time, and no more than `most` of what `size` counts.
    pub fn new(most: usize, size: fn(&I) -> usize) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), most, size })
    }

    /// Has an item served with others. `all` serves them: an outcome for each, in the order given. Whoever
    /// comes first gives it for all who come meanwhile: it may depend on nothing but the items. It goes on to the
    /// end though nobody may wait any more. None: it fell.
    pub async fn serve<F>(
        self: &Arc<Self>,
        who: W,
        item: I,
        all: impl Fn(Vec<I>) -> F + Send + 'static,
    ) -> Option<O>
    where
        F: Future<Output = Vec<O>> + Send + 'static,
    {
        let (reply, outcome) = oneshot::channel();
        if self.take_seat(who, Seat { item, reply }) {
            let serving = Serving { together: Arc::clone(self), who, is_over: false };
            tokio::spawn(serving.until_nobody_waits(all));
        }
        outcome.await.ok()
    }

    /// True if nobody serves this one yet: whoever was told so does.
    fn take_seat(&self, who: W, seat: Seat<I, O>) -> bool {
        let mut waiting = self.lock();
        let is_first = !waiting.contains_key(&who);
        waiting.entry(who).or_default().push_back(seat);
        is_first
    }

    /// The next to be served. None: nobody waits, and nobody serves this one any more.
    fn next(&self, who: W) -> Option<Vec<Seat<I, O>>> {
        let mut waiting = self.lock();
        let seats = waiting.get_mut(&who)?;
        let (mut next, mut room) = (Vec::new(), self.most);
        while let Some(seat) = seats.pop_front_if(|seat| next.is_empty() || (self.size)(&seat.item) <= room) {
            room = room.saturating_sub((self.size)(&seat.item));
            next.push(seat);
        }
        if next.is_empty() {
            waiting.remove(&who);
            return None;
        }
        Some(next)
    }
}

impl<W, I, O> Together<W, I, O> {
    fn lock(&self) -> MutexGuard<'_, HashMap<W, VecDeque<Seat<I, O>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one until nobody waits.
struct Serving<W: Copy + Eq + Hash, I, O> {
    together: Arc<Together<W, I, O>>,
    who: W,
    is_over: bool,
}

impl<W, I, O> Serving<W, I, O>
where
    W: Copy + Eq + Hash + Send + 'static,
    I: Send + 'static,
    O: Send + 'static,
{
    async fn until_nobody_waits<F>(mut self, all: impl Fn(Vec<I>) -> F)
    where
        F: Future<Output = Vec<O>>,
    {
        while let Some(seats) = self.together.next(self.who) {
            let (items, replies): (Vec<_>, Vec<_>) =
                seats.into_iter().map(|seat| (seat.item, seat.reply)).unzip();
            for (reply, outcome) in replies.into_iter().zip(all(items).await) {
                // Who does not wait any more is served all the same.
                let _ = reply.send(outcome);
            }
        }
        self.is_over = true;
    }
}

impl<W: Copy + Eq + Hash, I, O> Drop for Serving<W, I, O> {
    /// If it fell, whoever waits is told so, and the next one is served again.
    fn drop(&mut self) {
        if !self.is_over {
            self.together.lock().remove(&self.who);
        }
    }
}

/// What becomes of each of so many, if something became of all.
pub fn each<T>(all: Result<Vec<T>, Error>, count: usize) -> Vec<Result<T, Error>> {
    match all {
        Ok(outcomes) => outcomes.into_iter().map(Ok).collect(),
        Err(error) if count == 1 => vec![Err(error)],
        Err(error) => {
            let text = format!("calls that were served together: {error}");
            let passed_on = |_| match error.is_unavailable() {
                true => Err(sql::Error::Unavailable(text.clone()).into()),
                false => Err(Error::Broken(text.clone())),
            };
            (0..count).map(passed_on).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::Semaphore;

    type Numbers = Together<char, usize, Vec<usize>>;

    /// Serves numbers, each of which is as large as it says; the outcome is who was served together.
    async fn serve(
        numbers: Arc<Numbers>,
        who: char,
        number: usize,
        may: Arc<Semaphore>,
    ) -> Option<Vec<usize>> {
        let all = move |items: Vec<usize>| {
            let may = Arc::clone(&may);
            async move {
                may.acquire().await.unwrap().forget();
                assert!(!items.contains(&13), "as asked for");
                vec![items.clone(); items.len()]
            }
        };
        numbers.serve(who, number, all).await
    }

    /// What becomes of numbers that come one after the other while the first is served.
    async fn outcomes(of: &[(char, usize)]) -> Vec<Option<Vec<usize>>> {
        let (numbers, may) = (Together::new(10, |number| *number), Arc::new(Semaphore::new(0)));
        let mut tasks = Vec::new();
        for (who, number) in of.iter().copied() {
            tasks.push(tokio::spawn(serve(Arc::clone(&numbers), who, number, Arc::clone(&may))));
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
        }
        may.add_permits(of.len());
        let mut outcomes = Vec::new();
        for task in tasks {
            outcomes.push(task.await.unwrap());
        }
        assert!(numbers.lock().is_empty(), "nobody is served any more");
        outcomes
    }

    #[tokio::test]
    async fn who_comes_while_another_is_served_is_served_with_all_who_came_meanwhile() {
        let of = [('a', 1), ('a', 2), ('b', 3), ('a', 4)];
        let expected = [vec![1], vec![2, 4], vec![3], vec![2, 4]].map(Some);
        assert_eq!(outcomes(&of).await, expected);
    }

    #[tokio::test]
    async fn so_many_are_served_at_once_as_there_is_room_for_and_at_least_one() {
        let of = [11, 4, 6, 1, 12, 3].map(|number| ('a', number));
        let expected = [vec![11], vec![4, 6], vec![4, 6], vec![1], vec![12], vec![3]].map(Some);
        assert_eq!(outcomes(&of).await, expected);
    }

    #[tokio::test]
    async fn a_fall_is_told_to_whoever_waits_and_not_to_the_next() {
        let (numbers, may) = (Together::new(10, |number| *number), Arc::new(Semaphore::new(9)));
        let falls = serve(Arc::clone(&numbers), 'a', 13, Arc::clone(&may));
        let waits = serve(Arc::clone(&numbers), 'a', 1, Arc::clone(&may));
        assert_eq!(tokio::join!(falls, waits), (None, None));
        assert_eq!(serve(numbers, 'a', 2, may).await, Some(vec![2]));
    }

    #[tokio::test]
    async fn what_was_begun_is_done_though_nobody_waits_any_more() {
        let (numbers, may) = (Together::new(10, |number| *number), Arc::new(Semaphore::new(0)));
        let gone = tokio::spawn(serve(Arc::clone(&numbers), 'a', 1, Arc::clone(&may)));
        tokio::task::yield_now().await;
        gone.abort();
        let next = tokio::spawn(serve(Arc::clone(&numbers), 'a', 2, Arc::clone(&may)));
        tokio::task::yield_now().await;
        may.add_permits(2);
        assert_eq!(next.await.unwrap(), Some(vec![2]));
        assert_eq!(may.available_permits(), 0, "both were served");
    }
}
