// Nodes: the map, the table, and the page of one.

import { list, longer, one, records, rows, together } from './api.js';
import { eventList, identity } from './feed.js';
import { prices, specs } from './fields.js';
import * as as from './format.js';
import { badge, bar, el, empty, facts, heading, listed, loading, section, table, tiles } from './lib.js';
import { networkMap } from './map.js';

const MOST = 1000;
/** A node has no more stakes than there are roles. */
const STAKES_EACH = as.ROLES.length;
const RATINGS_MOST = 2000;

const big = text => BigInt(text ?? 0);

/** Stake for one seat, by role. */
const minimums = parameters =>
  new Map(parameters.filter(each => each.name === 'minimumStake').map(each => [each.role[0], big(each.current)]));

/** Stakes with the seats that they carry at today's minimum. */
const carried = (stakes, minimum) =>
  stakes.map(stake => {
    const [role] = stake.role;
    const least = minimum.get(role) ?? 0n;
    return {
      ...stake,
      role,
      bonded: big(stake.bonded),
      seats: Number(stake.seats ?? 0),
      capacity: least ? Number(big(stake.bonded) / least) : 0,
    };
  });

/** What a node mostly is: an archive if it has a seat as one; else of its other roles the one with the most stake. */
const mainRole = (roles, stakes, group) => {
  if (group) return 'archive';
  const others = roles.filter(role => role !== 'archive');
  const staked = as.ROLES.filter(role => (others.length ? others : roles).includes(role)).map(role => [
    role,
    stakes.find(stake => stake.role === role)?.bonded ?? 0n,
  ]);
  return staked.reduce((best, each) => (each[1] > best[1] ? each : best), staked[0] ?? ['relay', 0n])[0];
};

/** Everything that is said of nodes elsewhere, by node. */
const byNode = said => Map.groupBy(said, each => each.node);

/** A node with its stake, load, group and ratings. */
const dressed = (record, stakes, ratings, group) => {
  const sum = pick => stakes.reduce((total, stake) => total + pick(stake), 0);
  return {
    ...record,
    stakes,
    stake: stakes.reduce((total, stake) => total + stake.bonded, 0n),
    seats: sum(stake => stake.seats),
    capacity: record.barred ? 0 : sum(stake => stake.capacity),
    group,
    main: mainRole(record.roles ?? [], stakes, group),
    stars: ratings.length ? ratings.reduce((total, rating) => total + rating.stars, 0) / ratings.length : null,
    raters: ratings.length,
  };
};

/**
 * Nodes as a list, from the lists of what is said of them. Sums over them are of all only if there is no `next`; ratings
 * are known of the nodes before `unrated`.
 */
const joined = (lists, parameters, groups) => {
  const [nodes, stakes, ratings] = lists;
  const minimum = minimums(parameters);
  const [stakesOf, ratingsOf] = [byNode(stakes.rows), byNode(ratings.rows)];
  // Who left a group is in its list no more, though it still has a record of its last seat.
  const groupOf = new Map(
    groups.filter(group => !group.split).flatMap(group => group.nodes.map(node => [node, group.group])),
  );
  return {
    rows: nodes.rows
      .filter(record => !record.retired)
      .map(record =>
        dressed(
          record,
          carried(stakesOf.get(record.id) ?? [], minimum),
          ratingsOf.get(record.id) ?? [],
          groupOf.get(record.id) ?? null,
        ),
      ),
    next: nodes.next || stakes.next,
    unrated: ratings.next && ratings.rows.at(-1).node,
    more: async () => joined(await Promise.all(lists.map(longer)), parameters, groups),
  };
};

export const readNodes = async signal => {
  const [parameters, groups, ...lists] = await Promise.all([
    records('parameters', {}, signal),
    records('archive-groups', {}, signal),
    list('/v1/nodes', {}, { most: MOST, signal }),
    list('/v1/stakes', {}, { most: STAKES_EACH * MOST, signal }),
    list('/v1/ratings', {}, { most: RATINGS_MOST, signal }),
  ]);
  return joined(lists, parameters, groups);
};

export const state = node =>
  node.barred
    ? badge('barred', 'bad')
    : node.retired
      ? badge('retired')
      : node.online
        ? badge('online', 'good')
        : badge('offline', 'hollow');

const stars = node =>
  node.stars === null ? el('span', { class: 'dim' }, 'none yet') : `${node.stars.toFixed(1)} ★ (${node.raters})`;

