import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';

import { hold, release } from './lake';
import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

class Explore extends Panel {
  get box() {
    return this.root.getByLabel('Search the data lake');
  }

  get tree() {
    return this.root.getByRole('tree');
  }

  /**
   * The row on which the keyboard works.
   */
  get active() {
    return this.tree.locator('.jp-mod-active');
  }

  async filter(key: string, operator: string, value: string): Promise<void> {
    await this.root.getByLabel('Metadata key').fill(key);
    await this.root.getByLabel('Comparison').selectOption(operator);
    await this.root.getByLabel('Value').fill(value);
    await this.root.getByLabel('Value').press('Enter');
  }

  /**
   * What axe finds wrong with the panel as it is now.
   */
  async faults(): Promise<string[]> {
    const [page] = this.page.context().pages();
    const found = await new AxeBuilder({ page })
      .include('#jp-Dlaas-section-explore')
      .analyze();
    return found.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(node => node.html).join(' ')}`
    );
  }

  async picture(name: string): Promise<void> {
    await this.page.screenshot({ path: `test-results/explore-${name}.png` });
  }
}

test('before a search the scopes are folders that open into what is filed in them', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.open();
  await expect(panel.tree).toHaveAccessibleName('Scopes');
  await panel.picture('beginning');
  await panel.row('ATLAS_OD_EDU, scope').click();
  await expect(panel.row('ATLAS_OD_EDU:GamGam, container')).toBeVisible();
  await expect(panel.row('data_A.GamGam.root')).toHaveCount(0);
  await panel.row('ATLAS_OD_EDU:GamGam_data').locator('.jp-Dlaas-row-fold').click();
  await expect(panel.row('data_D.GamGam.root')).toHaveAttribute('aria-level', '3');
  expect(await panel.faults()).toEqual([]);
  await panel.picture('scope');
});

test('names in lines, with commas and spaces, are each looked up; those not found are told apart', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.open();
  const text =
    'ATLAS_OD_EDU:4lep_data,\nrucio://ATLAS_OD_EDU/GamGam_data\nATLAS_OD_EDU:nope nowhere:at_all';
  await panel.box.focus();
  await panel.box.evaluate((node, text) => {
    const data = new DataTransfer();
    data.setData('text', text);
    node.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
    );
  }, text);
  await panel.box.press('Enter');
  await expect(panel.root.getByText('2 found')).toBeVisible();
  await expect(panel.tree.getByRole('treeitem')).toHaveCount(2);
  const missing = panel.root.getByRole('list', { name: 'Not found' });
  await expect(panel.root.getByText('2 of 4 were not found')).toBeVisible();
  await expect(missing).toContainText('ATLAS_OD_EDU:nope · There is no such DID');
  await expect(missing).toContainText('nowhere:at_all · There is no such scope');
  expect(await panel.faults()).toEqual([]);
  await panel.picture('list');
});

test('scopes and names are proposed while one types, and Enter searches for what is typed', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.open();
  const proposals = panel.root.getByRole('listbox', { name: 'Proposals' });
  await panel.box.pressSequentially('ATLAS_O');
  await expect(proposals.getByRole('option')).toHaveText(['ATLAS_OD_EDU:']);
  await panel.box.press('ArrowDown');
  await panel.box.press('Enter');
  await expect(panel.box).toHaveValue('ATLAS_OD_EDU:');
  await panel.box.pressSequentially('GamGam_');
  await expect(
    proposals.getByRole('option', { name: 'ATLAS_OD_EDU:GamGam_data' })
  ).toBeVisible();
  await expect(panel.box).toHaveAttribute('aria-expanded', 'true');
  expect(await panel.faults()).toEqual([]);
  await panel.picture('completion');
  await panel.box.press('Escape');
  await expect(proposals).toHaveCount(0);
  await panel.box.pressSequentially('data');
  await panel.box.press('Enter');
  await expect(panel.row('GamGam_data')).toBeVisible();
  await expect(panel.root.getByText('1 found')).toBeVisible();
  await expect(proposals).toHaveCount(0);
});

test('a filter by metadata is a chip that is added, changed and removed; a wrong one is explained', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.search('ATLAS_OD_EDU:*GamGam*');
  await expect(panel.root.getByText('16 found')).toBeVisible();
  await panel.button('Filter by metadata').click();
  await expect(panel.root.locator('datalist option[value=bytes]')).toHaveCount(1);
  expect(await panel.faults()).toEqual([]);
  await panel.filter('bytes', '>', '3000000');
  await expect(panel.root.getByText('bytes > 3000000')).toBeVisible();
  await expect(panel.row('data_D.GamGam.root')).toBeVisible();
  await expect(panel.row('data_A.GamGam.root')).toHaveCount(0);
  await panel.picture('filtered');

  await panel.button('bytes > 3000000').click();
  await panel.filter('bytes', '>', '*many*');
  await expect(panel.problem()).toContainText('That cannot be right');
  await expect(panel.problem()).toContainText('* only goes with like');

  await panel.button('bytes > *many*').click();
  await panel.filter('no_such_key', '=', 'of nobody');
  await expect(panel.root.getByText('Nothing of that name has such metadata.')).toBeVisible();
  await panel.button('Remove the filter no_such_key = of nobody').click();
  await expect(panel.root.getByText('16 found')).toBeVisible();
});

test('a search is saved, is there again on another day, and is forgotten', async ({
  page
}) => {
  const panel = new Explore(page);
  const saved = panel.root.getByRole('list', { name: 'Saved searches' });
  const recent = panel.root.getByRole('list', { name: 'Recent searches' });
  await panel.search('ATLAS_OD_EDU:*4lep_d*');
  await expect(panel.row('4lep_data')).toBeVisible();
  await panel.search('ATLAS_OD_EDU:*Zee*');
  await expect(panel.row('4lep_mc_Zee')).toBeVisible();
  // JupyterLab keeps its state when it has rested for a moment.
  const kept = page.waitForRequest(
    request =>
      request.method() === 'PUT' && /"saved":\[\{/.test(request.postData() ?? '')
  );
  await panel.button('Save this search').click();
  await panel.button('Clear the search').click();
  await kept;
  await expect(saved.getByRole('button')).toHaveText(['ATLAS_OD_EDU:*Zee*']);
  await expect(recent.getByRole('button')).toHaveText(['ATLAS_OD_EDU:*4lep_d*']);
  await panel.picture('searches');

  await page.reload();
  await panel.open();
  await saved.getByRole('button').click();
  await expect(panel.row('4lep_mc_Zee')).toBeVisible();
  await panel.button('Forget this saved search').click();
  await panel.button('Clear the search').click();
  await expect(recent).toContainText('Zee');
  await expect(saved).toHaveCount(0);
});

test('nothing, no such DID, no right, too wide and no answer are five different things', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.search('ATLAS_OD_EDU:*no_such_word*');
  await expect(panel.root.getByText('No match')).toBeVisible();
  await expect(panel.root.getByText(/nothing in it has such a name/)).toBeVisible();

  await panel.search('ATLAS_OD_EDU:GamGam_dat');
  await expect(panel.root.getByText('There is no such DID')).toBeVisible();
  await panel.button('Search for names that begin so').click();
  await expect(panel.row('GamGam_data')).toBeVisible();

  await panel.search('*:GamGam*');
  await expect(panel.problem()).toContainText('That search is too wide');

  // The lake under test lets everybody read everything.
  const refusal = { error: 'AccessDenied', message: 'alice may not list secret.', blame: 'you', remedy: 'Ask its owner.', details: {} };
  await page.route('**/dlaas/lake/dids?pattern=secret*', route =>
    route.fulfill({ status: 403, json: refusal })
  );
  await panel.search('secret:*plans*');
  await expect(panel.problem()).toContainText('You are not allowed to');
  await expect(panel.problem()).toContainText('Ask its owner.');

  hold('rucio');
  try {
    await panel.search('ATLAS_OD_EDU:*4lep*');
    await expect(panel.problem()).toContainText('There is no answer');
    await expect(panel.button('Try again')).toBeVisible();
    expect(await panel.faults()).toEqual([]);
    await panel.picture('down');
  } finally {
    release('rucio');
  }
  await expect(async () => {
    await panel.button('Try again').click();
    await expect(panel.row('4lep_data')).toBeVisible({ timeout: 5_000 });
  }).toPass({ timeout: 60_000 });
});

test('the keyboard walks through the tree, and rows in sight say whether they are here', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.search('ATLAS_OD_EDU:*GamGam_*');
  await expect(panel.row('GamGam_data')).toHaveAccessibleName(/Not here yet|vailable/);
  await expect(panel.row('GamGam_data')).toHaveAttribute('title', /20\d\d/);
  await panel.tree.focus();
  await panel.tree.press('End');
  await expect(panel.active).toHaveAttribute('aria-posinset', '6');
  await panel.tree.press('Home');
  await panel.tree.pressSequentially('gamgam_mc_z');
  await expect(panel.active).toContainText('ZH125J');
  await panel.tree.press('Home');
  await panel.tree.press('*');
  await expect(panel.tree.getByRole('treeitem', { expanded: true })).toHaveCount(6);
  await expect(panel.row('data_B.GamGam.root')).toHaveAttribute('aria-setsize', '4');
  await panel.tree.press('ArrowDown');
  await panel.tree.press('ArrowLeft');
  await expect(panel.active).toContainText('GamGam_data');
  await panel.tree.press('ArrowLeft');
  await expect(panel.tree.getByRole('treeitem', { expanded: true })).toHaveCount(5);
  await panel.tree.press('Enter');
  await expect(panel.button('Make available…')).toBeVisible();

  await panel.tree.press('Shift+F10');
  await expect(
    page.getByRole('menuitem', { name: 'Make Data Available…' })
  ).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(panel.tree).toBeFocused();

  await page.sidebar.setWidth(240);
  await panel.picture('narrow');
  await page.theme.setDarkTheme();
  await panel.picture('dark');
  await page.sidebar.setWidth(800);
  await panel.picture('wide');
  expect(await panel.faults()).toEqual([]);
});

test('what arrives above stays out of sight, and what is active stays in it when a card opens', async ({
  page
}) => {
  const panel = new Explore(page);
  await panel.open();
  const answer = (name: string, type: string) => {
    const rows = Array.from({ length: 100 }, (_, n) => ({
      did: `s:${name}-${n + 100}`,
      type,
      bytes: null,
      files: null,
      adler32: null
    }));
    const lines = [...rows, { end: true, truncated: false }];
    return { body: lines.map(line => `${JSON.stringify(line)}\n`).join('') };
  };
  await page.route('**/dlaas/*/dids?*', route =>
    route.fulfill(answer(/set/.exec(route.request().url())?.[0] ?? 'other', 'dataset'))
  );
  let arrive = () => {};
  const isWanted = new Promise<void>(resolve => (arrive = resolve));
  await page.route('**/dlaas/*/contents?*', async route => {
    await isWanted;
    await route.fulfill(answer('file', 'file'));
  });
  await panel.search('s:set*');
  await panel.tree.focus();
  await panel.tree.press('Home');
  await panel.tree.press('ArrowRight');
  await expect(panel.row('Asking…')).toBeVisible();

  const place = async (name: string) => (await panel.row(name).boundingBox())!.y;
  const bottom = async () => {
    const { y, height } = (await panel.tree.boundingBox())!;
    return y + height;
  };
  await panel.tree.evaluate(node => node.scrollTo(0, 50 * 24 + 7));
  await expect(panel.row('set-160')).toBeVisible();
  const before = await place('set-160');
  arrive();
  await expect(panel.row('set-160')).toHaveAttribute('aria-posinset', '61');
  await expect(panel.tree.locator('.jp-Dlaas-tree-rows')).toHaveCSS('height', `${200 * 24}px`);
  expect(await place('set-160')).toBe(before);

  const high = await bottom();
  const last = 160 + Math.floor((high - before) / 24) - 1;
  await panel.row(`set-${last}`).click();
  await expect(panel.card).toBeVisible();
  await expect.poll(bottom).toBeLessThan(high - 100);
  await expect
    .poll(async () => (await bottom()) - (await place(`set-${last}`)))
    .toBeCloseTo(24, 0);
  const stays = await place(`set-${last - 4}`);
  await panel.row(`set-${last - 4}`).click();
  await expect(panel.card).toContainText(`set-${last - 4}`);
  expect(await place(`set-${last - 4}`)).toBe(stays);

  // Another search is seen from its beginning, wherever one was.
  await panel.tree.press('Home');
  await expect(panel.row('set-100')).toBeInViewport();
  await panel.tree.evaluate(node => node.scrollTo(0, 150 * 24));
  await expect(panel.row('set-151')).toBeInViewport();
  await panel.search('s:o*');
  await expect(panel.row('other-100')).toBeInViewport();
});
