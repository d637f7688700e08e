//! Checks what must hold for every CSV file, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::csv::check(data));