const load = ({ seats, capacity }) =>
  el(
    'span',
    { class: 'load' },
    bar(`${seats} of ${capacity} seats held`, [[capacity ? seats / capacity : 0, 'accent']]),
    el('span', { class: 'num' }, `${as.count(seats)} / ${as.count(capacity)}`),
  );

const COLUMNS = [
  { head: 'Node', cell: node => as.node(node.id, node.id), key: node => Number(node.id) },
  { head: 'State', cell: state, key: node => (node.barred ? 2 : node.online ? 0 : 1) },
  {
    head: 'Group',
    cell: node => (node.group ? as.group(node.group) : el('span', { class: 'dim' }, '—')),
    key: node => node.group,
  },
  { head: 'Stake', num: true, cell: node => as.conet(node.stake), key: node => node.stake },
  { head: 'Seats held', cell: load, key: node => (node.capacity ? node.seats / node.capacity : 0) },
  {
    head: 'Bandwidth',
    num: true,
    cell: node => as.pico(node.prices.bandwidth, '/ MB'),
    key: node => big(node.prices.bandwidth),
  },
  {
    head: 'Storage',
    num: true,
    cell: node => as.pico(node.prices.storage, '/ MB h'),
    key: node => big(node.prices.storage),
  },
  { head: 'Rating', num: true, cell: stars, key: node => node.stars },
  { head: 'Roles', cell: node => as.roles(node.roles), key: node => node.roles.length },
  { head: 'Wallet', cell: node => as.wallet(node.wallet) },
];

/** Sums over a list of nodes; where they are not of all nodes, they say so. */
export const nodeTiles = ({ rows: nodes, next }) => {
  const online = nodes.filter(node => node.online && !node.barred).length;
  const seats = nodes.reduce((total, node) => total + node.seats, 0);
  const part = next ? ` · the first ${as.count(nodes.length)} nodes only` : '';
  return [
    {
      name: 'Nodes',
      value: `${as.count(nodes.length)}${next ? '+' : ''}`,
      more: `${as.count(online)} online${part}`,
      href: '#/nodes',
    },
    {
      name: 'Staked',
      value: as.conet(nodes.reduce((total, node) => total + node.stake, 0n)),
      more: `${as.count(seats)} ${seats === 1 ? 'seat' : 'seats'} held with it${part}`,
      href: '#/nodes',
    },
  ];
};

const everyNode = (nodes, all) => [
  tiles(nodeTiles(all)),
  networkMap(all),
  section(
    'All nodes',
    table('All nodes', COLUMNS, nodes, { sort: 'Node' }),
    all.unrated &&
      el('p', { class: 'dim' }, `Ratings are known here of nodes before ${all.unrated}; each node’s page has its own.`),
  ),
];

export default ({ signal }) => [
  heading(
    'Nodes',
    'Who carries messages and keeps chains. Each stakes CoNET for its roles; a seat is one duty that the stake answers for.',
  ),
  loading(
    () => readNodes(signal),
    nodes => listed(nodes, everyNode, { nothing: 'Nodes appear here when their owners register them.' }),
    { rows: 8, live: signal },
  ),
];

const STAKES = [
  { head: 'Role', cell: stake => as.role(stake.role), key: stake => stake.role },
  { head: 'Bonded', num: true, cell: stake => as.conet(stake.bonded), key: stake => stake.bonded },
  { head: 'Seats held', cell: load, key: stake => stake.seats },
  {
    head: 'Unbonding',
    num: true,
    cell: stake => (big(stake.unbonding) ? [as.conet(stake.unbonding), ' ', as.time(stake.withdrawableAt)] : '—'),
    key: stake => big(stake.unbonding),
  },
  {
    head: 'Slashed',
    num: true,
    cell: stake => (big(stake.slashed) ? as.conet(stake.slashed) : '—'),
    key: stake => big(stake.slashed),
  },
];

const RATINGS = [
  { head: 'Payer', cell: rating => as.wallet(rating.payer) },
  { head: 'Stars', num: true, cell: rating => `${rating.stars} ★`, key: rating => rating.stars },
  {
    head: 'Paid it',
    num: true,
    cell: rating => as.usd(rating.record?.paid ?? rating.payment?.amount),
    key: rating => big(rating.record?.paid),
  },
  { head: 'When', cell: rating => as.time(rating.record?.ratedAt), key: rating => Number(rating.record?.ratedAt ?? 0) },
];

