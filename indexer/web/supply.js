// CoNET: how much there is, what was burned, and what it costs.

import { list, one } from './api.js';
import { price } from './fields.js';
import * as as from './format.js';
import { badge, el, heading, listed, loading, section, table, tiles } from './lib.js';
import { history, linePlot } from './plots.js';

/** A double of 10^-18 CoNET in words: exact enough for an axis. */
const tokens = value =>
  `${new Intl.NumberFormat('en', { maximumFractionDigits: value < 1e21 ? 2 : 0 }).format(value / 1e18)} CoNET`;

export const readNow = async signal => {
  const [supply, cost] = await Promise.all([one('supply', 'conet', {}, signal), one('price', 'conet', {}, signal)]);
  return { supply: supply ?? {}, cost };
};

export const supplyTiles = ({ supply, cost }) => {
  const burned = BigInt(supply.burned ?? 0);
  const made = BigInt(supply.supply ?? 0) + burned - BigInt(supply.reissued ?? 0);
  return [
    {
      name: 'Supply',
      value: as.conet(supply.supply),
      more: `${as.ratio(as.share(supply.supply ?? 0, made))} of what was made`,
      href: '#/supply',
    },
    { name: 'Burned', value: as.conet(burned), more: ['came back: ', as.conet(supply.reissued)], href: '#/supply' },
    {
      name: 'Price',
      value: cost ? price(cost.current) : 'none yet',
      more: cost && [cost.paused ? badge('paused', 'bad') : 'since ', !cost.paused && as.time(cost.at)],
    },
  ];
};

const ISSUERS = [
  { head: 'Node', cell: issuer => as.node(issuer.node), key: issuer => Number(issuer.node) },
  { head: 'Free to burn', num: true, cell: issuer => as.conet(issuer.free), key: issuer => BigInt(issuer.free ?? 0) },
  // A unit of weight is 10^13 of the smallest units.
  {
    head: 'Weight in draws',
    num: true,
    cell: issuer => as.conet(BigInt(issuer.weight ?? 0) * 10n ** 13n),
    key: issuer => BigInt(issuer.weight ?? 0),
  },
];

export default ({ signal }) => {
  // Both curves are of one history: who asks while it is read waits for the same.
  let past = null;
  const read = () => (past ??= history('supply/conet', signal).finally(() => (past = null)));
  const curve = options =>
    loading(
      read,
      entries => linePlot({ entries, unit: tokens, nothing: 'The curve begins with the first CoNET.', ...options }),
      { rows: 6, live: signal },
    );
  return [
    heading(
      'Supply',
      'All CoNET was made once. Issuers burn it for new notes; what was burned for a note can come back.',
    ),
    loading(
      () => readNow(signal),
      now => tiles(supplyTiles(now)),
      { live: signal },
    ),
    section(
      'Supply over time',
      curve({ label: 'CoNET that exists', zero: false, lines: [['supply', 'Supply', 'accent']] }),
    ),
    section(
      'Burned over time',
      curve({
        label: 'CoNET that was burned, and that came back',
        lines: [
          ['burned', 'Burned, all together', 'accent'],
          ['reissued', 'Came back', 'second'],
        ],
      }),
    ),
    section(
      'Issuers',
      loading(
        () => list('/v1/issuers', {}, { signal }),
        issuers =>
          listed(issuers, rows => table('Issuers', ISSUERS, rows, { sort: 'Node' }), {
            nothing: 'Nodes appear here that have CoNET free to burn for notes.',
          }),
        { live: signal },
      ),
      el('p', { class: 'dim' }, 'Who issues an order’s note is drawn by this weight.'),
    ),
  ];
};
