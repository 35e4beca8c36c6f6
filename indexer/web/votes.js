// Proposals, their votes as they come, and the numbers that votes decide.

import { get, list, one, records } from './api.js';
import { call } from './calls.js';
import { parameterName, parameterValue } from './fields.js';
import * as as from './format.js';
import { badge, bar, el, empty, facts, heading, listed, loading, section, store, table } from './lib.js';

const GOVERNOR = 'ConetGovernor';

/** How a proposal stands: the chain says nothing when a vote's time is over, so the time and the counts do. */
const standing = (proposal, { quorum, now }) => {
  if (proposal.status !== 'open')
    return [proposal.status, proposal.status === 'executed' ? 'good' : proposal.status === 'canceled' ? 'bad' : ''];
  if (now < Number(proposal.voteStart)) return ['not open yet', 'hollow'];
  if (now < Number(proposal.voteEnd)) return ['voting', 'accent'];
  const [yes, no, abstain] = counts(proposal);
  return yes > no && yes + abstain >= quorum ? ['succeeded, waits for its queue', 'good'] : ['defeated', 'bad'];
};

const counts = proposal => ['for', 'against', 'abstain'].map(name => BigInt(proposal[name] ?? 0));

const SIDES = [
  ['For', 'for'],
  ['Against', 'against'],
  ['Abstain', 'abstain'],
];

/** Against does not count for the quorum. */
const tally = (proposal, quorum) => {
  const all = counts(proposal);
  const total = all.reduce((sum, each) => sum + each, 0n);
  // The bar is as long as the quorum at least, so that few votes look few.
  const whole = total > quorum ? total : quorum;
  const shares = all.map(each => as.share(each, whole));
  const [yes, , abstain] = all;
  const words = SIDES.map(([name], index) => `${name}: ${as.conetText(all[index])}`).join(', ');
  const reached = quorum > 0n && yes + abstain >= quorum;
  return el(
    'div',
    { class: 'tally' },
    bar(
      words,
      SIDES.map(([, kind], index) => [shares[index], kind]),
    ),
    el(
      'dl',
      { class: 'sides' },
      SIDES.map(([name, kind], index) =>
        el(
          'div',
          null,
          el('dt', null, el('span', { class: `key ${kind}`, 'aria-hidden': 'true' }), name),
          el(
            'dd',
            null,
            as.conet(all[index]),
            el('span', { class: 'dim' }, total ? ` ${as.ratio(as.share(all[index], total))}` : ''),
          ),
        ),
      ),
    ),
    quorum > 0n &&
      el(
        'p',
        { class: 'dim' },
        `Quorum: ${reached ? 'reached' : `${as.ratio(as.share(yes + abstain, quorum))} of it`} · about `,
        as.conet(quorum),
        ' for or abstaining',
      ),
  );
};

/** Nothing happens between blocks: what is due by the clock happens with the next one. */
const due = seconds => (seconds * 1000 < Date.now() ? 'with the next block' : as.time(seconds));

const times = (proposal, now) => {
  const [start, end] = [Number(proposal.voteStart), Number(proposal.voteEnd)];
  if (now < start) return ['voting opens ', due(start)];
  return now < end ? ['voting ends ', due(end)] : ['voting ended ', as.time(end)];
};

const actions = proposal =>
  el(
    'ul',
    { class: 'actions' },
    (proposal.targets ?? []).map((target, index) =>
      el('li', null, call(target, proposal.calldatas?.[index] ?? '0x', proposal.values?.[index])),
    ),
  );

const card = (proposal, at, level = 'h3') => {
  const [text, kind] = standing(proposal, at);
  const [title, ...more] = (proposal.description || 'Without a description').trim().split('\n');
  return el(
    'article',
    { class: 'card wide', 'data-key': proposal.proposalId },
    el(level, null, el('a', { href: `#/vote/${proposal.proposalId}` }, title), ' ', badge(text, kind)),
    more.length > 0 &&
      el('details', null, el('summary', null, 'What it says'), el('p', { class: 'text' }, more.join('\n').trim())),
    actions(proposal),
    tally(proposal, at.quorum),
    el(
      'p',
      { class: 'dim' },
      'By ',
      as.wallet(proposal.proposer),
      ' · ',
      times(proposal, at.now),
      ` · ${as.count(proposal.voters ?? 0)} ${String(proposal.voters) === '1' ? 'voter' : 'voters'}`,
    ),
  );
};

