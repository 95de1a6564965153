import { mkdirSync, truncateSync, writeFileSync } from 'fs';
import * as path from 'path';

import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect, test } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { hold, password, release } from './lake';
import { Panel } from './panel';

const images = process.env.IMAGES as string;
const MB = 1_000_000;

test.use({ viewport: { width: 1280, height: 860 } });

test.beforeEach(async ({ page }) => {
  const panel = new Panel(page);
  await panel.open();
  await page.sidebar.setWidth(380, 'left');
  await expect(panel.account).toHaveText('alice');
});

/**
 * Neither the mouse nor the keyboard is on anything, and no notification lies over it.
 */
async function quiet({ page }: Panel): Promise<void> {
  await page.addStyleTag({
    content:
      '.jp-toastContainer { display: none } * { animation: none !important; caret-color: transparent !important }'
  });
  await page.mouse.move(1000, 855);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
}

/**
 * A picture of the panel, as far down as to the end of something in it.
 */
async function picture(
  panel: Panel,
  name: string,
  last?: Locator
): Promise<void> {
  await quiet(panel);
  const all = (await panel.root.boundingBox())!;
  const end = await last?.boundingBox();
  const height = end ? end.y + end.height + 8 - all.y : all.height;
  await panel.page.screenshot({
    path: path.join(images, `${name}.png`),
    clip: { ...all, height }
  });
}

/**
 * Rows say whether their data is here, as soon as the lake has answered.
 */
async function marked(panel: Panel, ...names: string[]): Promise<void> {
  for (const name of names) {
    await expect(panel.row(name).locator('.jp-Dlaas-mark')).toBeVisible();
  }
}

async function whole(panel: Panel, name: string): Promise<void> {
  await quiet(panel);
  await panel.page.screenshot({ path: path.join(images, `${name}.png`) });
}

/**
 * A folder of files on the server, as an analysis leaves it.
 */
async function analysis(
  page: IJupyterLabPageFixture,
  folder: string,
  files: { [name: string]: number }
): Promise<void> {
  const root = await page.evaluate(
    () =>
      JSON.parse(document.getElementById('jupyter-config-data')!.textContent!)
        .serverRoot as string
  );
  mkdirSync(path.join(root, folder), { recursive: true });
  for (const [name, size] of Object.entries(files)) {
    const file = path.join(root, folder, name);
    writeFileSync(file, name);
    truncateSync(file, size);
  }
}

/**
 * Show the lakes under names that a person would give them: those of the tests say what they are for.
 */
async function rename(page: IJupyterLabPageFixture): Promise<void> {
  await page.route('**/dlaas/instances*', async route => {
    const answer = await route.fetch();
    const text = (await answer.text()).replace(
      /Log in (as anybody|by hand)/g,
      (_, kind: string) => (kind === 'by hand' ? 'Open lake' : 'Teaching lake')
    );
    await route.fulfill({ response: answer, body: text });
  });
  await page.reload();
  const panel = new Panel(page);
  await panel.open();
  await page.sidebar.setWidth(380, 'left');
  await expect(panel.account).toHaveText('alice');
}

async function upload(page: IJupyterLabPageFixture, name: string) {
  const panel = new Panel(page);
  await page.evaluate(
    chosen =>
      void (window as any).jupyterapp.commands.execute('dlaas:upload', {
        path: chosen
      }),
    name
  );
  await expect(
    panel.dialog.getByRole('combobox', { name: 'Scope' })
  ).toHaveValue('user.alice');
}

async function stage(panel: Panel, name: string): Promise<void> {
  await panel.search(`ATLAS_OD_EDU:${name}`);
  await panel.row(name).click();
  await panel.button('Make available…').click();
  await panel.dialog.getByText('14 days', { exact: true }).click();
  await panel.accept();
  await expect(panel.dialog.getByText(/Granted|have it already/)).toBeVisible();
  await panel.cancel();
}

function job(panel: Panel, text: string): Locator {
  return panel.root
    .locator('.jp-Dlaas-job')
    .filter({ hasText: text })
    .first();
}

