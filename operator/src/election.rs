//! Who works: the holder of one Lease.
//!
//! The Lease coordinates and does not fence: a holder that was paused may still write once. What refuses that write is the
//! version of the object that it was decided on. Source: <https://kubernetes.io/docs/concepts/architecture/leases/>

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::api::{ObjectMeta, PostParams};
use tokio::time::{Instant, sleep};
use tracing::{debug, info, warn};

/// The Lease's name, one in each namespace that is looked after.
pub const NAME: &str = "anabranch-operator";
/// A holder that was not heard of for this long has lost it.
const DURATION: Duration = Duration::from_secs(15);
/// How often a holder says that it is there, and others look.
const RENEW_EVERY: Duration = Duration::from_secs(3);

/// A candidate, or the holder.
pub struct Candidate {
    leases: kube::Api<Lease>,
    namespace: String,
    identity: String,
}

/// What one look at the Lease says.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// It is ours to take or to renew.
    Take(LeaseSpec),
    /// Somebody else holds it.
    Wait,
}

/// What to do about a Lease as it is. Pure.
pub fn turn(lease: Option<&LeaseSpec>, identity: &str, now: Timestamp) -> Turn {
    let seconds = i32::try_from(DURATION.as_secs()).unwrap_or(i32::MAX);
    let held_by_us = lease.and_then(|it| it.holder_identity.as_deref()) == Some(identity);
    let renewed = lease.and_then(|it| it.renew_time.as_ref());
    let expires = renewed.and_then(|renewed| {
        let seconds = lease
            .and_then(|it| it.lease_duration_seconds)
            .unwrap_or(seconds);
        renewed
            .0
            .checked_add(jiff::SignedDuration::from_secs(seconds.into()))
            .ok()
    });
    let is_held = lease
        .and_then(|it| it.holder_identity.as_deref())
        .is_some_and(|holder| !holder.is_empty());
    if is_held && !held_by_us && expires.is_some_and(|expires| now < expires) {
        return Turn::Wait;
    }
    let transitions = lease.and_then(|it| it.lease_transitions).unwrap_or(0);
    let acquired = lease.and_then(|it| it.acquire_time.clone());
    Turn::Take(LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: Some(seconds),
        acquire_time: if held_by_us {
            acquired
        } else {
            Some(MicroTime(now))
        },
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(transitions + i32::from(!held_by_us)),
        ..LeaseSpec::default()
    })
}

impl Candidate {
    /// A candidate for the Lease of `namespace`.
    pub fn new(client: kube::Client, namespace: &str, identity: String) -> Self {
        Self {
            leases: kube::Api::namespaced(client, namespace),
            namespace: namespace.to_owned(),
            identity,
        }
    }

    /// Waits until this process holds the Lease.
    pub async fn acquire(&self) {
        let mut said = String::new();
        loop {
            let trouble = match self.attempt().await {
                Ok(true) => return,
                Ok(false) => "another holds it".to_owned(),
                Err(failure) => failure.to_string(),
            };
            if trouble != said {
                info!(
                    identity = self.identity,
                    trouble, "waiting for the Lease of {}", self.namespace
                );
                said = trouble;
            }
            sleep(RENEW_EVERY).await;
        }
    }

    /// Renews the Lease; ends when it is lost.
    pub async fn hold(&self) {
        let mut renewed = Instant::now();
        while renewed.elapsed() < DURATION {
            sleep(RENEW_EVERY).await;
            match self.attempt().await {
                Ok(true) => renewed = Instant::now(),
                Ok(false) => return,
                Err(failure) => warn!(%failure, "lease not renewed"),
            }
        }
    }

    /// Gives the Lease back, so that the next one need not wait.
    pub async fn release(&self) {
        let Ok(mut lease) = self.leases.get(NAME).await else {
            return;
        };
        let spec = lease.spec.get_or_insert_default();
        if spec.holder_identity.as_deref() == Some(&self.identity) {
            spec.holder_identity = None;
            let _ = self
                .leases
                .replace(NAME, &PostParams::default(), &lease)
                .await;
        }
    }

    async fn attempt(&self) -> Result<bool, kube::Error> {
        let known = self.leases.get_opt(NAME).await?;
        let spec = known.as_ref().and_then(|lease| lease.spec.as_ref());
        let Turn::Take(spec) = turn(spec, &self.identity, Timestamp::now()) else {
            return Ok(false);
        };
        let params = PostParams::default();
        let written = match known {
            None => {
                let lease = Lease {
                    metadata: ObjectMeta {
                        name: Some(NAME.to_owned()),
                        ..ObjectMeta::default()
                    },
                    spec: Some(spec),
                };
                self.leases.create(&params, &lease).await
            }
            // On the version that was looked at: of two candidates one is refused.
            Some(lease) => {
                let lease = Lease {
                    spec: Some(spec),
                    ..lease
                };
                self.leases.replace(NAME, &params, &lease).await
            }
        };
        match written {
            Ok(_) => Ok(true),
            Err(kube::Error::Api(status)) if status.code == 409 => {
                debug!("another candidate was faster");
                Ok(false)
            }
            Err(failure) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(holder: &str, renewed: i64) -> LeaseSpec {
        LeaseSpec {
            holder_identity: Some(holder.to_owned()),
            lease_duration_seconds: Some(15),
            renew_time: Some(MicroTime(at(renewed))),
            lease_transitions: Some(4),
            ..LeaseSpec::default()
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    #[test]
    fn a_lease_is_taken_when_it_is_free_ours_or_expired() {
        let taken = |lease: Option<LeaseSpec>, now| {
            matches!(turn(lease.as_ref(), "us", at(now)), Turn::Take(_))
        };
        assert!(taken(None, 100));
        assert!(taken(Some(lease("us", 0)), 100));
        assert!(taken(Some(lease("", 99)), 100));
        assert!(taken(Some(lease("them", 84)), 100));
        assert!(!taken(Some(lease("them", 86)), 100));
    }

    #[test]
    fn only_another_holder_is_a_transition() {
        let transitions = |holder| match turn(Some(&lease(holder, 0)), "us", at(100)) {
            Turn::Take(spec) => spec.lease_transitions,
            Turn::Wait => None,
        };
        assert_eq!(transitions("us"), Some(4));
        assert_eq!(transitions("them"), Some(5));
    }
}
