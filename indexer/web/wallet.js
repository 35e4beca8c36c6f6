// A wallet, or a name and the wallet that it stands for.

import { get, list, maybe, one, records, together } from './api.js';
import { checksummed, fits, isAddress } from './checksum.js';
import { eventList } from './feed.js';
import * as as from './format.js';
import { badge, el, empty, facts, heading, listed, loading, section, table } from './lib.js';
import { NOTES, ORDERS } from './notes.js';
import { CHAINS } from './chains.js';
import { state } from './nodes.js';

const NAMES = [
  {
    head: 'Name',
    cell: name => el('a', { href: `#/name/${encodeURIComponent(name.label)}` }, name.label),
    key: name => name.label,
  },
  { head: 'Owner', cell: name => as.wallet(name.owner) },
  { head: 'Stands for', cell: name => as.wallet(name.wallet) },
  { head: 'Until', cell: name => as.time(name.expiresAt), key: name => Number(name.expiresAt) },
];

const NODES = [
  { head: 'Node', cell: node => as.node(node.id) },
  { head: 'State', cell: state },
  { head: 'Roles', cell: node => as.roles(node.roles) },
  { head: 'Owner', cell: node => as.wallet(node.owner) },
];

const VOTES = [
  { head: 'Proposal', cell: vote => as.proposal(vote.proposalId) },
  { head: 'Vote', cell: vote => ['against', 'for', 'abstains'][vote.support] ?? vote.support },
  { head: 'Weight', num: true, cell: vote => as.conet(vote.weight) },
  { head: 'When', cell: vote => as.time(vote.cast) },
];

const RATINGS = [
  { head: 'Node', cell: rating => as.node(rating.node) },
  { head: 'Stars', num: true, cell: rating => `${rating.stars} ★` },
  { head: 'Paid it', num: true, cell: rating => as.usd(rating.record?.paid) },
  { head: 'When', cell: rating => as.time(rating.record?.ratedAt) },
];

const LICENSES = [
  { head: 'Program', cell: each => el('a', { href: `#/tables/dapps/${each.dapp}` }, `dApp ${each.dapp}`) },
  { head: 'Price', num: true, cell: each => as.usd(each.price) },
  { head: 'Bought', cell: each => as.time(each.bought) },
];

const DAPPS = [
  { head: 'Program', cell: dapp => el('a', { href: `#/tables/dapps/${dapp.dapp}` }, dapp.name) },
  { head: 'Price', num: true, cell: dapp => as.usd(dapp.price) },
  { head: 'Sold', num: true, cell: dapp => as.count(dapp.sold ?? 0) },
];

const PROPOSALS = [
  { head: 'Proposal', cell: each => as.proposal(each.proposalId) },
  { head: 'What', cell: each => each.description },
  { head: 'When', cell: each => as.time(each.proposed) },
];

/** Lists that a wallet may be in: the heading, the columns, the key that tells two rows apart, and where it can be found. */
const LISTS = [
  [
    'Names',
    NAMES,
    'id',
    [
      ['names', 'wallet'],
      ['names', 'owner'],
    ],
  ],
  [
    'Notes',
    NOTES,
    'note',
    [
      ['notes', 'owner'],
      ['notes', 'account'],
    ],
  ],
  ['Orders for notes', ORDERS, 'order', [['orders', 'buyer']]],
  ['Chains that it pays for', CHAINS, 'chain', [['chains', 'wallet']]],
  [
    'Nodes',
    NODES,
    'id',
    [
      ['nodes', 'wallet'],
      ['nodes', 'owner'],
    ],
  ],
  ['Votes', VOTES, 'proposalId', [['votes', 'voter']]],
  ['Proposals', PROPOSALS, 'proposalId', [['proposals', 'proposer']]],
  ['Ratings that it gave', RATINGS, 'node', [['ratings', 'payer']]],
  ['Programs for sale', DAPPS, 'dapp', [['dapps', 'owner']]],
  ['Programs that it bought', LICENSES, 'dapp', [['licenses', 'licensee']]],
];

const readLists = (address, signal) =>
  Promise.all(
    LISTS.map(async ([title, columns, key, places]) => {
      const found = await Promise.all(
        places.map(([name, field]) => list(`/v1/${name}`, { [field]: address }, { most: 100, signal })),
      );
      return { title, columns, found: together(found, record => record[key]) };
    }),
  );

const showLists = lists => {
  const without = lists.filter(({ found }) => !found.rows.length).map(({ title }) => title.toLowerCase());
  return [
    lists
      .filter(({ found }) => found.rows.length)
      .map(({ title, columns, found }) =>
        section(
          title,
          listed(found, rows => table(title, columns, rows)),
        ),
      ),
    without.length > 0 && el('p', { class: 'empty' }, `None of these here: ${without.join(', ')}.`),
  ];
};

/** The route, and what is known beside it. */
const readRoute = async (address, signal) => {
  const [route, primary, power] = await Promise.all([
    one('routes', address, {}, signal),
    one('primary-names', address, {}, signal),
    get('/v1/events', { contract: 'ConetToken', event: 'DelegateVotesChanged', mentions: address, limit: 1 }, signal),
  ]);
  const name = primary && (await one('names', primary.id, {}, signal));
  return { route, name, votes: power.rows[0]?.fields?.newVotes ?? '0' };
};

