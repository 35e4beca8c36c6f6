// Small chains, the archive groups that keep them, and who was drawn for them.

import { list, maybe, one } from './api.js';
import { eventList } from './feed.js';
import { label, show } from './fields.js';
import * as as from './format.js';
import { badge, el, empty, facts, heading, listed, loading, section, table } from './lib.js';

const DRAWS_SHOWN = 50;

const CLASS = ['asset', 'storage'];
const VISIBILITY = ['members only', 'public'];

const paid = chain =>
  chain.class === 0
    ? el('span', { class: 'dim' }, 'no rent')
    : chain.paidThrough
      ? as.time(chain.paidThrough)
      : el('span', { class: 'dim' }, 'not paid');

export const CHAINS = [
  { head: 'Chain', cell: chain => as.chain(chain.chain) },
  {
    head: 'For',
    cell: chain => (Number(chain.note) ? as.note(chain.note) : CLASS[chain.class]),
    key: chain => chain.class * 1e9 + Number(chain.note),
  },
  { head: 'Readable by', cell: chain => VISIBILITY[chain.visibility], key: chain => chain.visibility },
  { head: 'Kept by', cell: chain => as.group(chain.home), key: chain => chain.home },
  { head: 'Wallet', cell: chain => as.wallet(chain.wallet) },
  { head: 'Paid until', cell: paid, key: chain => Number(chain.paidThrough ?? 0) },
  { head: 'Rent so far', num: true, cell: chain => as.usd(chain.rentPaid), key: chain => BigInt(chain.rentPaid ?? 0) },
  { head: 'Anchored', cell: chain => as.time(chain.anchored), key: chain => chain.anchored },
];

const nodeChips = nodes =>
  el(
    'ul',
    { class: 'chips' },
    nodes.map(id => el('li', null, as.node(id))),
  );

const groupCard = group =>
  el(
    'article',
    { class: 'card', 'data-key': group.group },
    el('h3', null, as.group(group.group), ' ', group.split && badge('split', 'hollow')),
    nodeChips(group.nodes ?? []),
    el('p', { class: 'dim' }, `${group.nodes?.length ?? 0} seats · epoch ${group.epoch}, since `, as.time(group.since)),
    el(
      'p',
      { class: 'dim' },
      'Seed ',
      group.seed ? [as.hash(group.seed), ` number ${group.seedIndex}`] : 'not posted yet',
    ),
  );

const JOINS = [
  { head: 'Node', cell: join => as.node(join.node) },
  { head: 'Asked', cell: join => as.time(join.asked) },
  { head: 'Drawn after block', num: true, cell: join => as.block(join.drawnAfter) },
];

export default ({ signal }) => [
  heading(
    'Chains',
    'Small chains, each with its own signers. An archive group keeps all of its chains; creators, witnesses and validators are drawn for each.',
  ),
  section(
    'Archive groups',
    loading(
      () => list('/v1/archive-groups', {}, { signal }),
      groups =>
        listed(groups, rows => el('div', { class: 'cards' }, rows.map(groupCard)), {
          nothing: 'Groups appear here when enough archive nodes have asked for a seat.',
        }),
      { live: signal },
    ),
  ),
  loading(
    () => list('/v1/archive-joins', {}, { signal }),
    joins =>
      joins.rows.length > 0 &&
      section(
        'Waiting for a seat',
        listed(joins, rows => table('Waiting for a seat', JOINS, rows)),
      ),
    { rows: 1, live: signal },
  ),
  section(
    'All chains',
    loading(
      () => list('/v1/chains', {}, { signal }),
      chains =>
        listed(chains, rows => table('All chains', CHAINS, rows, { sort: '-Anchored' }), {
          nothing: 'Chains appear here when their genesis is anchored.',
        }),
      { live: signal },
    ),
  ),
  section('Drawn of late', draws({}, signal)),
];

/** A link of a Selection Chain. Who is among the members that a request names is not to be drawn. */
const flat = ({ draw, ...place }) => ({ ...place, ...draw?.request, ...draw });
/** Who serves, and who stands by: the first so many have seats. */
const drawn = ({ outcome, seats = 0 }) => {
  const nodes = outcome?.nodes ?? [];
  return { serve: nodes.slice(0, seats), standBy: nodes.slice(seats) };
};
const roleOf = ({ role }) =>
  typeof role === 'number'
    ? as.roleNames(role)
    : String(role ?? '')
        .split(',')
        .filter(Boolean);

const DRAWS = [
  { head: 'Draw', cell: draw => as.count(draw.number), key: draw => draw.number },
  { head: 'Group', cell: draw => as.group(draw.group), key: draw => draw.group },
  { head: 'For', cell: draw => as.chain(draw.chain) },
  { head: 'Role', cell: draw => as.roles(roleOf(draw)) },
  { head: 'From height', num: true, cell: draw => as.count(draw.height ?? 0), key: draw => draw.height },
  {
    head: 'Drawn',
    cell: draw => (drawn(draw).serve.length ? nodeChips(drawn(draw).serve) : 'none that fits'),
  },
  { head: 'Stand by', cell: draw => nodeChips(drawn(draw).standBy) },
  { head: 'Seed', cell: draw => as.hash(draw.seed) },
];

const drawTable = links => [
  table('Draws', DRAWS, links),
  el('p', { class: 'dim' }, 'Each draw is a link of its group’s Selection Chain: anybody can replay it from the seed.'),
];

