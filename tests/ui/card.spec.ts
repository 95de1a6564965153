import { execFileSync } from 'child_process';
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { hold, release } from './lake';
import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

const DID = 'ATLAS_OD_EDU:GamGam_data';

/**
 * Run a line of Python as alice of the lake, and answer what it prints.
 */
function python(code: string): string {
  const head =
    'import sys; from pathlib import Path; from jupyter_dlaas.lake import EmbeddedLake; ' +
    'from dlaas import Instance, Lake; ' +
    'lake = Lake(Instance.from_mapping(EmbeddedLake(Path(sys.argv[1])).instance("alice")))\n';
  const directory = process.env.LAKE_DIRECTORY as string;
  return execFileSync(
    process.env.PYTHON as string,
    ['-c', head + code, directory],
    { encoding: 'utf-8' }
  ).trim();
}

/**
 * Make a dataset of alice's own, under a name that nobody has used.
 */
function own(): string {
  const did = `user.alice:card-${Date.now()}`;
  const scope = '"user.alice"';
  python(`lake.client.add_dataset(${scope}, "${did.split(':')[1]}")`);
  return did;
}

async function clean(page: Page, where: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include(where)
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
}

test.beforeEach(async ({ page }) => {
  await new Panel(page).open();
});

test('the card says where the copies are, and leads to what holds the DID', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.search(DID);
  await panel.row('GamGam_data').click();
  const card = panel.root.getByRole('region', { name: 'Selected DID' });
  const north = card.locator('[data-rse="NORTH-DISK"]');
  await expect(north).toContainText('SAFE');
  await expect(north).toContainText('NORTH');
  await expect(north).toContainText('4 of 4 files');
  await expect(north).toContainText('over https');
  await expect(card).toContainText('rucio://ATLAS_OD_EDU/GamGam_data');
  await clean(page, '.jp-Dlaas-DetailsSection');
  await panel.root.screenshot({ path: 'test-results/card.png' });

  await card.locator('[data-did="ATLAS_OD_EDU:GamGam"] button').click();
  await expect(card.getByRole('heading', { name: 'GamGam' })).toBeVisible();
  await expect(card).toContainText('container');
});

