// What each field of records and events means, so that every view shows it the same way.

import { el } from './lib.js';
import * as as from './format.js';

const yes = value => (value ? 'yes' : 'no');
const text = value => String(value);

/** "table.field" or "Contract.field" goes before "field". */
const KINDS = {
  time:
    'registered asked anchored paidThrough placed expiresAt expiry deadline voteStart voteEnd extendedDeadline proposed cast at ' +
    'finalAt openedAt settled made bought withdrawableAt etaSeconds ratedAt validUntil archive-groups.since',
  conet:
    'bonded unbonding slashed burn free supply burned reissued for against abstain newVotes previousVotes votes.weight ' +
    'ConetGovernor.weight ConetToken.value ConetToken.amount Staking.amount Staking.fromUnbonding CashOrders.free ' +
    'Rewards.amount distributions.total distributions.claimed names.fee Names.fee cases.amount Slasher.amount ' +
    'ConetGovernor.oldProposalThreshold ConetGovernor.newProposalThreshold',
  usd:
    'deposit deposited live left fees memberFees carried rentPaid microDollars minimumAuthorization relayerFee ' +
    'amount fee paid dapps.price dapps.earned DappRegistry.price licenses.price total',
  wallet:
    'wallet owner payer buyer account agentWallet issuer proposer voter reporter source asset stablecoin recipient burner from to ' +
    'spender delegate delegator fromDelegate toDelegate licensee seller holder relayer by submitter newTimelock oldTimelock',
  node: 'node issuerNode agent nodes.id NodeRegistry.id',
  note: 'note Cash.tokenId',
  group: 'group home reportedIn judge accuser',
  chain: 'chain',
  proposal: 'proposalId',
  roles: 'roles role',
  rate: 'exitFeeRate transferFeeRate',
  choice: 'class visibility support',
};

const kinds = new Map(Object.entries(KINDS).flatMap(([kind, names]) => names.split(' ').map(name => [name, kind])));

const CHOICES = {
  class: ['asset', 'storage'],
  visibility: ['members', 'public'],
  support: ['against', 'for', 'abstains'],
};

const SHOW = {
  time: as.time,
  conet: as.conet,
  usd: as.usd,
  wallet: as.wallet,
  node: value => as.node(value),
  note: as.note,
  group: as.group,
  chain: as.chain,
  proposal: as.proposal,
  roles: as.roles,
  rate: as.rate,
};

/** In which unit a price is, and for what. */
const PRICES = {
  bandwidth: value => as.pico(value, 'per MB sent'),
  storage: value => as.pico(value, 'per MB and hour'),
  memory: value => as.pico(value, 'per MB and hour'),
  vcpu: value => as.pico(value, 'per vCPU and hour'),
  minimumAuthorization: as.usd,
};
export const prices = (values = {}) =>
  Object.entries(PRICES)
    .filter(([name]) => name in values)
    .map(([name, show]) => [label(name), show(values[name])]);

const SPECS = { vcpus: 'vCPUs', memory: 'MB', storage: 'MB', outbound: 'kbit/s' };
export const specs = (values = {}) =>
  Object.entries(SPECS)
    .filter(([name]) => name in values)
    .map(([name, unit]) => [
      label(name),
      Number(values[name]) === 0 ? 'not said' : `${as.count(values[name])} ${unit}`,
    ]);

/** Names that say less than they should. */
const LABELS = {
  vcpu: 'Processor',
  vcpus: 'Processors',
  microDollars: 'Paid',
  exitFeeRate: 'Exit fee',
  transferFeeRate: 'Transfer fee',
};

/** fieldName as words. */
export const label = name => {
  if (LABELS[name]) return LABELS[name];
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .replace(/-/g, ' ')
    .toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
};

/** The unit of a parameter that votes decide. */
const PARAMETERS = {
  transferFeeRate: as.rate,
  exitFeeRate: as.rate,
  dleGasPrice: value => `${as.count(value)} pico-dollars per gas`,
  minimumStake: as.conet,
  rentPerDay: value => `${as.count(value)} micro-dollars per day`,
  nameFee: as.conet,
  nameFeesBurned: yes,
  mintingPaused: yes,
  priceFeed: as.wallet,
  guardian: as.wallet,
};
/** Names are paid for by how short they are; the last class has all longer ones. */
const NAME_LENGTHS = { 1: '1 character', 5: '5 or more characters' };
export const parameterValue = (name, value) => (value === undefined ? '—' : (PARAMETERS[name] ?? text)(value));
export const parameterName = record => {
  const of = record.role
    ? as.roles(record.role)
    : record.class !== undefined
      ? `${CHOICES.class[record.class]} chains`
      : record.length
        ? (NAME_LENGTHS[record.length] ?? `${record.length} characters`)
        : null;
  return [label(record.name), of && [' · ', of]];
};

/** An address, whoever it is; a hash; or just what it is. */
const guess = value => {
  if (typeof value === 'boolean') return yes(value);
  if (typeof value === 'number') return as.count(value);
  const string = text(value);
  if (/^0x[0-9a-fA-F]{40}$/.test(string)) return as.wallet(string);
  if (/^0x[0-9a-fA-F]*$/.test(string)) return as.hash(string);
  if (/^\d{20,}$/.test(string)) return as.long(string, { what: 'number' });
  if (/^\d{5,}$/.test(string)) return as.count(string);
  return string === '' ? el('span', { class: 'dim' }, 'empty') : string;
};

const list = (scope, name, values) =>
  values.length === 0
    ? el('span', { class: 'dim' }, 'none')
    : el(
        'span',
        { class: 'list' },
        values.map(value => el('span', null, show(scope, name, value))),
      );

/** A field's value, as its scope (a table or a contract) means it. */
export const show = (scope, name, value) => {
  if (value === null || value === undefined) return el('span', { class: 'dim' }, '—');
  if (scope === 'parameters' && (name === 'current' || name === 'previous')) return guess(value);
  if (
    (scope === 'price' || scope === 'PriceFeed' || scope === 'MedianAggregator') &&
    /^(current|previous|reported|price)$/.test(name)
  )
    return price(value);
  const kind = kinds.get(`${scope}.${name}`) ?? kinds.get(name);
  // A timelock's roles are hashes.
  if (kind === 'roles' && !String(value).startsWith('0x')) return as.roles([value].flat());
  if (Array.isArray(value)) return list(scope, name === 'nodes' ? 'node' : name, value);
  if (typeof value === 'object') return nested(scope, name, value);
  if (kind === 'choice') return CHOICES[name]?.[value] ?? text(value);
  // A kind may be wrong for a field of the same name elsewhere; what does not fit is shown as it stands.
  const fits =
    kind &&
    (kind === 'wallet' ? /^0x[0-9a-fA-F]{40}$/ : kind === 'chain' ? /^0x[0-9a-f]{64}$/ : /^\d+$/).test(text(value));
  return fits ? SHOW[kind](value) : guess(value);
};

const nested = (scope, name, value) => {
  const pairs =
    name === 'prices'
      ? prices(value)
      : name === 'specs'
        ? specs(value)
        : Object.entries(value).map(([each, inner]) => [label(each), show(scope, each, inner)]);
  return el(
    'dl',
    { class: 'nested' },
    pairs.map(([key, inner]) => el('div', null, el('dt', null, key), el('dd', null, inner))),
  );
};

/** US dollars for one CoNET, times 10^8. */
export const price = value =>
  el(
    'span',
    { class: 'amount', title: `${value} × 10⁻⁸ US dollars` },
    `$${as.fixed(value, 8, { least: 2 })}`,
    el('span', { class: 'unit' }, ' per CoNET'),
  );
