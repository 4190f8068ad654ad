//! The log: one structured line a request on stderr.

use crate::config::Config;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging as the settings say.
pub fn start(config: &Config) {
    let level = config.text("log.level").parse().unwrap_or(LevelFilter::INFO);
    let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level);
    // A second start in one process keeps the first one's log.
    let _ = if config.text("log.format") == "json" {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.compact().with_ansi(false).try_init()
    };
}
