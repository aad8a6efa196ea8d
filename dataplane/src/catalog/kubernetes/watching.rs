//! Watches of the four kinds, into the shared view.

use std::fmt::Debug;
use std::pin::pin;
use std::sync::Arc;

use futures_util::{StreamExt as _, join};
use kube::Resource;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Config, watcher};
use serde::de::DeserializeOwned;
use tracing::{debug, warn};

use super::Shared;
use super::objects::{Change, Event};

/// Every kind that must be listed before there is a catalog.
pub(super) const KINDS: [&str; 4] = ["DataStream", "Shard", "Reshard", "StreamConsumer"];

/// Watches until dropped.
pub(super) async fn follow(shared: &Arc<Shared>) {
    let api = &shared.api;
    let [streams, shards, reshards, consumers] = KINDS;
    join!(
        kind(shared, api.streams.clone(), streams, Event::Stream),
        kind(shared, api.shards.clone(), shards, Event::Shard),
        kind(shared, api.reshards.clone(), reshards, Event::Reshard),
        kind(shared, api.consumers.clone(), consumers, Event::Consumer),
    );
}

async fn kind<T>(
    shared: &Shared,
    api: kube::Api<T>,
    name: &'static str,
    event: impl Fn(Change<T>) -> Event,
) where
    T: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let mut events = pin!(watcher(api, Config::default()).default_backoff());
    let mut listing = Vec::new();
    while let Some(next) = events.next().await {
        match next {
            Ok(watcher::Event::Init) => listing.clear(),
            Ok(watcher::Event::InitApply(object)) => listing.push(object),
            Ok(watcher::Event::InitDone) => {
                debug!(kind = name, objects = listing.len(), "listed");
                shared.take(event(Change::Replaced(std::mem::take(&mut listing))));
                shared.listed(name);
            }
            Ok(watcher::Event::Apply(object)) => {
                shared.take(event(Change::Applied(Box::new(object))));
            }
            Ok(watcher::Event::Delete(object)) => {
                shared.take(event(Change::Deleted(Box::new(object))));
            }
            Err(failure) => warn!(kind = name, %failure, "watch failed, made again"),
        }
    }
}