const expiry = seconds => [
  as.time(seconds),
  ' ',
  Number(seconds) < Date.now() / 1000 ? badge('expired', 'bad') : badge('valid', 'good'),
];

const KEYS = [
  { head: 'Key', cell: key => as.long(key.fingerprint, { what: 'fingerprint' }) },
  { head: 'Algorithm', cell: key => key.algorithm, key: key => key.algorithm },
  { head: 'Used to', cell: key => key.uses.join(', ') },
  { head: 'Created', cell: key => as.time(key.created), key: key => key.created },
  { head: 'Expires', cell: key => as.time(key.expires), key: key => key.expires },
];

const certificate = ({ version, fingerprint, user_ids: names, created, expires, keys }) =>
  el(
    'article',
    { class: 'card', 'data-key': fingerprint },
    el('h4', null, `Certificate, v${version}`),
    facts([
      [
        'Fingerprint',
        el('span', { class: 'whole' }, as.long(fingerprint, { what: 'fingerprint', shown: fingerprint })),
      ],
      ['Belongs to', names.join(', ') || el('span', { class: 'dim' }, 'it does not say')],
      ['Created', as.time(created)],
      ['Expires', as.time(expires)],
    ]),
    table(`Keys of certificate v${version}`, KEYS, keys),
  );

const verdict = ({ holds, problem, serial, block, checked }) => [
  el(
    'p',
    { class: 'verdict' },
    holds ? badge('it holds', 'good') : badge('it does not hold', 'bad'),
    el('span', { class: 'dim' }, `serial ${as.count(serial)} at block ${as.count(block)}, checked `, as.time(checked)),
  ),
  problem && el('p', { class: 'text' }, problem),
];

/** Whether a route's certificates and signatures fit the wallet, as the index finds. */
const showCheck = check =>
  check
    ? el(
        'div',
        { class: 'stack' },
        verdict(check),
        check.certificates.map(certificate),
        el('p', { class: 'dim' }, 'This index made this check. CoNET’s own clients make it again by themselves.'),
      )
    : empty('This index has no route of this wallet to check any more.');

/** Made once for a route, and again when another one is set. */
const routeCheck = (address, { signature }, signal) =>
  el(
    'div',
    { class: 'check', 'data-key': signature },
    el('h3', null, 'Certificate check'),
    loading(() => maybe(get(`/v1/routes/${address}/check`, {}, signal)), showCheck, { rows: 4 }),
  );

const showUpdate = ({ update, serial, handle, signature }) =>
  facts([
    ['Agent', Number(update.agent) ? as.node(update.agent) : 'it has left, and has no agent'],
    ['Serial', as.count(serial)],
    ['Key epoch', as.count(update.epoch)],
    ['Expiry', expiry(update.expiry)],
    ['Certificate', as.hash(update.keys?.certificate)],
    ['Certificate, v4', as.hash(update.keys?.certificateV4)],
    ['Key handle', as.hash(handle ?? update.keys?.handle)],
    ['Signature', as.hash(signature)],
  ]);

const showRoute = ({ route, name, votes }, address, signal) => [
  facts([
    name && ['Calls itself', el('a', { href: `#/name/${encodeURIComponent(name.label)}` }, name.label)],
    ['Voting power', as.conet(votes)],
  ]),
  section(
    'Route',
    route?.update
      ? [showUpdate(route), routeCheck(address, route, signal)]
      : empty('It has no route: nobody can write to it by this address yet. A wallet registers one with an agent.'),
  ),
];

const body = (address, signal) => [
  loading(
    () => readRoute(address, signal),
    found => showRoute(found, address, signal),
    { rows: 5, live: signal },
  ),
  loading(() => readLists(address, signal), showLists, { rows: 6, live: signal }),
  section(
    'Events that mention it',
    loading(
      () => list('/v1/events', { mentions: address }, { most: 25, of: event => event, signal }),
      events => listed(events, eventList, { nothing: 'No event mentions it.', first: 'newest' }),
      { live: signal },
    ),
    el('p', null, el('a', { href: `#/feed?mentions=${address}` }, 'As they come')),
  ),
];

const title = address => el('span', { class: 'address' }, as.long(address, { what: 'address', shown: address }));

export const wallet = ({ parts: [text = ''], signal }) => {
  if (!isAddress(text)) return [heading('Wallet'), empty('An address has 40 hexadecimal digits after 0x.')];
  const address = checksummed(text);
  return [
    heading('Wallet'),
    title(address),
    !fits(text) && empty('The capital letters of this address do not fit its digits: somebody may have mistyped it.'),
    body(address, signal),
  ];
};

export const name = ({ parts: [label = ''], signal }) => [
  heading(label),
  loading(
    () => records('names', { label }, signal),
    ([found]) => {
      if (!found) return empty(`Nobody has the name “${label}”. Names appear here when somebody registers them.`);
      const stands = /^0x0*$/.test(found.wallet ?? '0x') ? null : found.wallet;
      return [
        facts([
          ['Stands for', stands ? as.wallet(stands) : 'no wallet'],
          ['Owner', as.wallet(found.owner)],
          ['Until', expiry(found.expiresAt)],
          ['Last fee', as.conet(found.fee)],
          ['Record', el('a', { href: `#/tables/names/${found.id}` }, 'all of it, and what it was')],
        ]),
        stands && el('div', { class: 'parts', 'data-key': stands }, body(stands, signal)),
      ];
    },
    { live: signal },
  ),
];
