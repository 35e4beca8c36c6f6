//! What honest nodes tell the main chain of cheats, so that it can slash them: two votes that exclude each other, and
//! what the log found. Who is barred and not reported keeps its stake.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::B256;
use conet_committee::{
    archive::{Finding, Item},
    keys::NodeId,
    log::Entry,
    vote::Ballot,
};

use super::{Oracle, Violation, place};

/// Who was wrong, and where: in which chain, at which height, in which view.
pub(super) type Wrong = (NodeId, B256, u64, u64);

/// Two votes of one node, reported as they are.
#[derive(Debug, Default)]
pub(super) struct Reports {
    /// Whom honest seats reported.
    told: BTreeSet<NodeId>,
    /// Who gave two votes before the seat whose step is under way.
    owed: BTreeSet<NodeId>,
}

impl Reports {
    /// The seat whose step begins sees a second vote of a node that is at large as far as it knows.
    pub(super) fn see_cheat(&mut self, cheat: NodeId) {
        self.owed.insert(cheat);
    }

    /// How many were reported.
    pub(super) fn count(&self) -> usize {
        self.told.len()
    }

    /// The step is over, and nothing of it was cut off.
    fn check(&mut self, node: NodeId) -> Result<(), Violation> {
        let owed = std::mem::take(&mut self.owed);
        match owed.into_iter().find(|cheat| !self.told.contains(cheat)) {
            Some(cheat) => {
                Err(Violation::Unreported { node, cheat, what: "it saw two votes of its" })
            }
            None => Ok(()),
        }
    }

    /// Nothing is asked of who crashes in a step.
    pub(super) fn see_stopped(&mut self) {
        self.owed.clear();
    }
}

/// What the log of one group found: every seat says so to the main chain when the entry is final, for it takes more than
/// two thirds of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    /// Who is out for what, by the entry that says so.
    owed: BTreeMap<u64, BTreeSet<NodeId>>,
    /// Whom it may, too, have found: two votes of them are in the same entry.
    open: BTreeSet<(u64, NodeId)>,
    /// Who is out, for whatever.
    out: BTreeSet<NodeId>,
    /// Where they were wrong.
    wrong: BTreeSet<Wrong>,
    /// What honest seats said of an entry.
    told: BTreeSet<(u64, NodeId, NodeId)>,
    /// The entry that a seat has written down in the step under way.
    under_way: BTreeMap<NodeId, u64>,
}

impl Findings {
    /// A new final entry, after which these are known to have been wrong.
    pub(super) fn see_items(&mut self, entry: &Entry, wrong: BTreeSet<Wrong>) {
        let height = entry.header.height;
        let proven = entry.items.iter().filter_map(|item| match item {
            Item::Evidence(first, _) => Some(first.voter),
            _ => None,
        });
        let proven: BTreeSet<_> = proven.collect();
        for (node, ..) in wrong.iter().filter(|(node, ..)| !self.out.contains(node)) {
            if proven.contains(node) {
                self.open.insert((height, *node));
            } else {
                self.owed.entry(height).or_default().insert(*node);
            }
        }
        self.out.extend(wrong.iter().map(|(node, ..)| *node));
        self.out.extend(proven);
        self.wrong = wrong;
    }

    /// An honest seat writes an entry down: it is done with the one before.
    pub(super) fn see_entry(&mut self, node: NodeId, height: u64) -> Result<(), Violation> {
        self.see_done(node)?;
        self.under_way.insert(node, height);
        Ok(())
    }

    /// An honest seat says that the log found somebody wrong.
    fn see_found(&mut self, node: NodeId, finding: &Finding) -> Result<(), Violation> {
        let accused = finding.node;
        let height = self.under_way.get(&node).copied().unwrap_or_default();
        let is_owed = self.owed.get(&height).is_some_and(|owed| owed.contains(&accused));
        let wrong = (accused, finding.chain, finding.height, finding.view);
        if !self.wrong.contains(&wrong) || !is_owed && !self.open.contains(&(height, accused)) {
            return Err(Violation::FalseReport { node, accused });
        }
        self.told.insert((height, node, accused));
        Ok(())
    }

    /// The step of a seat is over, and nothing of it was cut off.
    fn see_done(&mut self, node: NodeId) -> Result<(), Violation> {
        let Some(height) = self.under_way.remove(&node) else { return Ok(()) };
        let mut owed = self.owed.get(&height).into_iter().flatten();
        match owed.find(|cheat| !self.told.contains(&(height, node, **cheat))) {
            Some(cheat) => {
                let what = "its log found so";
                Err(Violation::Unreported { node, cheat: *cheat, what })
            }
            None => Ok(()),
        }
    }

    /// Whether a node is out, as the log says.
    pub(super) fn is_out(&self, node: NodeId) -> bool {
        self.out.contains(&node)
    }

    pub(super) fn see_stopped(&mut self, node: NodeId) {
        self.under_way.remove(&node);
    }

    /// How many were found wrong, and said so of.
    pub(super) fn told(&self) -> impl Iterator<Item = NodeId> {
        self.told.iter().map(|(_, _, cheat)| *cheat)
    }
}

impl Oracle {
    /// An honest node reports two votes on the main chain.
    pub(crate) fn see_report(
        &mut self,
        node: NodeId,
        first: &Ballot,
        second: &Ballot,
    ) -> Result<(), Violation> {
        let accused = first.voter;
        let differ = place(first) == place(second) && first.vote.block != second.vote.block;
        if self.is_honest(accused) || accused != second.voter || !differ {
            return Err(Violation::FalseReport { node, accused });
        }
        self.reports.told.insert(accused);
        Ok(())
    }

    /// An honest seat of a group says on the main chain that its log found somebody wrong.
    pub(crate) fn see_found(
        &mut self,
        (node, group): (NodeId, u32),
        finding: &Finding,
    ) -> Result<(), Violation> {
        if self.is_honest(finding.node) {
            return Err(Violation::FalseReport { node, accused: finding.node });
        }
        self.groups.get_mut(&group).map_or(Ok(()), |group| group.findings.see_found(node, finding))
    }

    /// The step of an honest node is over, and nothing of it was cut off: what it had to tell is told.
    pub(crate) fn see_done(&mut self, node: NodeId) -> Result<(), Violation> {
        self.reports.check(node)?;
        self.groups.values_mut().try_for_each(|group| group.findings.see_done(node))
    }

    /// How many were reported on the main chain, for two votes or by what a log found.
    pub(crate) fn reported(&self) -> usize {
        let found = self.groups.values().flat_map(|group| group.findings.told());
        self.reports.count() + found.collect::<BTreeSet<_>>().len()
    }
}
