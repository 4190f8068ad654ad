//! Work that goes on to its end, whatever becomes of whoever waits for it.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

/// Done by whoever waits for it: a task of its own from the start would wake another thread for
/// each call. When nobody waits any more, what is left gets one.
pub struct ToItsEnd<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

/// The work panicked, with these words.
#[derive(Debug, PartialEq, Eq)]
pub struct Panicked(pub String);

impl<T: Send + 'static> ToItsEnd<T> {
    /// Of this work.
    pub fn new(work: Pin<Box<dyn Future<Output = T> + Send>>) -> Self {
        Self(Some(work))
    }
}

impl<T: Send + 'static> Future for ToItsEnd<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, waker: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else {
            return Poll::Ready(Err(Panicked("it has ended before".into())));
        };
        let outcome = match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(waker))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(result)) => Ok(result),
            Err(panic) => Err(Panicked(words(panic.as_ref()))),
        };
        self.0 = None;
        Poll::Ready(outcome)
    }
}

impl<T: Send + 'static> Drop for ToItsEnd<T> {
    fn drop(&mut self) {
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a word".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::sync::oneshot;

    /// Work that waits for a word and passes it on.
    fn relay() -> (oneshot::Sender<u8>, ToItsEnd<u8>, oneshot::Receiver<u8>) {
        let ((say, heard), (pass, passed)) = (oneshot::channel(), oneshot::channel());
        let work = ToItsEnd::new(Box::pin(async move {
            let word = heard.await.unwrap();
            pass.send(word).unwrap();
            word
        }));
        (say, work, passed)
    }

    #[tokio::test]
    async fn what_was_begun_is_done_though_nobody_waits_any_more() {
        let (say, work, passed) = relay();
        assert!(tokio::time::timeout(Duration::from_millis(5), work).await.is_err());
        say.send(7).unwrap();
        assert_eq!(passed.await, Ok(7));
    }

    #[tokio::test]
    async fn who_waits_gets_the_result() {
        let (say, work, passed) = relay();
        say.send(7).unwrap();
        assert_eq!(work.await, Ok(7));
        assert_eq!(passed.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_told_and_not_repeated() {
        let number = 3;
        let mut work = ToItsEnd::<()>::new(Box::pin(async move { panic!("no {number}") }));
        assert_eq!((&mut work).await, Err(Panicked("no 3".into())));
        assert!((&mut work).await.is_err());
    }
}
