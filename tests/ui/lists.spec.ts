import { expect, test } from '@jupyterlab/galata';
import { execFileSync } from 'child_process';

import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

const MANY = 3000;

/**
 * Make the catalogue know files, of which no storage has a byte.
 */
function register(names: string[]): void {
  const code = `
import json, os, sys
from pathlib import Path
from dlaas import Instance, Lake
from jupyter_dlaas.lake import EmbeddedLake
lake = Lake(Instance.from_mapping(EmbeddedLake(Path(os.environ["LAKE_DIRECTORY"])).instance("alice")))
names = json.load(sys.stdin)
for start in range(0, len(names), 500):
    lake.client.add_replicas("NORTH-DISK", [
        {"scope": "user.alice", "name": name, "bytes": 1000, "adler32": "00000001"}
        for name in names[start : start + 500]
    ])
`;
  execFileSync(process.env.PYTHON as string, ['-c', code], {
    input: JSON.stringify(names)
  });
}

test('a list of thousands of names is looked up in a few questions, in its order, and those not found are told', async ({
  page
}) => {
  const names = Array.from(
    { length: MANY },
    (_, number) => `of/a/list/${MANY - number}.root`
  );
  register(names);
  const panel = new Panel(page);
  await panel.open();
  const asked: string[] = [];
  page.on('request', request => {
    if (/dlaas\/lake\/(dids|lookup)/.test(request.url())) {
      asked.push(request.url());
    }
  });
  const lines = names.map(name => `rucio://user.alice/${name}`);
  lines.splice(1000, 0, 'user.alice:of/a/list/none', 'nowhere:at_all');
  const box = panel.root.getByLabel('Search the data lake');
  await box.focus();
  await box.evaluate((node, text) => {
    const data = new DataTransfer();
    data.setData('text', text);
    node.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
    );
  }, lines.join('\n'));
  await box.press('Enter');
  await expect(
    panel.root.getByText(`${MANY.toLocaleString('en')} found`)
  ).toBeVisible();
  expect(asked).toHaveLength(4);
  await expect(panel.root.getByText(/^2 of [\d,]+ were not found$/)).toBeVisible();
  const missing = panel.root.getByRole('list', { name: 'Not found' });
  await expect(missing).toContainText('user.alice:of/a/list/none · There is no such DID');
  await expect(missing).toContainText('nowhere:at_all · There is no such scope');
  const first = panel.root.getByRole('treeitem').first();
  await expect(first).toContainText(`of/a/list/${MANY}.root`);
  await first.click();
  await page.keyboard.press('End');
  await expect(
    panel.root.getByRole('treeitem', { name: 'user.alice:of/a/list/1.root' })
  ).toBeVisible();
  await page.screenshot({ path: 'test-results/explore-long-list.png' });
});

test('a list that is given up stops asking, and what is searched for then is shown', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  const ended: string[] = [];
  page.on('requestfailed', request => ended.push(request.url()));
  const asked: string[] = [];
  page.on('request', request => {
    if (/dlaas\/lake\/lookup/.test(request.url())) {
      asked.push(request.url());
    }
  });
  // Patterns are searched for one by one, so that it takes a while.
  const names = Array.from({ length: 5000 }, (_, n) => `user.alice:none/${n}*`);
  const box = panel.root.getByLabel('Search the data lake');
  await box.fill(names.join(' '));
  await box.press('Enter');
  await expect.poll(() => asked.length).toBe(1);
  await box.fill('ATLAS_OD_EDU:GamGam_data');
  await box.press('Enter');
  await expect(panel.root.getByText('1 found')).toBeVisible();
  await expect.poll(() => ended.some(url => url.includes('lookup'))).toBe(true);
  expect(asked).toHaveLength(1);
});
