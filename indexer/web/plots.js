// Curves of what a record was over time.

import { rows } from './api.js';
import { absoluteTime, ago, count } from './format.js';
import { el, empty, scroller, store, svg } from './lib.js';

const HISTORY_MOST = 5000;

/** What a record was, oldest first. */
export const history = async (key, signal) => {
  const { rows: entries, complete } = await rows(`/v1/history/${key}`, {}, { most: HISTORY_MOST, signal });
  const list = entries.filter(entry => entry.record && entry.time).reverse();
  return Object.assign(list, { complete });
};

/** Steps that people count in: 1, 2 or 5 times a power of ten. */
const steps = (low, high, most) => {
  const rough = (high - low) / most || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(each => each * power).find(each => each >= rough);
  const first = Math.ceil(low / step);
  return Array.from(
    { length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) },
    (_, index) => (first + index) * step,
  );
};

const TIME_STEPS = [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 86_400, 7 * 86_400, 30 * 86_400, 91 * 86_400, 365 * 86_400];

const timeSteps = (low, high, most) => {
  const step = TIME_STEPS.find(each => (high - low) / each <= most) ?? TIME_STEPS.at(-1);
  const first = Math.ceil(low / step) * step;
  const list = [];
  for (let each = first; each <= high && list.length <= most; each += step) list.push(each);
  return { list, step };
};

