//! Files of every format, damaged at random: read as far as they go or refused, and never a panic, a hang or a row that was
//! not there. The damage is the same at every run.

use ahu::error::ErrorKind;
use ahu::ingest::cells::Cells;
use ahu::ingest::{Config, Opened, Reader};
use std::io::Cursor;

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

/// Reads everything; the number of rows that could be read.
fn read(bytes: Vec<u8>) -> usize {
    let accept = |e: ahu::error::Error| assert!(e.kind != ErrorKind::Accounting, "{e}");
    let mut queue = vec![match Reader::from_stream("bytes", Box::new(Cursor::new(bytes)), &Config::default()) {
        Ok(opened) => opened,
        Err(e) => {
            accept(e);
            return 0;
        }
    }];
    let mut rows = 0;
    while let Some(opened) = queue.pop() {
        match opened {
            Opened::Empty(_) => {}
            Opened::Parts(parts, _) => {
                for part in parts {
                    match Reader::open(&part, &Config::default(), true, true) {
                        Ok(opened) => queue.push(opened),
                        Err(e) => accept(e),
                    }
                }
            }
            Opened::Reader(mut reader) => {
                let layout = reader.layout().clone();
                let mut cells = Cells::new(layout.delimiter);
                loop {
                    match reader.next_batch() {
                        Ok(None) => {
                            if let Err(e) = reader.finish() {
                                accept(e);
                            }
                            break;
                        }
                        Ok(Some(batch)) => {
                            for row in &batch.rows {
                                if layout.split(row, &batch.text, &mut cells).is_ok() {
                                    let line = &batch.text[row.text.clone()];
                                    let _ = ahu::mask::mask(&layout.ticket(row, line, &cells).text);
                                    rows += 1;
                                }
                            }
                        }
                        Err(e) => {
                            accept(e);
                            break;
                        }
                    }
                }
            }
        }
    }
    rows
}

#[test]
fn damage_is_survived() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let seeds = crate::formats::seeds();
    for (name, bytes, rounds) in &seeds {
        assert!(read(bytes.clone()) > 0, "{name} as it is");
        for _ in 0..*rounds {
            // Ten times its rows would be rows made up.
            let rows = read(damaged(bytes, &mut random));
            assert!(rows <= 64 * 10, "{name}: {rows} rows");
        }
    }
}