test('the launcher and the tour', async ({ page }) => {
  const panel = new Panel(page);
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.sidebar.openTab('filebrowser');
  await page.filebrowser.openHomeDirectory();
  await panel.open();
  await expect(panel.row('ATLAS_OD_EDU')).toBeVisible();
  await panel.button('Take the tour').click();
  await expect(
    page.getByRole('dialog', { name: 'Tour of the data lake' })
  ).toBeVisible();
  await whole(panel, 'tour');
});

test('what is found, its card, and what making it available would mean', async ({
  page
}) => {
  const panel = new Panel(page);
  await stage(panel, 'GamGam_data');
  await expect(panel.card).toContainText('Available', { timeout: 90_000 });
  await panel.search('ATLAS_OD_EDU:*GamGam*');
  await expect(panel.row('GamGam_mc_ttH125')).toBeVisible();
  await panel.row('GamGam_data').click();
  await panel.row('GamGam_data').press('ArrowRight');
  await expect(panel.row('data_D.GamGam.root')).toBeVisible();
  await expect(panel.card).toContainText('by alice');
  await marked(panel, 'GamGam', 'data_D.GamGam.root', 'GamGam_mc_VBFH125');
  const copy = panel.card.locator('[data-rse]').first();
  await picture(panel, 'explore', copy);
  await page.theme.setDarkTheme();
  await picture(panel, 'explore-dark', copy);
  await page.theme.setLightTheme();

  await panel.search('ATLAS_OD_EDU:4lep_mc_llll');
  await panel.row('4lep_mc_llll').click();
  await panel.button('Make available…').click();
  await panel.dialog.getByText('14 days', { exact: true }).click();
  await expect(panel.dialog.locator('.jp-Dlaas-preview')).toContainText(
    'would be copied'
  );
  await quiet(panel);
  await panel.dialog
    .locator('.jp-Dialog-content')
    .screenshot({ path: path.join(images, 'make-available.png') });
  await panel.cancel();
});

test('a rule that is stuck', async ({ page }) => {
  const panel = new Panel(page);
  await page.setViewportSize({ width: 1280, height: 1500 });
  hold('notebook');
  try {
    await stage(panel, '4lep_data');
    const rule = panel.card
      .locator('[data-rule]')
      .filter({ hasText: 'by alice' });
    await expect(rule).toContainText('stuck', { timeout: 90_000 });
    await rule.getByText('Why?').click();
    await expect(rule).toContainText('could not be brought');
    await quiet(panel);
    const [card, end] = [
      (await panel.card.boundingBox())!,
      (await rule.boundingBox())!
    ];
    await page.screenshot({
      path: path.join(images, 'stuck.png'),
      clip: { ...card, height: end.y + end.height + 8 - card.y }
    });
  } finally {
    release('notebook');
  }
});

test('a shared notebook and its data', async ({ page, tmpPath }) => {
  const panel = new Panel(page);
  await stage(panel, '4lep_mc_WH125');
  await expect(panel.card).toContainText('Available', { timeout: 90_000 });
  const source = (...text: string[]) => ({
    cell_type: 'code',
    execution_count: null,
    id: `cell-${text.length}`,
    metadata: {},
    outputs: [],
    source: text.join('\n')
  });
  const collection = (variableName: string, name: string) => ({
    variableName,
    did: `ATLAS_OD_EDU:${name}`,
    type: 'collection'
  });
  await page.contents.uploadContent(
    JSON.stringify({
      cells: [
        source(
          'import uproot',
          '',
          'tree = uproot.open(f"{signal[0]}:mini")',
          'tree.show()'
        )
      ],
      metadata: {
        kernelspec: {
          display_name: 'Python 3',
          language: 'python',
          name: 'python3'
        },
        language_info: { name: 'python' },
        rucio_attachments: [
          collection('signal', '4lep_mc_WH125'),
          collection('diphotons', 'GamGam_data'),
          collection('background', '4lep_mc_ggH125')
        ]
      },
      nbformat: 4,
      nbformat_minor: 5
    }),
    'text',
    `${tmpPath}/four-leptons.ipynb`
  );
  await page.evaluate(
    chosen =>
      void (window as any).jupyterapp.commands.execute('docmanager:open', {
        path: chosen
      }),
    `${tmpPath}/four-leptons.ipynb`
  );
  await panel.tab('Notebook');
  await expect(panel.root.locator('[data-variable=signal]')).toContainText(
    'set in the kernel',
    { timeout: 60_000 }
  );
  await page.setViewportSize({ width: 1280, height: 560 });
  await page.notebook.runCell(0, true);
  await expect(page.locator('.jp-OutputArea-output').first()).toContainText(
    'lep_pt'
  );
  await page.locator('.jp-Notebook').evaluate(node => node.scrollTo(0, 0));
  await whole(panel, 'notebook');
});

