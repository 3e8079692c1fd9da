//! Which rows were seen before: 12 bytes a row in memory, and beyond a bound sorted runs on disk behind small filters.
//!
//! A row is known by 101 bits of a 128-bit hash: 5 choose its shard, 96 are stored. Of 100 million different rows two are
//! taken for the same with a probability of about 10⁻¹⁴.

use crate::error::{Error, Result};
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

const SHARDS: usize = 32;
/// A shard grows by an eighth when it is nine tenths full: less memory lies idle than with doubling.
const GROWTH: (usize, usize) = (9, 8);
const LOAD: (usize, usize) = (9, 10);
/// Rows kept in memory before they are written out as a run.
const DEFAULT_BOUND: usize = 12_000_000;
/// Stored keys a block of a run holds; one read finds a key.
const BLOCK_KEYS: usize = 256;
const KEY_BYTES: usize = 12;
const FILTER_BITS_PER_KEY: usize = 8;

type Key = [u32; 3];
const EMPTY: Key = [0; 3];

/// The rows seen so far.
pub struct SeenRows {
    shards: Vec<Shard>,
    in_memory: usize,
    bound: usize,
    runs: Vec<Run>,
}

#[derive(Default)]
struct Shard {
    slots: Vec<Key>,
    used: usize,
}

/// A sorted run of keys in a temporary file, removed by the system when it is closed.
struct Run {
    file: File,
    /// First key of each block, with its shard.
    index: Vec<(u8, Key)>,
    keys: usize,
    filter: Vec<u64>,
}

impl Default for SeenRows {
    fn default() -> Self {
        Self::with_bound(DEFAULT_BOUND)
    }
}

impl SeenRows {
    /// Keeps at most `bound` rows in memory.
    #[must_use]
    pub fn with_bound(bound: usize) -> SeenRows {
        SeenRows { shards: (0..SHARDS).map(|_| Shard::default()).collect(), in_memory: 0, bound: bound.max(1), runs: Vec::new() }
    }

    /// Adds a row by its hash; returns whether it is new.
    ///
    /// # Errors
    /// What writing or reading the temporary files gave.
    pub fn insert(&mut self, hash: u128) -> Result<bool> {
        let shard = (hash >> 123) as u8;
        let mut key = [hash as u32, (hash >> 32) as u32, (hash >> 64) as u32];
        if key == EMPTY {
            key[2] = 1;
        }
        if self.shards[shard as usize].contains(key) {
            return Ok(false);
        }
        for run in &mut self.runs {
            if run.contains(shard, key).map_err(|e| Error::io("temporary file of rows seen", "read", &e))? {
                return Ok(false);
            }
        }
        self.shards[shard as usize].insert(key);
        self.in_memory += 1;
        if self.in_memory >= self.bound {
            let run = Run::write(&mut self.shards).map_err(|e| Error::io("temporary file of rows seen", "write", &e))?;
            self.runs.push(run);
            self.in_memory = 0;
        }
        Ok(true)
    }
}

/// The slot where the search for a key begins: its first 32 bits scaled to the table.
fn home(key: Key, slots: usize) -> usize {
    ((u64::from(key[0]) * slots as u64) >> 32) as usize
}

impl Shard {
    fn contains(&self, key: Key) -> bool {
        if self.slots.is_empty() {
            return false;
        }
        let mut i = home(key, self.slots.len());
        loop {
            let slot = self.slots[i];
            if slot == key {
                return true;
            }
            if slot == EMPTY {
                return false;
            }
            i = if i + 1 == self.slots.len() { 0 } else { i + 1 };
        }
    }

    fn insert(&mut self, key: Key) {
        if (self.used + 1) * LOAD.1 > self.slots.len() * LOAD.0 {
            let size = (self.slots.len() * GROWTH.0 / GROWTH.1).max(self.slots.len() + 16);
            let old = std::mem::replace(&mut self.slots, vec![EMPTY; size]);
            for key in old.into_iter().filter(|k| *k != EMPTY) {
                self.place(key);
            }
        }
        self.place(key);
        self.used += 1;
    }

