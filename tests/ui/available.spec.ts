import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@jupyterlab/galata';
import type { Page } from '@playwright/test';

import { password } from './lake';
import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

async function clean(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include('.jp-Dlaas-Dialog')
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
}

async function ask(panel: Panel, name: string): Promise<void> {
  await panel.search(`ATLAS_OD_EDU:${name}`);
  await panel.row(name).click();
  await panel.button('Make available…').click();
}

test.beforeEach(async ({ page }) => {
  await new Panel(page).open();
});

test('the dialog says what would be copied, and then what was granted', async ({
  page,
  context
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const panel = new Panel(page);
  const { dialog } = panel;
  await ask(panel, 'GamGam_mc_ggH125');
  const said = dialog.locator('.jp-Dlaas-preview');
  await expect(said).toContainText(
    /[\d.]+\sMB would be copied to NOTEBOOK-MOUNT/
  );
  await dialog.getByText('Until a date…').click();
  const date = new Date(Date.now() + 20 * 86400_000);
  const local = `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, '0')}-${String(date.getDate()).padStart(2, '0')}`;
  await dialog.getByLabel('Until the end of').fill(local);
  await expect(dialog).toContainText('UTC)');
  await clean(page);
  await page.screenshot({ path: 'test-results/available.png' });
  await panel.accept();
  const granted = dialog.locator('.jp-Dlaas-granted');
  await expect(granted).toContainText('Granted until');
  await expect(granted).toContainText(/\((20|21) days left\)/);
  await expect(granted).toContainText('Here now: ');
  await clean(page);
  await page.screenshot({ path: 'test-results/granted.png' });
  await panel.cancel();
  const card = panel.root.getByRole('region', { name: 'Selected DID' });
  await expect(card.locator('.jp-Dlaas-badge')).toContainText('Available', {
    timeout: 90_000
  });
  await expect(card.locator('[data-rse="NOTEBOOK-MOUNT"]')).toContainText(
    'as a file'
  );

  await test.step('its paths are copied', async () => {
    await card.getByRole('button', { name: 'Copy paths' }).click();
    const told = page.locator('.jp-toastContainer').getByText(/\b1 path\b/);
    await expect(told).toBeVisible();
    // A browser copies soon after a click only; what was longer in coming is asked about.
    const later = page.locator('.jp-toastContainer').getByRole('button', { name: 'Copy' });
    if (await later.isVisible()) {
      await later.click();
    }
    await expect
      .poll(() => page.evaluate(() => navigator.clipboard.readText()))
      .toMatch(/^\/\S+\.root$/);
  });

  await test.step('once it is here nothing would be copied, and the rule is offered to be extended', async () => {
    await panel.button('Make available…').click();
    await expect(said).toContainText('nothing is copied');
    await dialog.getByText('30 days').click();
    await dialog
      .getByRole('button', { name: 'Extend the rule that is there' })
      .click();
    await expect(granted).toContainText('Extended until');
    await expect(granted).toContainText(/\((29|30) days left\)/);
    await panel.cancel();
  });

  await test.step('shortened by its own command', async () => {
    await page.evaluate(() => {
      void window.jupyterapp.commands.execute('dlaas:extend');
    });
    await expect(dialog).toContainText('Change the end of a rule');
    await dialog.getByText('1 day', { exact: true }).click();
    await panel.accept();
    await expect(dialog).toHaveCount(0);
    await expect(card.locator('.jp-Dlaas-card-until')).toContainText(
      /2[34] hours left/
    );
  });
});

test('a quality of service is explained, and says where it is', async ({
  page
}) => {
  const panel = new Panel(page);
  const { dialog } = panel;
  await ask(panel, 'GamGam_data');
  await dialog.getByText('Where, and how many copies').click();
  await dialog.getByRole('combobox', { name: 'Where' }).selectOption(
    'qos:CHEAP-ANALYSIS'
  );
  await expect(dialog).toContainText('For analysis');
  await expect(dialog.locator('.jp-Dlaas-preview')).toContainText(
    'would be copied to SOUTH-DISK'
  );
  await clean(page);
  await page.screenshot({ path: 'test-results/qos.png' });

  await test.step('more copies than there are places are told before the click', async () => {
    await dialog.getByLabel('Copies').fill('3');
    await expect(panel.problem(dialog)).toBeVisible();
    await page.screenshot({ path: 'test-results/copies.png' });
    await dialog.getByLabel('Copies').fill('0');
    await expect(dialog.locator('.jp-mod-accept')).toBeDisabled();
    await dialog.getByLabel('Copies').fill('1');
    await expect(panel.problem(dialog)).toHaveCount(0);
  });

  await panel.accept();
  await expect(dialog.locator('.jp-Dlaas-granted')).toContainText(
    'QOS=CHEAP-ANALYSIS'
  );
  await panel.cancel();
});

test('a quota that does not suffice is told before the click', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.logOut('by-hand');
  await panel.choose('Log in by hand');
  await panel.logIn('bob', password('bob'));
  await expect(panel.account).toContainText('bob');
  await ask(panel, 'GamGam_data');
  const { dialog } = panel;
  await dialog.getByText('Where, and how many copies').click();
  await dialog.getByRole('combobox', { name: 'Where' }).selectOption(
    'rse:SOUTH-DISK'
  );
  await expect(dialog.locator('.jp-Dlaas-preview')).toContainText(
    /Your quota there: [\d.]+\s[kM]B left/
  );
  await expect(panel.problem(dialog)).toHaveAttribute(
    'data-error',
    'InsufficientAccountLimit'
  );
  await clean(page);
  await page.screenshot({ path: 'test-results/quota.png' });
});

test('it reads in the dark and where there is little room', async ({
  page
}) => {
  const panel = new Panel(page);
  await page.theme.setDarkTheme();
  await page.setViewportSize({ width: 620, height: 800 });
  await ask(panel, 'GamGam_data');
  await panel.dialog.getByText('Where, and how many copies').click();
  await expect(panel.dialog.locator('.jp-Dlaas-preview')).toContainText(
    'would be copied'
  );
  await clean(page);
  await page.screenshot({ path: 'test-results/available-dark.png' });
  await panel.cancel();
  await expect(
    panel.root.locator('.jp-Dlaas-facts')
  ).toBeVisible();
  await page.screenshot({ path: 'test-results/card-dark.png' });
});
