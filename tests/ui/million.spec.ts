import type { CDPSession, Locator, Page } from '@playwright/test';
import { expect, test } from '@jupyterlab/galata';
import { appendFileSync } from 'fs';

import { Panel } from './panel';

const MILLION = 1_000_000;
// A frame at 60 per second, and the shortest that browsers call a long task (milliseconds).
const FRAME = 1000 / 60;
const LONG = 50;
// As many rows as the stand-in gives in one answer.
const ANSWER = 20_000;

test.use({ viewport: { width: 1440, height: 900 } });

/**
 * A dataset of a million files, which no lake under test could hold: the answers of the server are made up here. Each
 * comes in one piece, of which the browser keeps a copy for Playwright, at the expense of the page's thread: they are
 * shorter than Jupyter's, which come bit by bit.
 */
async function standIn(page: Page): Promise<void> {
  const lines = (rows: object[], isTruncated: boolean) =>
    [...rows, { end: true, truncated: isTruncated }]
      .map(row => JSON.stringify(row))
      .join('\n') + '\n';
  const set = {
    did: 's:million',
    type: 'dataset',
    bytes: 7e12,
    files: MILLION,
    adler32: null
  };
  await page.route('**/dlaas/*/dids?*', route =>
    route.fulfill({ body: lines([set, { ...set, did: 's:next' }], false) })
  );
  await page.route('**/dlaas/*/contents?*', route => {
    const query = new URL(route.request().url()).searchParams;
    const offset = Number(query.get('offset'));
    const limit = Math.min(Number(query.get('limit')), ANSWER);
    const end = Math.min(offset + limit, MILLION);
    const rows = Array.from({ length: end - offset }, (_, index) => ({
      did: `s:run-0420-events-${String(offset + index).padStart(7, '0')}.root`,
      type: 'file',
      bytes: 7_000_000 + index,
      files: null,
      adler32: '0a0b0c0d'
    }));
    return route.fulfill({ body: lines(rows, end < MILLION) });
  });
  await page.route('**/dlaas/*/status?*', route =>
    route.fulfill({ status: 404, body: '' })
  );
}

/**
 * Scroll by a step in each frame; the answer is the processor time that the page's thread took for one (milliseconds), which other work on this machine does not change.
 */
