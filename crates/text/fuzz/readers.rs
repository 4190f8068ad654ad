//! What one input is put through: no panic, the fast ways count as the step-by-step one does, and protected spans
//! are in order. Used by the fuzz target beside this file, and by `tests/fuzz_corpus.rs` with a fixed number of inputs.

use text::count::{Unit, count_step_by_step};
use text::length;
use text::protected::spans;

/// A text whose units are counted.
pub fn count(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    for unit in [Unit::Word, Unit::Character] {
        assert_eq!(text::count::count(&text, unit), count_step_by_step(&text, unit), "{text:?}");
    }
    let mut end = 0;
    for span in spans(&text) {
        assert!(
            span.start >= end && span.end > span.start && text.get(span.start..span.end).is_some(),
            "{text:?}"
        );
        end = span.end;
    }
    length::graphemes(&text);
}
