// The network as a picture: archive groups as rings of their seats, everybody else around them.

import { conetText, count, fixed, ROLES } from './format.js';
import { el, svg } from './lib.js';

const MOST = 400;

/** The biggest node's radius, and the room that each has. */
const BIG = 20;
const ROOM = 2 * BIG + 8;
const HUB = 30;

/** Half of what is shown at least, so that a few nodes do not fill it. */
const SMALLEST = 225;

/** Beyond this the picture is shown so small that numbers cannot be read. */
const NUMBERED = 420;

/** Places on a circle, the first on top. */
const circle = (items, [x, y], radius, turn = 0) =>
  items.map((item, index) => {
    const angle = ((index + turn) / items.length) * 2 * Math.PI - Math.PI / 2;
    return { ...item, x: x + radius * Math.cos(angle), y: y + radius * Math.sin(angle) };
  });

/** In rings from `inner` outwards, each as full as it may be. Gives the places and where the last ring is. */
const rings = (items, inner) => {
  const placed = [];
  let radius = inner;
  for (let rest = items; ; radius += ROOM) {
    const fits = Math.max(1, Math.floor((2 * Math.PI * radius) / ROOM));
    placed.push(...circle(rest.slice(0, fits), [0, 0], radius, 0.5));
    rest = rest.slice(fits);
    if (!rest.length) return { placed, radius };
  }
};

/** From the inside out: groups side by side on a circle, their seats around each, then everybody else. */
const layout = nodes => {
  const groups = [...new Set(nodes.map(node => node.group).filter(Boolean))].sort((a, b) => a - b);
  const seatsOf = group => nodes.filter(node => node.group === group);
  const seats = groups.reduce((most, group) => Math.max(most, seatsOf(group).length), 0);
  const radius = Math.max((seats * ROOM) / (2 * Math.PI), HUB + ROOM * 0.75);
  const around = groups.length > 1 ? (radius + ROOM / 2) / Math.sin(Math.PI / groups.length) : 0;
  const hubs = circle(
    groups.map(group => ({ group })),
    [0, 0],
    around,
  ).map(hub => ({ ...hub, radius }));
  const seated = hubs.flatMap(hub =>
    circle(seatsOf(hub.group), [hub.x, hub.y], radius).map(node => ({ ...node, hub })),
  );
  const rest = nodes.filter(node => !node.group);
  const inner = groups.length ? around + radius : 0;
  const outside = rest.length ? rings(rest, inner + ROOM * 1.2) : { placed: [], radius: inner };
  return { hubs, placed: [...seated, ...outside.placed], half: Math.max(SMALLEST, outside.radius + BIG + 8) };
};

const state = node => (node.barred ? 'barred' : node.online ? 'online' : 'offline');

const words = node =>
  `Node ${node.id}: ${state(node)}, mostly ${node.main}, ${conetText(node.stake, 0)} staked, ` +
  `${count(node.seats)} of ${count(node.capacity)} seats held${node.group ? `, in archive group ${node.group}` : ''}, ` +
  `$${fixed(node.prices?.bandwidth ?? 0, 12)} per MB sent, ${node.stars === null ? 'not rated yet' : `rated ${node.stars.toFixed(1)} of 5`}`;

/** The line below the picture says what a node's title says. */
const say = ({ currentTarget: dot }) =>
  (dot.closest('figure').querySelector('.map-says').textContent = dot.querySelector('title').textContent);

const dot = (node, radius, numbered) =>
  svg(
    'a',
    {
      href: `#/node/${node.id}`,
      class: `map-node ${state(node)} role-${node.main}`,
      pointerenter: say,
      focus: say,
    },
    svg('title', null, words(node)),
    svg('circle', { class: 'focus', cx: node.x, cy: node.y, r: radius + 4 }),
    svg('circle', { class: 'body', cx: node.x, cy: node.y, r: radius }),
    node.barred &&
      svg('path', {
        class: 'cross',
        d: `M${node.x - radius} ${node.y - radius}l${2 * radius} ${2 * radius}m0 ${-2 * radius}l${-2 * radius} ${2 * radius}`,
      }),
    numbered && svg('text', { x: node.x, y: node.y, dy: '0.35em', 'aria-hidden': 'true' }, node.id),
  );

/** The picture of a list of nodes as `nodes.js` prepares them. */
export const networkMap = ({ rows: nodes, next }) => {
  const shown = nodes.slice(0, MOST);
  const { hubs, placed, half } = layout(shown);
  const most = shown.reduce((max, node) => Math.max(max, Math.sqrt(Number(node.stake))), 1);
  // By area, but never too small to be hit.
  const radius = node => BIG * (0.5 + (0.5 * Math.sqrt(Number(node.stake))) / most);
  const line = el('p', { class: 'map-says' }, 'Point at a node, or step through them with the keyboard.');
  const present = ROLES.filter(role => shown.some(node => node.main === role));
  const picture = svg(
    'svg',
    {
      viewBox: [-half, -half, 2 * half, 2 * half].join(' '),
      class: 'map',
      role: 'group',
      'aria-label': `Map of ${shown.length} nodes`,
    },
    hubs.map(hub => svg('circle', { class: 'ring', cx: hub.x, cy: hub.y, r: hub.radius })),
    placed
      .filter(node => node.hub)
      .map(node => svg('line', { class: 'spoke', x1: node.hub.x, y1: node.hub.y, x2: node.x, y2: node.y })),
    hubs.map(hub =>
      svg(
        'a',
        { href: `#/group/${hub.group}`, class: 'hub', 'aria-label': `Archive group ${hub.group}` },
        svg('circle', { cx: hub.x, cy: hub.y, r: HUB }),
        svg('text', { x: hub.x, y: hub.y, dy: '0.35em' }, `Group ${hub.group}`),
      ),
    ),
    placed.map(node => dot(node, radius(node), half < NUMBERED)),
  );
  const legend = el(
    'ul',
    { class: 'legend', 'aria-label': 'Legend' },
    present.map(role => el('li', null, el('span', { class: `role role-${role}` }, role))),
    el('li', null, el('span', { class: 'key filled', 'aria-hidden': 'true' }), 'online'),
    el('li', null, el('span', { class: 'key hollow', 'aria-hidden': 'true' }), 'offline'),
    shown.some(node => node.barred) &&
      el('li', null, el('span', { class: 'key', 'aria-hidden': 'true' }, '×'), 'barred'),
  );
  const caption = el(
    'figcaption',
    null,
    line,
    legend,
    el(
      'p',
      { class: 'dim' },
      'Colour: archive for who has a seat as one, else the other role with the most stake. Size: all of its stake. Rings inside: the seats of archive groups.',
      (next || nodes.length > MOST) &&
        ` The first ${count(shown.length)} of ${count(nodes.length)}${next ? ' or more' : ''} nodes are drawn.`,
    ),
  );
  return el('figure', { class: 'map-figure' }, el('div', null, picture, caption));
};
