//! How soon a loop looks again. Under load many calls wake it, and each look is a commit: a
//! moment's wait lets one look serve them all.

use crate::app::real_now;
use domain::ids::Timestamp;
use std::time::Duration;
use store::sql::Alarm;
use tokio::sync::watch;

/// Sleeps until `next`, `idle` at the longest; true if woken because something is due before.
pub async fn sleep(
    alarm: &Alarm,
    next: Option<Timestamp>,
    idle: Duration,
    stop: &mut watch::Receiver<bool>,
) -> bool {
    let now = real_now();
    let idle = now.plus_ms(idle.as_millis() as i64);
    tokio::select! {
        woken = alarm.sleep(now, next.map_or(idle, |next| next.min(idle))) => woken,
        _ = stop.changed() => false,
    }
}

/// From being woken to looking, after a look that found so much.
pub fn gather(found: usize) -> Duration {
    Duration::from_millis(if found > 1 { 10 } else { 2 })
}