test('the transfers', async ({ page }) => {
  const panel = new Panel(page);
  await analysis(page, 'fits', {
    'signal.root': 2.31 * MB,
    'background.root': 7.84 * MB,
    'limits.json': 48_200
  });
  await analysis(page, '.', { 'summary.parquet': 1.2 * MB });
  await analysis(
    page,
    'minitrees',
    Object.fromEntries(
      [1, 2, 3, 4, 5, 6].map(index => [`run-000${index}.root`, 380 * MB])
    )
  );
  try {
    await upload(page, 'fits');
    await panel.dialog.locator('input[name=dataset]').fill('fits');
    await panel.accept();
    await expect(job(panel, 'fits')).toContainText('Uploaded', {
      timeout: 90_000
    });
    await panel.search('ATLAS_OD_EDU:4lep_mc_Zee');
    await panel.row('4lep_mc_Zee').click();
    await panel.button('Download…').click();
    await panel.dialog.locator('input[name=folder]').fill('data/Zee');
    await panel.accept();
    await expect(job(panel, '4lep_mc_Zee')).toContainText('Downloaded', {
      timeout: 90_000
    });
    hold('north');
    await upload(page, 'summary.parquet');
    await panel.accept();
    await expect(job(panel, 'summary.parquet')).toContainText('Failed', {
      timeout: 90_000
    });
    release('north');
    await upload(page, 'minitrees');
    await panel.dialog.locator('input[name=dataset]').fill('minitrees');
    await panel.accept();
    const running = job(panel, 'minitrees');
    await expect(running).toContainText(/\/s/, { timeout: 90_000 });
    await expect(running).toContainText(/[1-4] of 6 files/, {
      timeout: 90_000
    });
    await picture(panel, 'transfers', job(panel, 'fits'));
    await running.getByRole('button', { name: /Cancel/ }).click();
  } finally {
    release('north');
  }
});

test('the basket', async ({ page }) => {
  const panel = new Panel(page);
  await panel.tab('Basket');
  const field = panel.root.getByLabel('Token for', { exact: false });
  await field.fill(process.env.ESAP_TOKEN as string);
  await panel.button('Use it').click();
  const items = panel.root.locator('.jp-Dlaas-basket-item');
  await expect(items.first()).toBeVisible();
  await items.first().getByRole('checkbox').check();
  await items.nth(1).getByRole('checkbox').check();
  await page.setViewportSize({ width: 1280, height: 780 });
  await picture(panel, 'basket');
});

test('the login', async ({ page }) => {
  const panel = new Panel(page);
  await rename(page);
  await panel.choose('Teaching lake');
  await panel.way('Certificate');
  await expect(panel.root.getByText('usercert.pem')).toBeVisible();
  await picture(panel, 'login', panel.button('Log in by the server'));
  try {
    await panel.logIn('alice', password('alice'));
    await panel.account.click();
    await expect(panel.login).toContainText('renewed by itself');
    await expect(panel.login).toContainText('SOUTH-DISK');
    await page.setViewportSize({ width: 1280, height: 1000 });
    await expect(panel.button('Clean the cache…')).toBeVisible();
    await picture(panel, 'account', panel.login);
  } finally {
    await page.request.delete('dlaas/anybody/login');
  }
});

test('open data without an account', async ({ page }) => {
  const panel = new Panel(page);
  await rename(page);
  await panel.choose('Open lake');
  await panel.button('Look at open data without an account').click();
  const open = page.locator('.jp-Dlaas-OpenDataSection');
  const list = open.getByRole('list', { name: 'Open data' });
  await expect(list).toContainText('4lep_data');
  await list.getByText('4lep_data').first().click();
  await expect(open).toContainText('10.5072/dlaas-lake.4lep');
  await page.waitForLoadState('networkidle');
  await picture(panel, 'open-data', list);
});
