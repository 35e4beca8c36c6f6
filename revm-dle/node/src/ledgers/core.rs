//! The ledgers as the core sees them.

use std::sync::Arc;

use alloy::primitives::{B256, Bytes};
use conet_committee::{
    archive::{ProvenNotice, ProvenStanding},
    keys::NodeId,
    ledger::{Built, ExecuteError, Ledgers},
};
use conet_ledger::{
    block::{Body, Header, Outcome, Proposal, SignedTransaction},
    build::{Candidates, Draft, Dropped, build},
    execute::{Block, execute},
    handout::Handout,
    trie::InMemory,
};

use super::{Chains, Live, Trial, exported::Exported, readable};

/// What an actor executes with.
#[derive(Debug, Clone)]
pub struct NodeLedgers(pub Arc<Chains>);

impl Ledgers for NodeLedgers {
    fn has(&self, block: B256) -> bool {
        let chains = &self.0;
        let known = chains.cache().get(block).is_some();
        known || readable(chains.store.has_state(block)).unwrap_or_default()
    }

    fn execute(&mut self, proposal: &Proposal, body: &Body) -> Result<Outcome, ExecuteError> {
        let parent = proposal.parent;
        let before = self.0.live(parent).ok_or(ExecuteError::NoParent { parent })?;
        let Live { chain, header, state, bytes, .. } = &*before;
        self.0.expect_code(chain)?;
        let block = Block { chain, parent: header, proposal, body };
        let executed = execute(block, state, &mut InMemory, &self.0.codes);
        let executed = executed.map_err(|error| self.0.refusal(proposal.chain, error))?;
        let outcome = executed.outcome.clone();
        self.0.keep(Live {
            chain: chain.clone(),
            header: Header { proposal: proposal.clone(), outcome: outcome.clone() },
            state: executed.state,
            bytes: bytes + alloy_rlp::Encodable::length(body),
            content: Some((body.clone(), executed.receipts)),
        });
        Ok(outcome)
    }

    fn validate(
        &self,
        genesis: B256,
        proposal: &Proposal,
        body: &Body,
        witness: &[u8],
    ) -> Result<Outcome, ExecuteError> {
        let bad = |_| ExecuteError::Bad;
        let handout: Handout = alloy_rlp::decode_exact(witness).map_err(bad)?;
        let chain = handout.chain().map_err(|_| ExecuteError::Bad)?;
        if chain.hash() != genesis {
            return Err(ExecuteError::Bad);
        }
        self.0.expect_code(&chain)?;
        let outcome = handout.execute(&chain, proposal, body, &self.0.codes);
        outcome.map_err(|_| ExecuteError::Bad)
    }

    fn build(
        &mut self,
        draft: Proposal,
        transactions: &mut Vec<SignedTransaction>,
    ) -> Option<Built> {
        let before = self.0.live(draft.parent)?;
        let Live { chain, header, state, bytes, .. } = &*before;
        let time_ms = draft.time_ms.max(header.proposal.time_ms);
        let of = Draft { time_ms, ..Draft::from(&draft) };
        let candidates =
            Candidates { transactions: std::mem::take(transactions), ..Candidates::default() };
        let made = build(chain, header, &of, candidates, state, &mut InMemory, &self.0.codes);
        let made = made.inspect_err(|error| tracing::warn!(%error, "no block can be made")).ok()?;
        for dropped in &made.dropped {
            if let Dropped::Transaction(_, reason) = dropped {
                tracing::debug!(%reason, "a transaction is left out");
            }
        }
        *transactions = made.waiting.transactions;
        let built = made.block?;
        let witness = Handout::new(chain, header, built.witness.clone());
        let (header, body) = (built.header(), built.body);
        transactions.extend(body.transactions.iter().cloned());
        self.0.keep(Live {
            chain: chain.clone(),
            header: header.clone(),
            state: built.executed.state,
            bytes: bytes + alloy_rlp::Encodable::length(&body),
            content: Some((body.clone(), built.executed.receipts)),
        });
        Some(Built { header, body, witness: alloy_rlp::encode(witness).into() })
    }

    /// A transaction that the contract refuses now counts as one that never comes: else those who wait for it would blame
    /// the creator, who cannot put it into a block. Its sender may send it again.
    fn may_come(&self, block: B256, transaction: &SignedTransaction) -> bool {
        let Some(last) = self.0.live(block) else { return true };
        !matches!(self.0.attempt(&last, transaction), Trial::Never(_))
    }

    fn finalized(&mut self, chain: B256, block: B256) {
        self.0.decide(chain, block);
    }

    fn export(&self, block: B256) -> Option<(Header, Bytes)> {
        let live = self.0.live(block)?;
        Some((live.header.clone(), Exported::new(&live)?.encode()))
    }

    fn import(&mut self, genesis: B256, header: &Header, state: &[u8]) -> bool {
        let bytes = state.len();
        let Some((chain, state)) = Exported::decode(state, genesis, header) else {
            tracing::warn!(height = header.proposal.height, "a state that was sent is another's");
            return false;
        };
        let header = header.clone();
        self.0.keep(Live { chain: Arc::new(chain), header, state, content: None, bytes });
        true
    }

    fn keep_notice(&mut self, proven: Arc<ProvenNotice>) {
        self.0.notices().renew(proven);
    }

    fn keep_standing(&mut self, standing: Option<Arc<ProvenStanding>>) {
        self.0.notices().stand(standing);
    }

    fn notice(&self, chain: B256) -> Option<Arc<ProvenNotice>> {
        self.0.notice(chain)
    }

    fn told(&self, chain: B256) -> Option<(u64, Vec<NodeId>)> {
        self.0.told(chain)
    }
}
