//! Counting in bytes per second: ASCII prose, mixed text, and a plain UAX #29 word loop on
//! the same texts.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use text::count::{Unit, count};
use unicode_segmentation::UnicodeSegmentation;

fn plain(text: &str) -> usize {
    text.unicode_words().count()
}

fn counting(c: &mut Criterion) {
    let ascii =
        "The quick brown fox jumps over the lazy dog, and it doesn't mind the 3.14 state-of-the-art fences. "
            .repeat(2_000);
    let mixed = "Die schnelle Füchsin springt über 12 faule Hunde; «Où est-elle?» demanda-t-il. \
        今日は晴れです。Visit https://example.com/a?b=c or mail info@example.com. <b>Bold</b> {name} %s. \
        Съешь же ещё этих мягких французских булок. \n"
        .repeat(1_000);
    let mut group = c.benchmark_group("count");
    for (name, text) in [("ascii", &ascii), ("mixed", &mixed)] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(format!("{name}/ours"), |b| b.iter(|| count(black_box(text), Unit::Word)));
        group.bench_function(format!("{name}/plain-uax29"), |b| b.iter(|| plain(black_box(text))));
    }
    group.finish();
}

criterion_group!(benches, counting);
criterion_main!(benches);
