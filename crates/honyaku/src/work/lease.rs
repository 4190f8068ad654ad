//! How long a node may be silent before others take over what it has leased: they look once a second, and
//! within five seconds all goes on.

use std::time::Duration;

/// A lease on a database that other nodes may share.
pub const SHORT_MS: i64 = 3_000;
/// What takes longer has its leases prolonged so often.
pub const PROLONGED_EACH: Duration = Duration::from_secs(1);