test('the card of a file copies its checksum and its path', async ({
  page,
  context
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const panel = new Panel(page);
  await panel.search('ATLAS_OD_EDU:data_A.GamGam.root');
  await panel.row('data_A.GamGam.root').click();
  const card = panel.root.getByRole('region', { name: 'Selected DID' });
  await card.getByRole('button', { name: 'Copy adler32' }).click();
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await expect.poll(copied).toMatch(/^[0-9a-f]{8}$/);
  await card
    .getByRole('button', { name: 'Copy the address of the copy on NORTH-DISK' })
    .click();
  await expect.poll(copied).toMatch(/^(https|davs):\/\/.*data_A\.GamGam\.root$/);
});

test('metadata are added, changed and taken away, and a broken value changes nothing', async ({
  page
}) => {
  const did = own();
  const panel = new Panel(page);
  await panel.search(did);
  await panel.row(did).click();
  const card = panel.root.getByRole('region', { name: 'Selected DID' });
  const facts = card.locator('.jp-Dlaas-facts');
  const edit = async () => {
    await facts.getByRole('button', { name: 'Edit…' }).click();
    // The dialog takes the focus a moment after it is drawn.
    await expect(panel.dialog.locator('input:focus')).toHaveCount(1);
  };

  await test.step('a broken value is told, and cannot be sent', async () => {
    await edit();
    await panel.dialog.getByLabel('Key').last().fill('energy');
    const value = panel.dialog.getByLabel('Value of energy');
    await value.fill('{"GeV":');
    await expect(panel.dialog).toContainText('whole JSON');
    await expect(panel.dialog.locator('.jp-mod-accept')).toBeDisabled();
    await clean(page, '.jp-Dlaas-Dialog');
    await value.fill('13000');
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    await expect(facts).toContainText('energy13000');
  });

  await test.step('what Rucio refuses is told, and changes nothing', async () => {
    await edit();
    await panel.dialog.getByLabel('Value of energy').fill('7000');
    await panel.dialog.getByLabel('Key').last().fill('lifetime');
    await panel.dialog.getByLabel('Value of lifetime').fill('1');
    await panel.accept();
    await expect(panel.problem(panel.dialog)).toContainText('delete the DID');
    await page.screenshot({ path: 'test-results/metadata.png' });
    await panel.cancel();
    await expect(facts).toContainText('energy13000');
  });

  await test.step('taken away', async () => {
    await edit();
    await panel.dialog.getByRole('button', { name: 'Remove energy' }).click();
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
    await expect(facts).not.toContainText('energy');
  });
  expect(python(`print("energy" in lake.get("${did}").custom)`)).toBe('False');
});

test('what one may not describe offers no edit', async ({ page }) => {
  const panel = new Panel(page);
  await panel.search(DID);
  await panel.row('GamGam_data').click();
  const facts = panel.root.locator('.jp-Dlaas-facts');
  await expect(facts).toContainText('Owner');
  await expect(facts.getByRole('button', { name: 'Edit…' })).toHaveCount(0);
});

test('a stuck rule says why, and is put elsewhere', async ({ page }) => {
  const panel = new Panel(page);
  await panel.search('ATLAS_OD_EDU:4lep_mc_Zmumu');
  await panel.row('4lep_mc_Zmumu').click();
  const card = panel.root.getByRole('region', { name: 'Selected DID' });
  const rules = card.locator('[data-rule]').filter({ hasText: 'by alice' });
  hold('notebook');
  try {
    await panel.button('Make available…').click();
    await panel.accept();
    await expect(panel.dialog.getByText('Granted')).toBeVisible();
    await panel.cancel();
    await expect(rules).toContainText('stuck', { timeout: 90_000 });
    await rules.getByText('Why?').click();
    await expect(rules).toContainText('could not be brought');
    await clean(page, '.jp-Dlaas-DetailsSection');
    await panel.root.screenshot({ path: 'test-results/stuck.png' });
    await rules.getByRole('button', { name: 'Another place…' }).click();
    await panel.dialog.getByLabel('Where instead').selectOption('rse:SOUTH-DISK');
  } catch (error) {
    release('notebook');
    throw error;
  }
  try {
    await panel.accept();
    await expect(panel.dialog.getByRole('status').last()).toContainText(
      'SOUTH-DISK'
    );
    await panel.cancel();
    await expect(
      card.locator('[data-rse="SOUTH-DISK"]')
    ).toContainText(/[1-9] of \d file/, { timeout: 90_000 });
  } finally {
    release('notebook');
  }
});

test('a DID as a cell’s last line is a card that one can work with', async ({
  page
}) => {
  const panel = new Panel(page);
  await page.notebook.createNew('card.ipynb');
  await page.notebook.setCell(
    0,
    'code',
    `import dlaas; dlaas.did("ATLAS_OD_EDU:4lep_data", "collection")`
  );
  await page.notebook.runCell(0, true);
  const card = page.locator('.jp-Dlaas-Output [role=group]');
  await expect(card).toContainText('Not here yet');
  await clean(page, '.jp-Dlaas-Output');
  await page.screenshot({ path: 'test-results/output.png' });
  await card.getByRole('button', { name: 'Show in the panel' }).click();
  await expect(
    panel.root.getByRole('region', { name: 'Selected DID' })
  ).toContainText('4lep_data');
  await card.getByRole('button', { name: 'Attach…' }).click();
  await panel.dialog.getByLabel('Name of the variable').fill('leptons');
  await panel.accept();
  await expect(panel.root.locator('[data-variable=leptons]')).toBeVisible();
  await card.getByRole('button', { name: 'Make available…' }).click();
  await panel.accept();
  await expect(panel.dialog.getByText('Granted')).toBeVisible();
  await panel.cancel();
  await expect(card).toContainText('Available', { timeout: 90_000 });
});
