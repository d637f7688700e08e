//! Checks what must hold for every Parquet file, with libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dechaff::fuzzing::parquet::check(data));
