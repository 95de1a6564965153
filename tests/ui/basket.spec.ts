import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';

import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

async function openBasket(page: Page): Promise<Panel> {
  const panel = new Panel(page);
  await panel.open();
  await panel.root.getByRole('tab', { name: /^Basket/ }).click();
  await expect(section(panel)).not.toContainText('Asking');
  return panel;
}

function section(panel: Panel): Locator {
  return panel.page.locator('.jp-Dlaas-BasketSection');
}

/**
 * Give ESAP's token where it is asked for.
 */
async function token(panel: Panel): Promise<void> {
  const field = panel.root.getByLabel('Token for', { exact: false });
  if (await field.isVisible()) {
    await field.fill(process.env.ESAP_TOKEN ?? '');
    await panel.button('Use it').click();
  }
  await expect(item(panel, '4lep_mc_llll')).toBeVisible();
}

function item(panel: Panel, title: string): Locator {
  return section(panel).locator('.jp-Dlaas-basket-item', { hasText: title });
}

function job(panel: Panel, text: string): Locator {
  return panel.root
    .getByRole('list', { name: 'Transfers' })
    .getByRole('listitem')
    .filter({ has: panel.page.locator('.jp-Dlaas-job-what') })
    .filter({ hasText: text })
    .first();
}

async function axe(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page })
    .include('#jupyter-dlaas-panel')
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
}

async function shot(
  panel: Panel,
  page: IJupyterLabPageFixture,
  name: string,
  width = 330
): Promise<void> {
  await page.sidebar.setWidth(width, 'left');
  await panel.root.screenshot({
    path: test.info().outputPath(`${name}.png`)
  });
}

test('a basket is read by a pasted token, which the page does not keep', async ({
  page
}) => {
  const panel = await openBasket(page);
  await expect(section(panel)).toContainText('show token');
  // To have no token yet is no failure.
  await expect(section(panel).locator('.jp-Dlaas-problem')).toHaveCount(0);
  await expect(section(panel).getByRole('listitem')).toHaveCount(2);
  await axe(page);
  await shot(panel, page, 'basket-token');
  const field = panel.root.getByLabel('Token for', { exact: false });
  await field.fill('nonsense');
  await field.press('Enter');
  await expect(section(panel)).toContainText('does not accept the token');
  await expect(field).toHaveValue('');
  await expect(field).toBeFocused();
  await shot(panel, page, 'basket-refused');
  await token(panel);
  await expect(section(panel).getByRole('region')).toHaveCount(3);
  await expect(item(panel, 'M51, Hubble')).toContainText('vo_reg');
  await expect(item(panel, 'project 7').getByRole('link')).toHaveAttribute(
    'href',
    /zooniverse\.org\/lab\/7/
  );
  expect(await page.content()).not.toContain(process.env.ESAP_TOKEN);

  await test.step('a scope that no lake knows is asked about', async () => {
    const lake = item(panel, 'UseCase2_Imageset').getByRole('combobox');
    await expect(lake).toHaveValue('');
    await lake.selectOption({ label: 'Log in by hand' });
    await expect(lake).toHaveValue('by-hand');
    await expect(
      item(panel, '4lep_mc_llll').getByRole('combobox')
    ).toHaveValue('lake');
  });

  await item(panel, '4lep_mc_llll').getByRole('checkbox').check();
  await item(panel, 'M51, Hubble').getByRole('checkbox').check();
  await expect(panel.button('Make available…')).toBeEnabled();
  await axe(page);
  await shot(panel, page, 'basket-wide', 700);
  await shot(panel, page, 'basket', 330);
  await shot(panel, page, 'basket-narrow', 240);
  await page.theme.setDarkTheme();
  await axe(page);
  await shot(panel, page, 'basket-dark', 330);

  await test.step('the token is taken back, and what it has shown goes', async () => {
    await panel.button('Forget it').click();
    await expect(field).toHaveValue('');
    await expect(item(panel, '4lep_mc_llll')).toHaveCount(0);
  });
});

test('the basket is reached without a login, and the login from it', async ({
  page
}) => {
  const panel = new Panel(page);
  await panel.open();
  await panel.choose('Log in as anybody');
  await panel.button('Look at the basket').click();
  await expect(section(panel)).not.toContainText('Asking');
  await token(panel);
  await axe(page);
  await shot(panel, page, 'basket-anybody');
  await expect(panel.button('Log in')).toBeHidden();
  for (const tab of ['Notebook', 'Transfers'] as const) {
    await panel.tab(tab);
    await axe(page);
    await shot(panel, page, `anybody-${tab}`);
  }
  await panel.tab('Explore');
  await expect(panel.button('Look at the basket')).toBeVisible();
  await shot(panel, page, 'login-anybody');
  const focused = panel.root.locator('.jp-Dlaas-login :focus');
  await expect(focused).toHaveCount(1);
});

