// Which view shows what. Views are read when they are first wanted.

import { el, heading } from './lib.js';

/** In the menu: the first part of the hash, the name, and where the view is. */
const MENU = [
  ['', 'Overview', () => import('./overview.js')],
  ['nodes', 'Nodes', () => import('./nodes.js')],
  ['notes', 'Notes', () => import('./notes.js')],
  ['chains', 'Chains', () => import('./chains.js')],
  ['votes', 'Votes', () => import('./votes.js')],
  ['supply', 'Supply', () => import('./supply.js')],
  ['feed', 'Feed', () => import('./feed.js')],
  ['tables', 'Tables', () => import('./tables.js')],
  ['api', 'API', () => import('./reference.js')],
];

/** Pages of one thing: the part of the hash, the menu's part that it belongs to, its view's file and name there. */
const PAGES = [
  ['node', 'nodes', () => import('./nodes.js'), 'node'],
  ['note', 'notes', () => import('./notes.js'), 'note'],
  ['chain', 'chains', () => import('./chains.js'), 'chain'],
  ['group', 'chains', () => import('./chains.js'), 'group'],
  ['vote', 'votes', () => import('./votes.js'), 'vote'],
  ['wallet', null, () => import('./wallet.js'), 'wallet'],
  ['name', null, () => import('./wallet.js'), 'name'],
  ['block', 'feed', () => import('./feed.js'), 'block'],
];

const ROUTES = new Map([
  ...MENU.map(([part, , load]) => [part, { menu: part, load, view: 'default' }]),
  ...PAGES.map(([part, menu, load, view]) => [part, { menu, load, view }]),
]);

/** The menu's links; `current` marks where the reader is. */
export const menu = current =>
  el(
    'ul',
    null,
    MENU.map(([part, name]) =>
      el('li', null, el('a', { href: `#/${part}`, 'aria-current': part === current ? 'page' : null }, name)),
    ),
  );

/** "#/table/key?block=3" in its parts. */
export const parse = hash => {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [name, ...parts] = path.split('/').map(part => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { name, parts: parts.filter(Boolean), query: new URLSearchParams(query) };
};

/** The view for a place: what it shows, and which part of the menu it belongs to. */
export const find = async place => {
  const route = ROUTES.get(place.name);
  if (!route)
    return {
      menu: null,
      view: () => [
        heading('Nothing is here'),
        el('p', null, 'There is no view of this name. ', el('a', { href: '#/' }, 'To the overview')),
      ],
    };
  const module = await route.load();
  return { menu: route.menu, view: module[route.view] };
};
