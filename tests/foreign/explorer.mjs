// Looks at the explorer with a real browser, and says what it saw, as one line of JSON.
//   node explorer.mjs look URL FOLDER VIEW…     every view: in light, dark, and as narrow as the narrowest phone
//   node explorer.mjs feed URL WORD             says "watching", then waits until the live feed shows the word
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

const look = async ([folder, ...views]) => {
  const seen = [];
  const problems = [];
  for (const colorScheme of ['light', 'dark']) {
    const { page, problems: mine } = await open({ colorScheme, viewport: WIDE, bypassCSP: true });
    for (const view of views) {
      const title = await settle(page, view);
      await page.evaluate(axe.source);
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

const feed = async ([word]) => {
  const { page, problems } = await open({ viewport: WIDE });
  await settle(page, 'feed');
  console.log('watching');
  await page.waitForFunction(text => document.querySelector('main').innerText.includes(text), word);
  return { problems };
};

const report = await (task === 'feed' ? feed(rest) : look(rest));
await browser.close();
console.log(JSON.stringify(report));