async function scrollCost(tree: Locator, steps: number[]): Promise<number> {
  const session = await devtools(tree.page());
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await taskTime(session);
  await tree.evaluate(
    (node, steps) =>
      new Promise<void>(resolve => {
        const frame = () => {
          const step = steps.shift();
          if (step === undefined) {
            resolve();
            return;
          }
          node.scrollTop += step;
          requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      }),
    [...steps]
  );
  const after = await taskTime(session);
  await session.detach();
  return ((after - before) * 1000) / steps.length;
}

async function taskTime(session: CDPSession): Promise<number> {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')!.value;
}

function devtools(page: Page): Promise<CDPSession> {
  // Galata's page is not the one that Playwright knows.
  const [genuine] = page.context().pages();
  return page.context().newCDPSession(genuine);
}

/**
 * The longest of the tasks that the page's thread works at in one go, until the answer is called for (milliseconds of processor time, as above).
 */
async function watchTasks(page: Page): Promise<() => Promise<number>> {
  const [genuine] = page.context().pages();
  const browser = page.context().browser()!;
  const categories = ['disabled-by-default-devtools.timeline'];
  await browser.startTracing(genuine, { categories });
  return async () => {
    const trace = JSON.parse((await browser.stopTracing()).toString()) as {
      traceEvents: ITraced[];
    };
    const { traceEvents: all } = trace;
    const threads = all.filter(({ args }) => args.name === 'CrRendererMain');
    const tasks = all.filter(
      ({ name, pid, tid }) =>
        name === 'RunTask' &&
        threads.some(each => each.pid === pid && each.tid === tid)
    );
    // Else the browser calls them otherwise by now.
    expect(tasks.length).toBeGreaterThan(100);
    return Math.max(...tasks.map(({ tdur }) => tdur ?? 0)) / 1000;
  };
}

/**
 * What a trace says of a task (microseconds), or of a thread by its name.
 */
interface ITraced {
  name: string;
  pid: number;
  tid: number;
  tdur?: number;
  args: { name?: string };
}

/**
 * Bytes that JavaScript keeps, after what is not needed is gone.
 */
async function heap(page: Page): Promise<number> {
  const session = await devtools(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  const usage = (await session.send('Runtime.getHeapUsage')) as {
    usedSize: number;
    backingStorageSize?: number;
  };
  await session.detach();
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}

/**
 * Bytes for a million rows that are an object each, as the panel had them before.
 */
async function heapOfObjects(page: Page): Promise<number> {
  const before = await heap(page);
  await page.evaluate(million => {
    const group = {};
    const rows = Array.from({ length: million }, (_, index) => {
      const did = JSON.parse(
        `"s:run-0420-events-${index + 1e7}.root"`
      ) as string;
      return {
        kind: 'entry',
        key: JSON.parse(`"s:million/${did}"`) as string,
        entry: {
          did,
          type: 'file',
          bytes: 7_000_000 + index,
          files: null,
          adler32: JSON.parse('"0a0b0c0d"') as string
        },
        level: 2,
        position: index + 1,
        group,
        fold: 'leaf'
      };
    });
    Object.assign(window, { dlaasRows: rows });
  }, MILLION);
  const after = await heap(page);
  await page.evaluate(() => Object.assign(window, { dlaasRows: null }));
  return after - before;
}

test('a dataset of a million files opens, is walked through to its end, and draws only what is in sight', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await standIn(page);
  await panel.search('s:*m*');
  const tree = panel.root.getByRole('tree');
  const rows = tree.getByRole('treeitem');
  const active = tree.locator('.jp-mod-active');
  await tree.focus();
  const empty = await heap(page);

  await test.step('it is opened, and scrolling brings more', async () => {
    await tree.press('ArrowRight');
    await expect(panel.row('events-0000000')).toBeVisible();
    await tree.evaluate(node => node.scrollTo(0, 990 * 24));
    await expect(panel.row('events-0001005')).toBeAttached();
  });

  const stop = await watchTasks(page);
  await test.step('all of it arrives', async () => {
    await tree.press('End');
    await tree.press('ArrowUp');
    await expect(active).toContainText('list all');
    await tree.press('Enter');
    await expect(active).toContainText('so far…');
    await expect(rows.nth(1)).toHaveAttribute('aria-setsize', String(MILLION));
    await expect(async () => {
      await tree.press('End');
      await expect(panel.row('s:next')).toBeVisible({ timeout: 1000 });
      await tree.press('ArrowUp');
      await expect(panel.row('events-0999999')).toBeVisible({ timeout: 1000 });
    }).toPass({ timeout: 100_000 });
  });
  const arriving = await stop();

  const steps = Array.from({ length: 300 }, (_, n) =>
    n % 100 < 50 ? 170 : -90
  );
  const near = await scrollCost(
    tree,
    steps.map(step => -step)
  );
  const height = await tree.evaluate(node => node.scrollHeight);
  const far = await scrollCost(
    tree,
    Array.from(
      { length: 120 },
      (_, n) => ((n % 2 ? 1 : -1) * ((n * 7919) % 100) * height) / 130
    )
  );

  await test.step('only what is in sight is drawn', async () => {
    expect(await rows.count()).toBeLessThan(80);
    expect(height).toBeLessThan(17_000_000);
  });

  await test.step('to the other end and back by keys, and by a name', async () => {
    await tree.press('Home');
    await expect(panel.row('s:million')).toBeVisible();
    await tree.press('End');
    await expect(panel.row('s:next')).toBeVisible();
    await tree.press('ArrowUp');
    await expect(panel.row('events-0999999')).toHaveAttribute(
      'aria-posinset',
      String(MILLION)
    );
  });

  const full = await heap(page);
  const objects = await heapOfObjects(page);
  const session = await devtools(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await taskTime(session);
  await test.step('it closes and opens again at once', async () => {
    await tree.press('ArrowLeft');
    await tree.press('ArrowLeft');
    await expect(rows).toHaveCount(2);
    await tree.press('ArrowRight');
    await expect(panel.row('events-0000000')).toBeVisible();
  });
  // What the test itself looks at meanwhile is in it.
  const folding = ((await taskTime(session)) - before) * 1000;

  const megabytes = (bytes: number) => bytes / 1e6;
  report('tree-scroll', near, FRAME, 'a frame at 60 per second', 'ms');
  report('tree-jump', far, FRAME, 'a frame at 60 per second', 'ms');
  report('tree-arrive', arriving, LONG, 'a long task', 'ms');
  report('tree-fold', folding, LONG, 'a long task', 'ms');
  report(
    'tree-dom',
    await rows.count(),
    MILLION,
    'a row drawn for each file',
    'rows'
  );
  report(
    'tree-heap',
    megabytes(full - empty),
    megabytes(objects),
    'an object for each row',
    'MB'
  );
});

/**
 * A line as the other benchmarks print it; above 1 is better than what it is measured against.
 */
function report(
  name: string,
  ours: number,
  peer: number,
  peer_name: string,
  unit: string
): void {
  const digits = (value: number) => Number(value.toPrecision(4));
  const line = {
    name,
    ours: digits(ours),
    peer: digits(peer),
    peer_name,
    ratio: digits(peer / ours),
    unit
  };
  if (process.env.BENCH) {
    appendFileSync(process.env.BENCH, `${JSON.stringify(line)}\n`);
  }
}
