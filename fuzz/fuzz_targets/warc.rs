//! Checks what must hold for every WARC file, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::warc::check(data));
