// From what somebody types to the place that shows it.

import { one, records } from './api.js';
import { checksummed, fits, isAddress } from './checksum.js';

const PAGES = {
  node: 'node',
  note: 'note',
  block: 'block',
  group: 'group',
  order: 'tables/orders',
  case: 'tables/cases',
};

/** The hash for a text, or an error whose message says why there is none. */
export const place = async text => {
  const wanted = text.trim();
  const numbered = wanted.match(/^(node|note|block|group|order|case)\s*#?\s*(\d+)$/i);
  if (numbered) return `#/${PAGES[numbered[1].toLowerCase()]}/${numbered[2]}`;
  if (isAddress(wanted)) {
    if (!fits(wanted)) throw new Error('This address has a mistake: its capital letters do not fit its digits.');
    return `#/wallet/${checksummed(wanted)}`;
  }
  if (/^0x[0-9a-f]{64}$/i.test(wanted)) {
    const id = wanted.toLowerCase();
    return (await one('chains', id)) ? `#/chain/${id}` : `#/feed?mentions=${id}`;
  }
  if (/^0x/i.test(wanted)) throw new Error('That is neither an address (40 digits after 0x) nor a chain or hash (64).');
  if (/^\d{1,18}$/.test(wanted)) return `#/block/${wanted}`;
  if (/^\d+$/.test(wanted)) return `#/vote/${wanted}`;
  const label = wanted.toLowerCase();
  const [name] = await records('names', { label });
  if (!name) throw new Error(`Nobody has the name “${label}”. Try an address, a chain, “node 3”, “note 2” or a block.`);
  return `#/name/${encodeURIComponent(label)}`;
};
