// The network at one glance.

import { one, rows } from './api.js';
import { live } from './feed.js';
import * as as from './format.js';
import { el, empty, heading, loading, section, tiles } from './lib.js';
import { networkMap } from './map.js';
import { nodeTiles, readNodes } from './nodes.js';
import { readNow, supplyTiles } from './supply.js';
import { proposalCards } from './votes.js';

const EVENTS = 8;
const COUNTED = 500;

const readNumbers = async signal => {
  const [nodes, now, backing, chains, names] = await Promise.all([
    readNodes(signal),
    readNow(signal),
    one('backing', 'notes', {}, signal),
    rows('/v1/chains', {}, { most: COUNTED, signal }),
    rows('/v1/names', {}, { most: COUNTED, signal }),
  ]);
  return { nodes, now, backing: backing ?? {}, chains, names };
};

const counted = ({ rows: list, complete }) => `${as.count(list.length)}${complete ? '' : '+'}`;

const numbers = ({ nodes, now, backing, chains, names }) =>
  tiles([
    ...nodeTiles(nodes),
    ...supplyTiles(now),
    {
      name: 'Live in notes',
      value: as.usd(backing.live),
      more: ['of ', as.usd(backing.deposited), ' paid in'],
      href: '#/notes',
    },
    { name: 'Small chains', value: counted(chains), more: 'anchored', href: '#/chains' },
    { name: 'Names', value: counted(names), more: 'registered', href: '#/tables/names' },
  ]);

const show = (all, signal) => [
  numbers(all),
  el(
    'div',
    { class: 'columns lopsided' },
    el(
      'div',
      null,
      section(
        'Nodes',
        all.nodes.rows.length ? networkMap(all.nodes) : empty('Nodes appear here when their owners register them.'),
      ),
      section(
        'Newest vote',
        proposalCards(signal, { most: 1 }),
        el('p', null, el('a', { href: '#/votes' }, 'All votes')),
      ),
    ),
    el(
      'div',
      null,
      section(
        'What happens',
        live({}, { most: EVENTS, signal }).box,
        el('p', null, el('a', { href: '#/feed' }, 'The whole feed')),
      ),
    ),
  ),
];

export default ({ signal }) => [
  heading(
    'CoNET',
    'People and servers talk by wallet address, through nodes that cannot read what they carry. This is what the network’s contracts say of it.',
  ),
  loading(
    () => readNumbers(signal),
    all => show(all, signal),
    { rows: 10, live: signal },
  ),
];