    fn place(&mut self, key: Key) {
        let mut i = home(key, self.slots.len());
        while self.slots[i] != EMPTY {
            i = if i + 1 == self.slots.len() { 0 } else { i + 1 };
        }
        self.slots[i] = key;
    }
}

impl Run {
    fn write(shards: &mut [Shard]) -> std::io::Result<Run> {
        let keys: usize = shards.iter().map(|s| s.used).sum();
        let mut run = Run { file: tempfile::tempfile()?, index: Vec::new(), keys, filter: vec![0; keys * FILTER_BITS_PER_KEY / 64 + 1] };
        let mut out = BufWriter::new(run.file.try_clone()?);
        let mut written = 0;
        for (n, shard) in shards.iter_mut().enumerate() {
            let mut keys: Vec<Key> = std::mem::take(shard).slots.into_iter().filter(|k| *k != EMPTY).collect();
            keys.sort_unstable();
            for key in keys {
                if written % BLOCK_KEYS == 0 {
                    run.index.push((n as u8, key));
                }
                for bit in filter_bits(n as u8, key, run.filter.len()) {
                    run.filter[bit / 64] |= 1 << (bit % 64);
                }
                for part in key {
                    out.write_all(&part.to_le_bytes())?;
                }
                written += 1;
            }
        }
        out.flush()?;
        drop(out);
        Ok(run)
    }

    fn contains(&mut self, shard: u8, key: Key) -> std::io::Result<bool> {
        let maybe = filter_bits(shard, key, self.filter.len()).iter().all(|bit| self.filter[bit / 64] & (1 << (bit % 64)) != 0);
        if !maybe {
            return Ok(false);
        }
        let Some(block) = self.index.partition_point(|first| *first <= (shard, key)).checked_sub(1) else { return Ok(false) };
        let keys = BLOCK_KEYS.min(self.keys - block * BLOCK_KEYS);
        let mut bytes = [0u8; BLOCK_KEYS * KEY_BYTES];
        let bytes = &mut bytes[..keys * KEY_BYTES];
        self.file.seek(SeekFrom::Start((block * BLOCK_KEYS * KEY_BYTES) as u64))?;
        self.file.read_exact(bytes)?;
        let wanted = key.map(u32::to_le_bytes).concat();
        // A block may hold the end of one shard and the start of the next; equal keys of two shards are told apart by the index only
        // at block borders, which 96 equal bits make irrelevant.
        Ok(bytes.chunks_exact(KEY_BYTES).any(|k| k == wanted))
    }
}

/// Three bits of a Bloom filter of `words` 64-bit words.
fn filter_bits(shard: u8, key: Key, words: usize) -> [usize; 3] {
    let bits = words as u64 * 64;
    let a = u64::from(key[1]) << 32 | u64::from(key[2]);
    let b = (u64::from(key[2]) << 32 | u64::from(key[0]).rotate_left(7)) ^ u64::from(shard) << 13;
    [a, a.wrapping_add(b.wrapping_mul(0x9E37_79B9_7F4A_7C15)), a.wrapping_mul(0xC2B2_AE3D_27D4_EB4F).wrapping_add(b)]
        .map(|h| ((u128::from(h) * u128::from(bits)) >> 64) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use xxhash_rust::xxh3::xxh3_128;

    #[test]
    fn agrees_with_a_hash_set_in_memory_and_on_disk() {
        for bound in [10, 1000, 1_000_000] {
            let (mut seen, mut truth) = (SeenRows::with_bound(bound), HashSet::new());
            for i in 0..20_000u64 {
                let n = i.wrapping_mul(2_654_435_761) % 7_000;
                let hash = xxh3_128(&n.to_le_bytes());
                assert_eq!(seen.insert(hash).unwrap(), truth.insert(n), "row {i} with bound {bound}");
                if seen.runs.len() > 300 {
                    break;
                }
            }
        }
    }

    #[test]
    fn memory_is_at_most_sixteen_bytes_a_row() {
        let mut seen = SeenRows::default();
        for i in 0..1_000_000u64 {
            seen.insert(xxh3_128(&i.to_le_bytes())).unwrap();
        }
        let bytes: usize = seen.shards.iter().map(|s| s.slots.capacity() * KEY_BYTES).sum();
        assert!(bytes <= 16 * 1_000_000, "{bytes}");
    }
}
