//! Where randomness comes from: identities of streams and shards, request ids, nonces of sealed tokens.
//! Nothing else on the node draws random numbers, so a simulation can replay a run from its seed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use ring::rand::{SecureRandom, SystemRandom};

/// A source of random bytes.
pub trait Entropy: Send + Sync + 'static {
    /// Fills `bytes` with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// The nonce of a sealed token.
    fn nonce(&self) -> [u8; 12] {
        let mut bytes = [0; 12];
        self.fill(&mut bytes);
        bytes
    }

    /// 128 random bits: identities that are never reused.
    fn random_u128(&self) -> u128 {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        u128::from_be_bytes(bytes)
    }
}

/// Bytes that are drawn from the operating system at a time: those of some forty requests. Each draw is a system call.
const POOL_BYTES: usize = 4096;

/// The operating system's generator. What it gave is kept until it is asked for, and no longer.
pub struct SystemEntropy {
    system: SystemRandom,
    pool: Mutex<Pool>,
}

/// Bytes that were drawn; the first `left` of them were not given to anybody.
struct Pool {
    bytes: Box<[u8; POOL_BYTES]>,
    left: usize,
}

impl SystemEntropy {
    /// The operating system's generator.
    #[allow(
        clippy::new_without_default,
        reason = "a source of randomness is chosen, not defaulted to"
    )]
    pub fn new() -> Self {
        Self {
            system: SystemRandom::new(),
            pool: Mutex::new(Pool {
                bytes: Box::new([0; POOL_BYTES]),
                left: 0,
            }),
        }
    }

    fn draw(&self, bytes: &mut [u8]) {
        self.system
            .fill(bytes)
            .expect("getrandom does not fail once the machine has booted");
    }
}

impl fmt::Debug for SystemEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The pool is the secrets of requests to come.
        f.debug_struct("SystemEntropy").finish_non_exhaustive()
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > POOL_BYTES {
            return self.draw(bytes);
        }
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.left < bytes.len() {
            self.draw(&mut *pool.bytes);
            pool.left = POOL_BYTES;
        }
        let end = pool.left;
        pool.left -= bytes.len();
        let given = pool.left..end;
        bytes.copy_from_slice(&pool.bytes[given.clone()]);
        // Nobody gets the same bytes again, nor finds them in the memory of the process.
        pool.bytes[given].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nothing_is_given_twice_and_no_length_is_left_out() {
        let entropy = SystemEntropy::new();
        let drawn: HashSet<u128> = (0..10 * POOL_BYTES)
            .map(|_| entropy.random_u128())
            .collect();
        assert_eq!(drawn.len(), 10 * POOL_BYTES);
        for length in [
            16,
            POOL_BYTES - 1,
            POOL_BYTES,
            POOL_BYTES + 1,
            3 * POOL_BYTES,
        ] {
            let mut bytes = vec![0; length];
            entropy.fill(&mut bytes);
            for end in bytes.chunks(16).filter(|end| end.len() == 16) {
                assert_ne!(end, [0; 16], "of {length} bytes");
            }
        }
    }
}
