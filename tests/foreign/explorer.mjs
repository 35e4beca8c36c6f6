// Looks at the explorer with a real browser, and says what it saw, as one line of JSON.
//   node explorer.mjs look URL FOLDER VIEW…     every view: in light, dark, and as narrow as the narrowest phone
//   node explorer.mjs feed URL WORD [VIEW TEXT]…
//                                               says "watching", then waits until the live feed shows the word, and each view
//                                               its text: by itself, while the reader stays where they are in it
// CHROMIUM says where the browser is.

import axe from 'axe-core';
import { chromium } from 'playwright-core';

const PATIENCE_MS = 30_000;
const NARROW = { width: 320, height: 640 };
const WIDE = { width: 1280, height: 900 };
// As root there is no sandbox; and nothing of its own goes to other hosts.
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-component-update',
  '--disable-background-networking',
  '--disable-sync',
];

const [task, url, ...rest] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const browser = await chromium.launch({ executablePath, args: ARGUMENTS });

/** A page that remembers what went wrong in it. */
const open = async options => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  page.on('pageerror', error => problems.push(`${page.url()}: ${error.message}`));
  page.on('console', message => {
    // An answer of 404 is what the page asks about; it is told as an error.
    const isAnswer = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isAnswer) problems.push(`${page.url()}: ${message.text()}`);
  });
  return { page, problems };
};

const settle = async (page, view) => {
  // The view before must not be taken for this one.
  await page.evaluate(() => document.querySelector('main')?.replaceChildren());
  await page.goto(`${url}/#/${view}`);
  await page.waitForSelector('main h1');
  await page.waitForFunction(() => !document.querySelector('main [aria-busy="true"]'));
  return page.locator('main h1').innerText();
};

/** A route that somebody registered holds, by a check of every certificate that it has. */
const verdictProblems = async page => {
  const words = await page.locator('main .verdict .badge').allInnerTexts();
  const keys = await page.locator('main .check article tbody tr').count();
  if (words.join() === 'it holds' && keys > 0) return [];
  return [`${page.url()}: the verdict is “${words.join()}”, with ${keys} keys of certificates`];
};

const look = async ([folder, ...views]) => {
  const seen = [];
  const problems = [];
  for (const colorScheme of ['light', 'dark']) {
    const { page, problems: mine } = await open({ colorScheme, viewport: WIDE, bypassCSP: true });
    for (const view of views) {
      const title = await settle(page, view);
      await page.evaluate(axe.source);
      if (view.startsWith('wallet/')) mine.push(...(await verdictProblems(page)));
      const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
      mine.push(...found.violations.map(each => `${colorScheme} ${view}: ${each.id}, ${each.nodes[0]?.html}`));
      const name = `${colorScheme}-${view.replaceAll('/', '-') || 'overview'}.png`;
      await page.screenshot({ path: `${folder}/${name}` });
      if (colorScheme === 'light') seen.push({ view, title, text: await page.locator('main').innerText() });
    }
    problems.push(...mine);
  }
  // With its own policy for scripts and styles, this time.
  const { page, problems: mine } = await open({ viewport: NARROW });
  for (const view of views) {
    await settle(page, view);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
    if (wide > NARROW.width) {
      const widest = await page.evaluate(() =>
        [...document.querySelectorAll('main *')]
          .filter(each => each.checkVisibility())
          .map(each => [each.getBoundingClientRect().right, each.outerHTML.slice(0, 200)])
          .reduce((one, other) => (other[0] > one[0] ? other : one)),
      );
      mine.push(`${view} is ${wide} pixels wide where there are ${NARROW.width}: ${widest}`);
    }
  }
  return { seen, problems: [...problems, ...mine] };
};

/** Opens a view, and puts the reader somewhere in it. */
const watch = async (view, text) => {
  const { page, problems } = await open({ viewport: NARROW });
  await settle(page, view);
  await page.evaluate(() => {
    const links = document.querySelectorAll('main a');
    links[links.length - 1]?.focus();
    window.reader = { focus: document.activeElement, scroll: window.scrollY };
  });
  return { page, problems, text };
};

const hasChanged = async ({ page, problems, text }) => {
  await page.waitForFunction(wanted => document.querySelector('main').innerText.toLowerCase().includes(wanted), text);
  const isThere = await page.evaluate(
    ({ focus, scroll } = window.reader) => document.activeElement === focus && (window.scrollY > 0 || scroll === 0),
  );
  if (!isThere) problems.push(`${page.url()}: the reader is elsewhere after the view changed`);
  return problems;
};

const feed = async ([word, ...views]) => {
  const { page, problems } = await open({ viewport: WIDE });
  await settle(page, 'feed');
  const watched = [];
  for (let at = 0; at < views.length; at += 2) watched.push(await watch(views[at], views[at + 1].toLowerCase()));
  console.log('watching');
  await page.waitForFunction(text => document.querySelector('main').innerText.includes(text), word);
  for (const each of watched) problems.push(...(await hasChanged(each)));
  return { problems };
};

const report = await (task === 'feed' ? feed(rest) : look(rest));
await browser.close();
console.log(JSON.stringify(report));