/** The newest draws. An index may not follow the Selection Chains: then it says so, or has none. */
const draws = (parameters, signal) =>
  loading(
    () => maybe(list('/v1/draws', parameters, { most: DRAWS_SHOWN, of: flat, signal })),
    links =>
      links
        ? listed(links, drawTable, {
            nothing: 'No draw is known here: nobody was drawn yet, or this index does not follow the Selection Chains.',
            first: 'newest',
          })
        : empty('This index does not follow the Selection Chains. Their archive groups tell: conet chain selections.'),
    { live: signal },
  );

/** Members as the anchor lists them; bit i of `seated` says that member i has its seat. */
const memberTable = chain => {
  const seated = BigInt(chain.seated ?? 0);
  const members = (chain.members ?? []).map((member, index) => ({
    ...(typeof member === 'object' ? member : { node: member }),
    index,
    seated: (seated >> BigInt(index)) & 1n,
  }));
  if (!members.length)
    return empty(
      'Members are known by their hash only: the list has not been shown to the main chain. They show it when they take seats.',
    );
  const others = Object.keys(members[0]).filter(name => !['index', 'seated', 'node'].includes(name));
  return table(
    'Members',
    [
      { head: 'Member', cell: member => (member.node === undefined ? String(member.index) : as.node(member.node)) },
      { head: 'Seat', cell: member => (member.seated ? badge('taken', 'good') : badge('none', 'hollow')) },
      ...others.map(name => ({ head: label(name), cell: member => show('chains', name, member[name]) })),
    ],
    members,
  );
};

const readChain = async (id, signal) => {
  const chain = await one('chains', id, {}, signal);
  const keepers = chain && (await one('archive-groups', chain.home, {}, signal));
  return { chain, keepers };
};

export const chain = ({ parts: [id = ''], signal }) => [
  heading('Chain'),
  el('span', { class: 'address' }, as.long(id, { what: 'chain', shown: id })),
  loading(
    () => readChain(id.toLowerCase(), signal),
    ({ chain: record, keepers }) =>
      !record
        ? empty('No chain with this id is anchored.')
        : [
            facts([
              [
                'What for',
                Number(record.note) ? as.note(record.note) : `${CLASS[record.class]}: a history or a document`,
              ],
              ['Readable by', VISIBILITY[record.visibility]],
              ['Wallet', as.wallet(record.wallet)],
              ['Kept by', as.group(record.home)],
              ['Paid until', paid(record)],
              record.rentPaid && ['Rent so far', as.usd(record.rentPaid)],
              record.height !== undefined && ['Certified height', as.count(record.height)],
              ['Quorum', Number(record.quorum) ? as.count(record.quorum) : 'as its rules say'],
              ['Series', as.count(record.series)],
              ['Genesis', as.hash(record.genesisHash)],
              ['Members’ hash', as.hash(record.membersHash)],
              ['Anchored', as.time(record.anchored)],
              ['Record', el('a', { href: `#/tables/chains/${record.chain}` }, 'all of it, and what it was')],
            ]),
            section(
              'Seats of its archive group',
              keepers
                ? [
                    nodeChips(keepers.nodes ?? []),
                    el('p', { class: 'dim' }, `Epoch ${keepers.epoch}, since `, as.time(keepers.since)),
                  ]
                : empty('The group is not known here.'),
            ),
            section('Members', memberTable(record)),
            section('Drawn for it', draws({ chain: record.chain }, signal)),
            section(
              'What happened',
              loading(
                () => list('/v1/events', { mentions: record.chain }, { most: 50, of: event => event, signal }),
                events => listed(events, eventList, { first: 'newest' }),
                { live: signal },
              ),
            ),
          ],
    { rows: 10, live: signal },
  ),
];

const seatRows = record => (record.nodes ?? []).map((node, index) => ({ node, signer: record.signers?.[index] }));

export const group = ({ parts: [id], signal }) => [
  heading(`Archive group ${id}`),
  loading(
    () => one('archive-groups', id, {}, signal),
    record =>
      !record
        ? empty(`There is no archive group ${id}.`)
        : [
            facts([
              ['Epoch', [`${record.epoch}, since `, as.time(record.since)]],
              ['Newest seed', [as.hash(record.seed), record.seedIndex !== undefined && ` number ${record.seedIndex}`]],
              ['State that it began with', as.hash(record.stateHash)],
              record.split && ['Split into', [as.group(record.left), ' and ', as.group(record.right)]],
              ['Record', el('a', { href: `#/tables/archive-groups/${id}` }, 'all of it, and what it was')],
            ]),
            section(
              'Seats',
              table(
                'Seats',
                [
                  { head: 'Node', cell: seat => as.node(seat.node), key: seat => Number(seat.node) },
                  { head: 'Signs with', cell: seat => as.wallet(seat.signer) },
                ],
                seatRows(record),
              ),
            ),
            section(
              'Chains that it keeps',
              loading(
                () => list('/v1/chains', { home: id }, { most: 200, signal }),
                chains =>
                  listed(chains, rows => table('Chains', CHAINS, rows, { sort: '-Anchored' }), {
                    nothing: 'It keeps no chain yet.',
                  }),
                { live: signal },
              ),
            ),
            section('Drawn of late', draws({ group: id }, signal)),
          ],
    { live: signal },
  ),
];
