//! The shards of a stream as a family: who came from whom, and in which order a reader may take them.
//!
//! Pure. A record of a partition key may lie in a shard or in its descendants, so a reader that keeps order takes a shard
//! only when all of its parents have been read to their ends.

use std::collections::{BTreeMap, BTreeSet};

use anabranch_wire::shapes::{ChildShard, Shard};

/// The parents of a shard that are in `known`: one after a split, two after a merge, none when they have expired.
pub(super) fn parents<'a>(shard: &'a Shard, known: &BTreeSet<&str>) -> Vec<&'a str> {
    [&shard.parent_shard_id, &shard.adjacent_parent_shard_id]
        .into_iter()
        .filter_map(Option::as_deref)
        .filter(|parent| known.contains(parent))
        .collect()
}

/// Whether a shard takes records still.
pub(super) fn is_open(shard: &Shard) -> bool {
    shard.sequence_number_range.ending_sequence_number.is_none()
}

/// Decides which shards a reader of the whole stream may read.
#[derive(Debug, Default)]
pub(super) struct Follower {
    /// Shards that were handed out.
    started: BTreeSet<String>,
    /// Shards that were read to their ends.
    finished: BTreeSet<String>,
    /// Shards that wait for parents.
    waiting: BTreeMap<String, BTreeSet<String>>,
}

impl Follower {
    /// Learns of all of `shards`; returns those to read at once: those without a living parent among them.
    pub(super) fn begin(&mut self, shards: &[Shard]) -> Vec<String> {
        let known: BTreeSet<&str> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
        for shard in shards {
            let parents = parents(shard, &known)
                .into_iter()
                .map(str::to_owned)
                .collect();
            self.learn(&shard.shard_id, parents);
        }
        self.take_ready()
    }

    /// Learns that a shard has been read to its end and who follows it; returns the shards to read now.
    pub(super) fn finish(&mut self, shard: &str, children: &[ChildShard]) -> Vec<String> {
        self.finished.insert(shard.to_owned());
        for child in children {
            // A parent that this reader never read is no reason to wait.
            let parents = child
                .parent_shards
                .iter()
                .filter(|parent| self.knows(parent))
                .cloned()
                .collect();
            self.learn(&child.shard_id, parents);
        }
        self.take_ready()
    }

    fn knows(&self, shard: &str) -> bool {
        self.started.contains(shard) || self.waiting.contains_key(shard)
    }

    fn learn(&mut self, shard: &str, parents: BTreeSet<String>) {
        if !self.started.contains(shard) {
            self.waiting.insert(shard.to_owned(), parents);
        }
    }

    fn take_ready(&mut self) -> Vec<String> {
        let finished = &self.finished;
        let is_ready = |parents: &BTreeSet<String>| parents.is_subset(finished);
        let ready: Vec<String> = self
            .waiting
            .iter()
            .filter(|(_, parents)| is_ready(parents))
            .map(|(shard, _)| shard.clone())
            .collect();
        for shard in &ready {
            self.waiting.remove(shard);
            self.started.insert(shard.clone());
        }
        ready
    }
}

/// One line of the family tree.
#[derive(Debug, PartialEq)]
pub(super) struct TreeLine<'a> {
    /// The branches before the name: `│  └─ `.
    pub(super) branch: String,
    /// The shard.
    pub(super) shard: &'a Shard,
    /// Whether it stands with its details elsewhere, under its other parent.
    pub(super) repeated: bool,
}

/// The family tree from the oldest shards down. A shard of two parents is shown in full under the first of them and
/// named under the other.
pub(super) fn tree(shards: &[Shard]) -> Vec<TreeLine<'_>> {
    let known: BTreeSet<&str> = shards.iter().map(|shard| shard.shard_id.as_str()).collect();
    let mut children: BTreeMap<&str, Vec<&Shard>> = BTreeMap::new();
    let mut roots = Vec::new();
    for shard in shards {
        let parents = parents(shard, &known);
        if parents.is_empty() {
            roots.push(shard);
        }
        for parent in parents {
            children.entry(parent).or_default().push(shard);
        }
    }
    let mut tree = Tree {
        children,
        shown: BTreeSet::new(),
        lines: Vec::new(),
    };
    for root in roots {
        tree.show(root, String::new(), "");
    }
    tree.lines
}

struct Tree<'a> {
    children: BTreeMap<&'a str, Vec<&'a Shard>>,
    shown: BTreeSet<&'a str>,
    lines: Vec<TreeLine<'a>>,
}

impl<'a> Tree<'a> {
    fn show(&mut self, shard: &'a Shard, branch: String, indent: &str) {
        let repeated = !self.shown.insert(&shard.shard_id);
        self.lines.push(TreeLine {
            branch,
            shard,
            repeated,
        });
        if repeated {
            return;
        }
        let children = self
            .children
            .get(shard.shard_id.as_str())
            .cloned()
            .unwrap_or_default();
        for (index, child) in children.iter().enumerate() {
            let is_last = index + 1 == children.len();
            let (branch, below) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            self.show(
                child,
                format!("{indent}{branch}"),
                &format!("{indent}{below}"),
            );
        }
    }
}

#[cfg(test)]
#[path = "lineage_test.rs"]
mod tests;
