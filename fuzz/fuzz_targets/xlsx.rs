#![no_main]

libfuzzer_sys::fuzz_target!(init: ahu_fuzz::let_readers_give_up(), |bytes: &[u8]| ahu_fuzz::xlsx(bytes));
