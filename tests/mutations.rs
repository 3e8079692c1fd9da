//! Files of every format, damaged at random: read as far as they go or refused, and never a panic, a hang or a row that was
//! not there. The damage is the same at every run.

use crate::corpus::targets::{let_readers_give_up, read};
use ahu::ingest::Config;

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..1 + random.below(6) {
        let (at, n) = (random.below(out.len()), 1 + random.below(16));
        let end = (at + n).min(out.len());
        match random.below(6) {
            0 => out[at] ^= 1 << random.below(8),
            1 => out[at] = [0, 0xff, b'"', b',', b'\n', b'{', b'<', 0x80][random.below(8)],
            2 => drop(out.drain(at..end)),
            3 => {
                let piece = out[at..end].to_vec();
                let to = random.below(out.len());
                out.splice(to..to, piece);
            }
            4 => out.truncate(at.max(1)),
            _ => out[at..end].iter_mut().for_each(|b| *b = random.below(256) as u8),
        }
        if out.is_empty() {
            out.push(0);
        }
    }
    out
}

#[test]
fn damage_is_survived() {
    let_readers_give_up();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let seeds = crate::formats::seeds();
    for (name, bytes, rounds) in &seeds {
        assert!(read(bytes, &Config::default()) > 0, "{name} as it is");
        for _ in 0..*rounds {
            // Ten times its rows would be rows made up.
            let rows = read(&damaged(bytes, &mut random), &Config::default());
            assert!(rows <= 64 * 10, "{name}: {rows} rows");
        }
    }
}
