// Numbers with units, times, and what is too long to show.

import { copyButton, el } from './lib.js';

/** Digits of a number that may be bigger than a double. */
const grouped = digits => digits.replace(/\B(?=(\d{3})+$)/g, ',');

/** An integer with its point moved. At most `most` digits behind it, at least `least`. */
export const fixed = (value, decimals, { least = 0, most = decimals } = {}) => {
  const big = BigInt(value);
  const digits = (big < 0n ? -big : big).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const part = digits
    .slice(digits.length - decimals)
    .slice(0, most)
    .replace(/0+$/, '')
    .padEnd(least, '0');
  return `${big < 0n ? '−' : ''}${grouped(whole)}${part && `.${part}`}`;
};

export const count = value => grouped(String(value));

/** A number with its unit; the exact one on demand. */
const amount = (text, unit, exact, before = '') =>
  el('span', { class: 'amount', title: exact }, before, text, unit && el('span', { class: 'unit' }, ` ${unit}`));

const DUST = 10n ** 14n;

/** 10^-18 CoNET. */
export const conet = (value = 0) => {
  const dust = BigInt(value) > 0n && BigInt(value) < DUST;
  return amount(dust ? '< 0.0001' : fixed(value, 18, { most: 4 }), 'CoNET', `${fixed(value, 18)} CoNET`);
};

/** Micro-dollars. */
export const usd = (value = 0) => amount(usdText(value), '', `${fixed(value, 6)} US dollars`);
export const usdText = (value = 0) => `$${fixed(value, 6, { least: 2 })}`;
export const conetText = (value = 0, most = 4) => `${fixed(value, 18, { most })} CoNET`;

/** Pico-dollars, for something: 10^-12 USD are too small for a $0.00…. */
export const pico = (value, per) => {
  if (BigInt(value) === 0n) return amount('free', '', `0 pico-dollars ${per}`);
  return amount(fixed(value, 12), per, `${count(value)} pico-dollars ${per}`, '$');
};

/** Thousandths of a percent. */
export const rate = value => `${fixed(value, 3)}%`;

export const ratio = share => {
  if (share > 0 && share < 0.001) return '< 0.1%';
  if (share < 1 && share > 0.999) return '> 99.9%';
  return `${(share * 100).toFixed(share === 1 || share === 0 ? 0 : 1)}%`;
};

/** Two integers as a share. Doubles are good enough once they are of the same size. */
export const share = (part, whole) =>
  BigInt(whole) === 0n ? 0 : Number((BigInt(part) * 1_000_000n) / BigInt(whole)) / 1_000_000;

const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' });

export const ago = (unix, now = Date.now() / 1000) => {
  const gap = unix - now;
  if (Math.abs(gap) < 2) return 'now';
  const [unit, size] = UNITS.find(([, seconds]) => Math.abs(gap) >= seconds) ?? UNITS.at(-1);
  return relative.format(Math.trunc(gap / size), unit);
};

export const absoluteTime = unix => absolute.format(new Date(unix * 1000));

/** A moment: how long ago, and on demand when. The page keeps the words current. */
export const time = unix => {
  const seconds = Number(unix);
  if (!seconds) return el('span', { class: 'dim' }, 'never');
  // Beyond what a date can be: "for ever" is said with the highest number.
  if (seconds > 8.64e12) return el('span', { class: 'dim' }, 'never ends');
  return el(
    'time',
    { datetime: new Date(seconds * 1000).toISOString(), title: absoluteTime(seconds), 'data-unix': seconds },
    ago(seconds),
  );
};

export const refreshTimes = () =>
  document.querySelectorAll('time[data-unix]').forEach(each => (each.textContent = ago(Number(each.dataset.unix))));

/** Data size of hex. */
const bytes = hex => (hex.length - 2) / 2;

const middle = (text, head, tail) =>
  text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
export const short = text => middle(text, 8, 6);

/** Something long: shortened, whole on demand, to be copied. */
export const long = (text, { href = null, what = 'value', shown = short(text) } = {}) =>
  el(
    'span',
    { class: 'long' },
    href ? el('a', { href, title: text, class: 'mono' }, shown) : el('span', { title: text, class: 'mono' }, shown),
    copyButton(text, what),
  );

const NOBODY = /^0x0{40}$/;

export const wallet = address => {
  if (!address) return el('span', { class: 'dim' }, '—');
  if (NOBODY.test(address)) return el('span', { class: 'dim', title: address }, 'nobody');
  return long(address, { href: `#/wallet/${address}`, what: 'address' });
};

export const hash = (text, href = null) => {
  if (!text || text === '0x') return el('span', { class: 'dim' }, 'none');
  if (/^0x0+$/.test(text)) return el('span', { class: 'dim', title: text }, 'zero');
  return bytes(text) > 32 && !href
    ? long(text, { what: 'bytes', shown: `${count(bytes(text))} bytes` })
    : long(text, { href, what: 'hash' });
};

export const chain = id => hash(id, `#/chain/${id}`);
export const node = (id, text = `node ${id}`) =>
  String(id) === '0' ? el('span', { class: 'dim' }, 'none') : el('a', { href: `#/node/${id}` }, text);
export const note = id =>
  String(id) === '0' ? el('span', { class: 'dim' }, 'none') : el('a', { href: `#/note/${id}` }, `note ${id}`);
export const group = id =>
  Number(id) === 0 ? el('span', { class: 'dim' }, 'none') : el('a', { href: `#/group/${id}` }, `group ${id}`);
export const block = number => el('a', { href: `#/block/${number}`, class: 'num' }, count(number));
export const proposal = id => el('a', { href: `#/vote/${id}`, title: id, class: 'mono' }, middle(id, 6, 4));

/** Roles as the contracts count them: each is one bit, in this order. */
const ROLE_BITS = ['relay', 'agent', 'archive', 'witness', 'validator', 'creator', 'compute'];
export const roleNames = bits => ROLE_BITS.filter((_, bit) => (BigInt(bits) >> BigInt(bit)) & 1n);
export const roleBits = names => names.reduce((bits, name) => bits | (1 << ROLE_BITS.indexOf(name)), 0);

/** Roles by how much each says of a node. */
export const ROLES = ['archive', 'compute', 'agent', 'creator', 'validator', 'witness', 'relay'];
export const role = name => el('span', { class: `role role-${name}` }, name);
export const roles = list =>
  el(
    'span',
    { class: 'roles' },
    (list ?? []).map(name => role(name)),
  );
