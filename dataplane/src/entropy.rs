//! Where randomness comes from: identities of streams and shards, request ids, nonces of sealed tokens.
//! Nothing else on the node draws random numbers, so a simulation can replay a run from its seed.

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

/// The operating system's generator.
#[derive(Debug)]
pub struct SystemEntropy(SystemRandom);

impl SystemEntropy {
    /// The operating system's generator.
    #[allow(
        clippy::new_without_default,
        reason = "a source of randomness is chosen, not defaulted to"
    )]
    pub fn new() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0
            .fill(bytes)
            .expect("getrandom does not fail once the machine has booted");
    }
}