const CASES = [
  { head: 'Case', cell: each => el('a', { href: `#/tables/cases/${each.caseId}` }, each.caseId) },
  {
    head: 'Offence',
    cell: each => ['none', 'equivocation', 'inactivity', 'wrong root', 'trap', 'fraud'][each.offence] ?? each.offence,
  },
  { head: 'Role', cell: each => as.roles(each.role) },
  { head: 'At stake', num: true, cell: each => as.conet(each.amount) },
  { head: 'Outcome', cell: each => each.outcome },
];

/** What happened to a node: the registry's events and the staking's. */
const nodeEvents = async (id, signal) => {
  const of = contract => list('/v1/events', { contract, mentions: id }, { most: 25, of: event => event, signal });
  return together(await Promise.all(['NodeRegistry', 'Staking'].map(of)), identity);
};

const newestFirst = events => eventList(events.toSorted((a, b) => b.block - a.block || b.log - a.log));

const clientWords = ({ rows: clients, complete }) => {
  if (!clients.length) return 'no wallet chose it as its agent';
  if (clients.length === 1) return '1 wallet chose it as its agent';
  return `${as.count(clients.length)}${complete ? '' : ' or more'} wallets chose it as their agent`;
};

const readNode = async (id, signal) => {
  const [record, stakes, parameters, groups, ratings, cases, issuer, clients] = await Promise.all([
    one('nodes', id, {}, signal),
    records('stakes', { node: id }, signal),
    records('parameters', {}, signal),
    records('archive-groups', {}, signal),
    list('/v1/ratings', { node: id }, { signal }),
    list('/v1/cases', { node: id }, { signal }),
    one('issuers', id, {}, signal),
    rows('/v1/routes', { agent: id }, { most: 500, signal }),
  ]);
  const seated = groups.find(group => !group.split && group.nodes.includes(id));
  return { record, stakes: carried(stakes, minimums(parameters)), seated, ratings, cases, issuer, clients };
};

export const node = ({ parts: [id], signal }) => [
  heading(`Node ${id}`),
  loading(
    () => readNode(id, signal),
    ({ record, stakes, seated, ratings, cases, issuer, clients }) =>
      !record
        ? empty(`There is no node ${id}.`)
        : [
            facts([
              ['State', state(record)],
              ['Roles', as.roles(record.roles)],
              ['Wallet', as.wallet(record.wallet)],
              ['Owner', as.wallet(record.owner)],
              ['Archive group', seated ? [as.group(seated.group), ` in epoch ${seated.epoch}`] : 'no seat'],
              [
                'Endpoints',
                record.endpoints?.length
                  ? el('span', { class: 'mono' }, record.endpoints.join(', '))
                  : 'none: reached by a relay',
              ],
              ['Clients', clientWords(clients)],
              issuer && ['Free to burn for notes', as.conet(issuer.free)],
              ['Registered', as.time(record.registered)],
              [
                'Record',
                [`serial ${record.serial} · `, el('a', { href: `#/tables/nodes/${id}` }, 'all of it, and what it was')],
              ],
              ['Certificate', as.hash(record.keys?.certificate)],
              ['Key handle', as.hash(record.handle)],
            ]),
            section(
              'Stake and seats',
              stakes.length
                ? table('Stake and seats by role', STAKES, stakes, { sort: '-Bonded' })
                : empty('It has staked nothing.'),
            ),
            el(
              'div',
              { class: 'columns' },
              section('Prices', facts(prices(record.prices))),
              section(
                'What its computer has',
                facts(specs(record.specs)),
                el('p', { class: 'dim' }, 'As its owner says: nothing on chain can measure it.'),
              ),
            ),
            section(
              'Ratings',
              listed(ratings, each => table('Ratings', RATINGS, each, { sort: '-When' }), {
                nothing: 'Nobody who paid it has rated it yet.',
              }),
            ),
            cases.rows.length > 0 &&
              section(
                'Accusations',
                listed(cases, each => table('Accusations', CASES, each)),
              ),
            section(
              'What happened',
              loading(
                () => nodeEvents(id, signal),
                events => listed(events, newestFirst, { first: 'newest' }),
                { live: signal },
              ),
            ),
          ],
    { rows: 10, live: signal },
  ),
];
