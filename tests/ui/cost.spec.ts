import { expect, test } from '@jupyterlab/galata';
import type { Page, Request } from '@playwright/test';

import { password } from './lake';
import { Panel } from './panel';

const DID = 'ATLAS_OD_EDU:4lep_mc_VBFH125';
// Longer than the rhythm in which the panel asks where the server does not tell it.
const WHILE = 20_000;

test.use({ viewport: { width: 1440, height: 900 } });

/**
 * What is asked of our own server, or of anybody, from now on.
 */
function listen(page: Page): Request[] {
  const heard: Request[] = [];
  page.on('request', request => heard.push(request));
  return heard;
}

function ofOurs(requests: Request[], address = ''): string[] {
  return requests
    .map(request => request.url())
    .filter(url => url.includes(`/dlaas/${address}`));
}

test('nothing is asked while nothing changes, nor while the panel is hidden', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.search(DID);
  await panel.row(DID).click();
  await expect(panel.card).toContainText('rucio://');
  await quiet(page);

  const seen = listen(page);
  await page.waitForTimeout(WHILE);
  expect(ofOurs(seen)).toEqual([]);

  await page.sidebar.openTab('filebrowser');
  await expect(panel.root).toBeHidden();
  await quiet(page);
  seen.length = 0;
  await page.evaluate(hint, [await place(page), DID, 1] as const);
  await page.waitForTimeout(WHILE);
  expect(ofOurs(seen)).toEqual([]);
});

test('lost hints lead to one snapshot', async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.search(DID);
  await panel.row(DID).click();
  await expect(panel.card).toContainText('rucio://');
  await quiet(page);
  const at = await place(page);
  const seen = listen(page);
  await page.evaluate(hint, [at, 'user.alice:nothing', 6] as const);
  await expect.poll(() => ofOurs(seen, 'instances').length).toBeGreaterThan(0);
  await quiet(page);
  const all = ofOurs(seen);
  expect(ofOurs(seen, 'instances')).toHaveLength(1);
  // Nothing is asked twice.
  const plain = all.map(url => url.replace(/[?&]\d{10,}/, ''));
  expect(plain.length).toBe(new Set(plain).size);
  expect(all.some(url => url.includes('/status'))).toBe(true);
});

test('after a reconnect, what was missed leads to one snapshot', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.logOut('by-hand');
  await panel.open();
  await panel.search(DID);
  await panel.row(DID).click();
  await expect(panel.card).toContainText('rucio://');
  await quiet(page);

  // The page is cut off; the test itself is not.
  await page.context().setOffline(true);
  await page.evaluate(disconnect);
  const bob = { method: 'userpass', username: 'bob', password: password('bob') };
  const answer = await page.request.post('dlaas/by-hand/login', { data: bob });
  expect(answer.ok()).toBe(true);
  const seen = listen(page);
  await page.context().setOffline(false);
  await expect
    .poll(() => ofOurs(seen, 'lake/status').length)
    .toBeGreaterThan(0);
  await quiet(page);
  expect(ofOurs(seen, 'instances')).toHaveLength(1);
  await panel.logOut('by-hand');
});

test('the first click is answered, before anything of the panel was looked at', async ({
  page
}) => {
  await page.sidebar.openTab('filebrowser');
  const panel = new Panel(page);
  await page.locator('.jp-SideBar [data-id="jupyter-dlaas-panel"]').click();
  await panel.root.getByRole('tab', { name: 'Transfers' }).click();
  await expect(
    panel.root.getByRole('tab', { name: 'Transfers' })
  ).toHaveAttribute('aria-selected', 'true');
  await panel.root.getByRole('tab', { name: 'Explore' }).click();
  await panel.row('ATLAS_OD_EDU').locator('.jp-Dlaas-row-fold').click();
  await expect(panel.row('ATLAS_OD_EDU')).toHaveAttribute(
    'aria-expanded',
    'true'
  );
});

test('nothing leaves the host, and no shortcut of JupyterLab is displaced', async ({
  page,
  baseURL
}) => {
  const warnings: string[] = [];
  page.on('console', message => {
    if (/Skipping|collides/.test(message.text())) {
      warnings.push(message.text());
    }
  });
  const seen = listen(page);
  await page.reload();
  const panel = new Panel(page);
  await panel.open();
  await panel.search('ATLAS_OD_EDU:*Zee*');
  await panel.row('4lep_mc_Zee').click();
  for (const tab of ['Notebook', 'Transfers', 'Basket'] as const) {
    await panel.tab(tab);
  }
  await page.waitForLoadState('networkidle');
  const { host } = new URL(baseURL as string);
  const away = seen
    .map(request => new URL(request.url()))
    .filter(url => /^https?:$/.test(url.protocol) && url.host !== host);
  expect(away.map(String)).toEqual([]);
  expect(warnings.filter(text => /dlaas/.test(text))).toEqual([]);
});

test('nothing jumps when data arrives', async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.search('ATLAS_OD_EDU:*Zee*');
  await expect(panel.row('4lep_mc_Zee')).toBeVisible();
  const tree = panel.root.getByRole('tree');
  const before = await tree.boundingBox();
  await panel.row('4lep_mc_Zee').click();
  const row = await panel.row('4lep_mc_Zee').boundingBox();
  await expect(panel.card).toContainText('rucio://');
  await expect.poll(() => panel.row('4lep_mc_Zee').boundingBox()).toEqual(row);
  expect((await tree.boundingBox())!.y).toBe(before!.y);
});

/**
 * Break the connection by which the server tells what changed.
 */
function disconnect(): void {
  const { events } = (
    window as unknown as {
      jupyterapp: { serviceManager: { events: { _socket: WebSocket } } };
    }
  ).jupyterapp.serviceManager;
  events._socket.close();
}

/**
 * Wait until what is asked a moment later has been asked as well.
 */
async function quiet(page: Page): Promise<void> {
  await page.waitForTimeout(4_000);
  await page.waitForLoadState('networkidle');
}

/**
 * Where the server's hints are now: its name for itself, and the number of the last one.
 */
async function place(page: Page): Promise<{ server: string; seq: number }> {
  const answer = await page.request.get('dlaas/instances');
  return (await answer.json()) as { server: string; seq: number };
}

/**
 * Say that a DID changed, as the server would, so many numbers after the last hint.
 */
async function hint([{ server, seq }, did, later]: readonly [
  { server: string; seq: number },
  string,
  number
]): Promise<void> {
  const { events } = (
    window as unknown as {
      jupyterapp: {
        serviceManager: { events: { emit(event: object): Promise<void> } };
      };
    }
  ).jupyterapp.serviceManager;
  await events.emit({
    schema_id: 'https://jupyter-dlaas.example/changed/v1',
    version: '1',
    data: {
      server,
      seq: seq + later,
      kind: 'status',
      instance: 'lake',
      did,
      job: null,
      state: null
    }
  });
}