test('items of lake and archive are downloaded, and several are made available and attached', async ({
  page,
  tmpPath
}) => {
  const panel = await openBasket(page);
  await token(panel);
  await item(panel, '4lep_mc_Zee').getByRole('checkbox').check();
  await item(panel, 'M51, Hubble').getByRole('checkbox').check();
  await item(panel, 'project 7').getByRole('checkbox').check();
  await panel.button('Download…').click();
  await panel.dialog.locator('input[name=text]').fill(tmpPath);
  await panel.dialog.screenshot({ path: test.info().outputPath('basket-folder.png') });
  await panel.accept();
  await expect(job(panel, 'M51, Hubble')).toContainText('Downloaded', {
    timeout: 60_000
  });
  await expect(job(panel, '4lep_mc_Zee')).toContainText('Downloaded', {
    timeout: 90_000
  });
  await panel.root.screenshot({ path: test.info().outputPath('basket-transfers.png') });
  expect(await page.contents.fileExists(`${tmpPath}/m51.fits`)).toBe(true);

  await openBasket(page);
  await expect(item(panel, '4lep_mc_Zee').getByRole('checkbox')).not.toBeChecked();
  await item(panel, 'project 7').getByRole('checkbox').uncheck();

  await page.notebook.createNew('basket.ipynb');
  await openBasket(page);
  await item(panel, '4lep_mc_llll').getByRole('checkbox').check();
  await item(panel, '4lep_mc_Zee').getByRole('checkbox').check();
  await panel.button('Attach').click();
  const notebook = panel.page.locator('#jp-Dlaas-section-notebook');
  await expect(notebook).toContainText('4lep_mc_llll');
  await expect(notebook).toContainText('4lep_mc_Zee');

  await openBasket(page);
  await panel.button('Make available…').click();
  await expect(panel.dialog).toContainText('2 data items');
  await panel.accept();
  await expect(panel.dialog.getByText(/Granted|You have it/)).toHaveCount(2, {
    timeout: 60_000
  });
  await panel.cancel();

  await test.step('what ends earlier than is asked for now is there already, and no failure', async () => {
    await panel.button('Make available…').click();
    await panel.dialog.getByText('Other…').click();
    await panel.dialog.locator('input[inputmode=decimal]').fill('90');
    await panel.accept();
    await expect(panel.dialog.getByText(/You have it already until/)).toHaveCount(
      2,
      { timeout: 60_000 }
    );
    await expect(panel.dialog.getByRole('alert')).toHaveCount(0);
    await panel.dialog.screenshot({
      path: test.info().outputPath('basket-there.png')
    });
    await panel.cancel();
  });
});

test('a basket is imported from a text and from a file, and items are removed', async ({
  page,
  tmpPath
}) => {
  const panel = await openBasket(page);
  await token(panel);
  await panel.button('Import…').click();
  await panel.dialog.locator('textarea').fill('nonsense here');
  await panel.accept();
  await expect(panel.problem(panel.dialog)).toContainText('Neither a DID');
  await panel.dialog.screenshot({ path: test.info().outputPath('basket-import.png') });
  await panel.dialog.locator('textarea').fill('user.alice:pasted');
  await panel.dialog.locator('textarea').press('Enter');
  await page.keyboard.type('user.alice:typed');
  await panel.accept();
  await expect(panel.dialog).toHaveCount(0);
  await expect(item(panel, 'user.alice:pasted')).toContainText('imported');

  await page.contents.uploadContent(
    'did,title\nuser.alice:from-a-table,x\n',
    'text',
    `${tmpPath}/saved.csv`
  );
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openDirectory(tmpPath);
  await page
    .locator('.jp-DirListing-item')
    .filter({ hasText: 'saved.csv' })
    .click({ button: 'right' });
  await page
    .getByRole('menuitem', { name: 'Import into the Data Basket' })
    .click();
  await expect(item(panel, 'user.alice:from-a-table')).toBeVisible();

  for (const title of ['pasted', 'typed', 'from-a-table']) {
    await item(panel, `user.alice:${title}`).getByRole('checkbox').check();
  }
  await item(panel, 'project 7').getByRole('checkbox').check();
  await panel.button('Remove…').click();
  await page.locator('.jp-Dialog button.jp-mod-accept').click();
  await expect(item(panel, 'user.alice:pasted')).toHaveCount(0);
  await expect(item(panel, 'project 7')).toHaveCount(0);
  await expect(item(panel, '4lep_mc_llll')).toBeVisible();
});

test('open data is found, attached and downloaded without an account', async ({
  page,
  tmpPath
}) => {
  const panel = new Panel(page);
  await panel.open();
  await page.notebook.createNew('open.ipynb');
  await panel.open();
  await panel.choose('Log in as anybody');
  await panel.button('Look at open data without an account').click();
  const open = page.locator('.jp-Dlaas-OpenDataSection');
  await expect(open.getByRole('list', { name: 'Open data' })).toContainText(
    '4lep_data'
  );
  const box = panel.root.getByRole('searchbox', {
    name: 'Search the open data'
  });
  await box.fill('higgs');
  await box.press('Enter');
  await expect(open).toContainText('1 item, public');
  await open.getByRole('button', { name: /4lep_data/ }).click();
  await expect(open.getByRole('link', { name: '10.5072' })).toHaveAttribute(
    'href',
    /^https:\/\/doi\.org\/10\.5072/
  );
  await expect(open).toContainText('4 files');
  await axe(page);
  await shot(panel, page, 'open-data', 330);
  await shot(panel, page, 'open-data-narrow', 240);
  await open.getByRole('button', { name: 'Attach…' }).click();
  await panel.dialog.locator('input[name=variable]').fill('events');
  await panel.accept();
  await expect(panel.dialog).toHaveCount(0);
  await expect(page.locator('#jp-Dlaas-section-notebook')).toContainText(
    'events'
  );
  await page.notebook.setCell(0, 'code', 'print(events[0].open().read(4))');
  await page.notebook.runCell(0, true);
  expect(await page.notebook.getCellTextOutput(0)).toEqual([
    expect.stringContaining("b'root'")
  ]);
  await panel.tab('Explore');
  await panel.button('Look at open data without an account').click();
  await open.getByRole('button', { name: 'Download…' }).click();
  await panel.dialog.locator('input[name=text]').fill(tmpPath);
  await panel.accept();
  await expect
    .poll(() => page.contents.fileExists(`${tmpPath}/data_A.4lep.root`), {
      timeout: 60_000
    })
    .toBe(true);
  await panel.button('Close the open data').click();
  await expect(box).toHaveCount(0);
  await expect(
    panel.button('Look at open data without an account')
  ).toBeVisible();
});