const clock = (unix, step) =>
  new Intl.DateTimeFormat(
    'en',
    step < 60
      ? { timeStyle: 'medium', hourCycle: 'h23' }
      : step < 86_400
        ? { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
        : step < 91 * 86_400
          ? { month: 'short', day: 'numeric' }
          : { month: 'short', year: 'numeric' },
  ).format(new Date(unix * 1000));

/** A table of the same numbers, for who cannot see the curve or wants them exactly. */
const numbers = (entries, lines, unit) =>
  el(
    'details',
    null,
    el('summary', null, 'The same as numbers'),
    scroller(
      'The same as numbers',
      el(
        'table',
        null,
        el(
          'thead',
          null,
          el(
            'tr',
            null,
            ['Block', 'Time', ...lines.map(([, name]) => name)].map((head, index) =>
              el('th', { scope: 'col', class: index > 1 && 'num' }, head),
            ),
          ),
        ),
        el(
          'tbody',
          null,
          entries
            .slice(-100)
            .reverse()
            .map(entry =>
              el(
                'tr',
                null,
                el('th', { scope: 'row' }, el('a', { href: `#/block/${entry.since}` }, count(entry.since))),
                el('td', { title: absoluteTime(entry.time) }, ago(entry.time)),
                lines.map(([field]) => el('td', { class: 'num' }, unit(Number(entry.record[field] ?? 0)))),
              ),
            ),
        ),
      ),
    ),
    entries.length > 100 && el('p', { class: 'dim' }, 'The newest 100.'),
  );

/**
 * Step lines: a number holds until the next. `lines` are [field, name, class]; `unit(value)` writes a value; `zero: false`
 * lets the axis begin where the values are.
 */
export const linePlot = ({ label, entries, lines, unit, nothing, zero = true }) => {
  if (!entries.length) return empty(nothing);
  // As wide as it will be shown, so that its words have the size of the page's.
  const width = Math.max(280, Math.min(1160, document.getElementById('main').clientWidth - 40));
  const [narrow, height] = [width < 520, 250];
  const [left, right, top, bottom] = [2, 10, 18, 28];
  const now = Math.max(store.now(), entries.at(-1).time + 1);
  const start = entries[0].time;
  const value = (entry, field) => Number(entry.record[field] ?? 0);
  const all = entries.flatMap(entry => lines.map(([field]) => value(entry, field)));
  const [least, most] = [zero ? 0 : Math.min(...all), Math.max(...all)];
  const pad = (most - least || Math.abs(most) * 1e-6 || 1) * (zero ? 0.08 : 0.15);
  const [low, high] = [zero ? 0 : least - pad, most + pad];
  const x = unix => left + ((unix - start) / (now - start)) * (width - left - right);
  const y = number => height - bottom - ((number - low) / (high - low)) * (height - top - bottom);
  const d = field =>
    entries.reduce(
      (line, entry, index) =>
        index
          ? `${line}H${x(entry.time).toFixed(1)}V${y(value(entry, field)).toFixed(1)}`
          : `M${x(entry.time).toFixed(1)} ${y(value(entry, field)).toFixed(1)}`,
      '',
    ) + `H${x(now).toFixed(1)}`;
  const levels = steps(low, high, 4);
  const ticks = timeSteps(start, now, narrow ? 3 : 6);
  const summary = `${label}. ${lines.map(([field, name]) => `${name}: ${unit(value(entries[0], field))} at first, ${unit(value(entries.at(-1), field))} now`).join('; ')}.`;

  const marks = lines.map(([, , kind]) => svg('circle', { class: `point ${kind}`, r: 4 }));
  const guide = svg('line', { class: 'guide', y1: top, y2: height - bottom });
  const cursor = svg('g', { class: 'cursor', visibility: 'hidden' }, guide, marks);
  const says = el('p', { class: 'plot-says', role: 'status' });
  const rest = () => {
    cursor.setAttribute('visibility', 'hidden');
    says.textContent = narrow
      ? 'Touch the curve, or step along it with the arrow keys.'
      : 'Point at the curve, or step along it with the arrow keys.';
  };
  let at = entries.length - 1;
  const showAt = index => {
    at = Math.max(0, Math.min(entries.length - 1, index));
    const entry = entries[at];
    guide.setAttribute('x1', x(entry.time));
    guide.setAttribute('x2', x(entry.time));
    marks.forEach((mark, line) => {
      mark.setAttribute('cx', x(entry.time));
      mark.setAttribute('cy', y(value(entry, lines[line][0])));
    });
    cursor.setAttribute('visibility', 'visible');
    says.textContent = `Block ${count(entry.since)}, ${absoluteTime(entry.time)} · ${lines.map(([field, name]) => `${name}: ${unit(value(entry, field))}`).join(' · ')}`;
  };
  const point = event => {
    const box = picture.getBoundingClientRect();
    const unix =
      start + ((((event.clientX - box.left) / box.width) * width - left) / (width - left - right)) * (now - start);
    showAt(entries.findLastIndex(entry => entry.time <= unix));
  };
  const STEPS = { ArrowLeft: () => at - 1, ArrowRight: () => at + 1, Home: () => 0, End: () => entries.length - 1 };
  const picture = svg(
    'svg',
    {
      viewBox: `0 0 ${width} ${height}`,
      class: 'plot',
      role: 'img',
      'aria-label': summary,
      tabindex: '0',
      pointermove: point,
      pointerdown: point,
      pointerleave: rest,
      blur: rest,
      focus: () => showAt(at),
      keydown: event => {
        const step = STEPS[event.key];
        if (!step) return;
        event.preventDefault();
        showAt(step());
      },
    },
    levels.map(each => svg('line', { class: 'grid', x1: left, x2: width - right, y1: y(each), y2: y(each) })),
    ticks.list.map(each =>
      svg(
        'text',
        {
          class: 'tick',
          x: Math.min(x(each), width - right - 4),
          y: height - 8,
          'text-anchor': x(each) > width - 60 ? 'end' : x(each) < 40 ? 'start' : 'middle',
        },
        clock(each, ticks.step),
      ),
    ),
    lines.map(([field, , kind]) =>
      svg('path', { class: `area ${kind}`, d: `${d(field)}V${height - bottom}H${left}Z` }),
    ),
    lines.map(([field, , kind]) => svg('path', { class: `line ${kind}`, d: d(field) })),
    levels.map(each => svg('text', { class: 'tick', x: left, y: y(each) - 5 }, unit(each))),
    cursor,
  );
  rest();
  return el(
    'div',
    { class: 'plot-box' },
    el(
      'figure',
      { class: 'curve' },
      picture,
      el(
        'figcaption',
        null,
        el(
          'ul',
          { class: 'legend', 'aria-label': 'Legend' },
          lines.map(([, name, kind]) =>
            el('li', null, el('span', { class: `key stroke ${kind}`, 'aria-hidden': 'true' }), name),
          ),
        ),
        says,
      ),
    ),
    numbers(entries, lines, unit),
    entries.complete === false && el('p', { class: 'dim' }, `The newest ${count(HISTORY_MOST)} changes.`),
  );
};
