//! The nearest real path, for the answer to a path that does not exist.
//!
//! Paths are compared segment by segment; a placeholder such as `{id}` stands for any
//! segment with a digit in it.

use strsim::damerau_levenshtein;

/// Most segments of a path that are looked at: more than any real one has, and little
/// work for an unreal one.
const SEGMENTS_MAX: usize = 12;

/// Most characters of a segment that are looked at.
const SEGMENT_MAX_CHARS: usize = 40;

/// The known path that needs the fewest changes to become `path`; the first of several.
/// `None` only if no path is known.
pub fn nearest<'k>(path: &str, known: &[&'k str]) -> Option<&'k str> {
    let segments = split(path);
    known.iter().copied().min_by_key(|candidate| distance(&segments, &split(candidate)))
}

fn split(path: &str) -> Vec<String> {
    path.split('/')
        .filter(|segment| !segment.is_empty())
        .take(SEGMENTS_MAX)
        .map(|segment| segment.chars().take(SEGMENT_MAX_CHARS).collect::<String>().to_lowercase())
        .collect()
}

/// Edit distance over segments, where changing one segment into another costs their
/// own edit distance, and one more or less costs its length.
fn distance(path: &[String], known: &[String]) -> usize {
    let mut row: Vec<usize> = prefix_costs(known);
    for segment in path {
        let mut diagonal = row[0];
        row[0] += cost_of_one(segment);
        for (column, target) in known.iter().enumerate() {
            let changed = diagonal + change(segment, target);
            diagonal = row[column + 1];
            row[column + 1] =
                changed.min(diagonal + cost_of_one(segment)).min(row[column] + cost_of_one(target));
        }
    }
    row[known.len()]
}

fn prefix_costs(known: &[String]) -> Vec<usize> {
    let costs = known.iter().scan(0, |sum, segment| {
        *sum += cost_of_one(segment);
        Some(*sum)
    });
    std::iter::once(0).chain(costs).collect()
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

fn cost_of_one(segment: &str) -> usize {
    if is_placeholder(segment) { 2 } else { segment.chars().count() }
}

fn change(segment: &str, target: &str) -> usize {
    match (is_placeholder(target), segment.contains(|character: char| character.is_ascii_digit())) {
        (true, true) => 0,
        (true, false) => segment.chars().count(),
        (false, _) => damerau_levenshtein(segment, target),
    }
}