/**
 * By what proposals are judged. Of the votes so many must be for or abstain: the supply that counts is the one when
 * voting opened; it hardly moves.
 */
const readBounds = async signal => {
  const [set, supply] = await Promise.all([
    get('/v1/events', { contract: GOVERNOR, event: 'QuorumNumeratorUpdated', limit: 1 }, signal),
    one('supply', 'conet', {}, signal),
  ]);
  const percent = BigInt(set.rows[0]?.fields?.newQuorumNumerator ?? 0);
  return { quorum: (BigInt(supply?.supply ?? 0) * percent) / 100n, now: store.now() };
};

const readProposals = async signal => {
  const [proposals, at] = await Promise.all([list('/v1/proposals', {}, { most: 2000, signal }), readBounds(signal)]);
  return { proposals, at };
};

const newestFirst = proposals => proposals.toSorted((a, b) => b.proposed - a.proposed);

/** Proposals, newest first. */
export const proposalCards = (signal, { most = Infinity } = {}) =>
  loading(
    () => readProposals(signal),
    ({ proposals, at }) =>
      listed(
        proposals,
        rows =>
          el(
            'div',
            { class: 'stack' },
            newestFirst(rows)
              .slice(0, most)
              .map(proposal => card(proposal, at)),
          ),
        { nothing: 'Proposals appear here when a holder with enough votes makes one.' },
      ),
    { rows: 5, live: signal },
  );

const PARAMETERS = [
  { head: 'What', cell: parameterName, key: record => record.name },
  { head: 'Now', num: true, cell: record => parameterValue(record.name, record.current) },
  {
    head: 'Before',
    num: true,
    cell: record =>
      /^(0|0x0+|undefined)$/.test(record.previous)
        ? el('span', { class: 'dim' }, '—')
        : parameterValue(record.name, record.previous),
  },
];

export default ({ signal }) => [
  heading('Votes', 'Holders of CoNET decide the network’s numbers. Counts change here as votes come.'),
  section('Proposals', proposalCards(signal)),
  section(
    'What votes decide',
    loading(
      () => records('parameters', {}, signal),
      parameters =>
        parameters.length
          ? table('What votes decide', PARAMETERS, parameters, { sort: 'What' })
          : empty('The numbers appear here when the contracts are deployed.'),
      { live: signal },
    ),
  ),
];

const VOTES = [
  { head: 'Voter', cell: vote => as.wallet(vote.voter) },
  {
    head: 'Vote',
    cell: vote =>
      el(
        'span',
        null,
        el('span', { class: `key ${['against', 'for', 'abstain'][vote.support]}`, 'aria-hidden': 'true' }),
        ['against', 'for', 'abstains'][vote.support] ?? vote.support,
      ),
    key: vote => vote.support,
  },
  { head: 'Weight', num: true, cell: vote => as.conet(vote.weight), key: vote => BigInt(vote.weight) },
  { head: 'Reason', cell: vote => vote.reason || el('span', { class: 'dim' }, '—') },
  { head: 'When', cell: vote => as.time(vote.cast), key: vote => vote.cast },
];

const readProposal = async (id, signal) => {
  const [proposal, votes, at] = await Promise.all([
    one('proposals', id, {}, signal),
    list('/v1/votes', { proposalId: id }, { signal }),
    readBounds(signal),
  ]);
  return { proposal, votes, at };
};

export const vote = ({ parts: [id], signal }) => [
  heading('Proposal'),
  el('span', { class: 'address' }, as.long(id, { what: 'proposal', shown: id })),
  loading(
    () => readProposal(id, signal),
    ({ proposal, votes, at }) =>
      !proposal
        ? empty('There is no such proposal.')
        : [
            card(proposal, at, 'h2'),
            facts([
              ['Proposed', as.time(proposal.proposed)],
              ['Voting opens', as.time(proposal.voteStart)],
              ['Voting ends', as.time(proposal.voteEnd)],
              proposal.etaSeconds && ['Can be executed', as.time(proposal.etaSeconds)],
              ['Record', el('a', { href: `#/tables/proposals/${id}` }, 'all of it, and what it was')],
            ]),
            section(
              'Who voted',
              listed(votes, rows => table('Who voted', VOTES, rows, { sort: '-Weight' }), {
                nothing: 'Nobody has voted yet.',
              }),
            ),
          ],
    { rows: 8, live: signal },
  ),
];
