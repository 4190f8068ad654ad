//! A large request needs little more memory than its body and what is decoded from it.
//! Alone in its file, because it looks at the memory of the whole process.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use wire::params::Params;

const BODY_BYTES: u64 = 32 << 20;

/// What 250 MB are to the largest body, 100 MB.
const ALLOWED_BYTES: u64 = BODY_BYTES * 5 / 2;

/// The most memory that the process ever had.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn jobs() -> Vec<u8> {
    let mut body = b"api_key=k&data={\"jobs\":{".to_vec();
    let source = "lorem+ipsum+%E6%97%A5%22".repeat(100).replace("%22", "\\%22");
    let mut job = 0;
    while (body.len() as u64) < BODY_BYTES {
        let comma = if job == 0 { "" } else { "," };
        body.extend(format!("{comma}\"job_{job}\":{{\"body_src\":\"{source}\",\"tier\":\"pro\"}}").bytes());
        job += 1;
    }
    body.extend(b"}}");
    body
}

#[test]
fn a_large_form_needs_little_more_than_twice_its_size() {
    let body = jobs();
    let before = peak_bytes() - body.len() as u64;

    let mut params = Params::decode(false, None, None, body).unwrap();
    let data = params.data_object().unwrap();

    let used = peak_bytes() - before;
    assert_eq!(data.object.len(), 1);
    assert!(used < ALLOWED_BYTES, "{} MB for a body of {} MB", used >> 20, BODY_BYTES >> 20);
}
