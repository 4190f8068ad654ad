//! How soon a loop looks again. Under load many calls wake it, and each look is a commit: a
//! moment's wait lets one look serve them all.

use std::time::Duration;

/// From being woken to looking, after a look that found so much.
pub fn gather(found: usize) -> Duration {
    Duration::from_millis(if found > 1 { 10 } else { 2 })
}
