import { expect, test } from '@jupyterlab/galata';
import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import AxeBuilder from '@axe-core/playwright';

import { Panel } from './panel';

test.use({ viewport: { width: 1440, height: 900 } });

// Nobody else makes it available, so it is still to come here.
const DATASET = 'ATLAS_OD_EDU:GamGam_mc_ZH125J_Zincl';
const FILE = 'ATLAS_OD_EDU:data_A.4lep.root';

/**
 * Pictures for whoever looks at them.
 */
function shot(name: string): string {
  return `${process.env.SHOTS ?? 'test-results'}/${name}.png`;
}

type Record = { variableName: string; did: string; type: string };

/**
 * A notebook as a colleague shares it: cells, and a record of what it uses.
 */
function shared(records: Record[], ...sources: string[]): string {
  return JSON.stringify({
    cells: sources.map((source, index) => ({
      cell_type: 'code',
      execution_count: null,
      id: `cell-${index}`,
      metadata: {},
      outputs: [],
      source
    })),
    metadata: {
      kernelspec: {
        display_name: 'Python 3',
        language: 'python',
        name: 'python3'
      },
      language_info: { name: 'python' },
      rucio_attachments: records
    },
    nbformat: 4,
    nbformat_minor: 5
  });
}

const RECORDS = [
  { variableName: 'data', did: DATASET, type: 'collection' },
  { variableName: 'events', did: FILE, type: 'file' },
  { variableName: 'gone', did: 'user.alice:never-there', type: 'file' }
];

async function open(
  page: IJupyterLabPageFixture,
  tmpPath: string,
  content: string
): Promise<Panel> {
  const path = `${tmpPath}/shared.ipynb`;
  await page.contents.uploadContent(content, 'text', path);
  await page.notebook.openByPath(path);
  await page.notebook.activate('shared.ipynb');
  const panel = new Panel(page);
  await panel.open();
  await panel.tab('Notebook');
  return panel;
}

function variable(panel: Panel, name: string) {
  return panel.root.locator(`[data-variable="${name}"]`);
}

async function act(panel: Panel, name: string, label: string): Promise<void> {
  await variable(panel, name)
    .getByRole('button', { name: `More for ${name}` })
    .click();
  await panel.page.getByRole('menuitem', { name: label }).click();
}

/**
 * The record that the open notebook holds now.
 */
function record(page: IJupyterLabPageFixture): Promise<Record[]> {
  return page.evaluate(
    () =>
      (window as any).jupyterapp.shell.currentWidget.context.model.getMetadata(
        'rucio_attachments'
      ) ?? []
  );
}

function names(panel: Panel) {
  return panel.root
    .locator('.jp-Dlaas-variable')
    .evaluateAll(rows => rows.map(row => row.getAttribute('data-variable')));
}

/**
 * Run code in the notebook's kernel and answer what it prints.
 */
async function inKernel(
  page: IJupyterLabPageFixture,
  code: string
): Promise<string> {
  return page.evaluate(async source => {
    const { kernel } = (window as any).jupyterapp.shell.currentWidget
      .sessionContext.session;
    let text = '';
    const future = kernel.requestExecute({ code: source });
    future.onIOPub = (message: any) => {
      text += message.content.text ?? message.content.evalue ?? '';
    };
    await future.done;
    return text.trim();
  }, code);
}

async function settled(panel: Panel): Promise<void> {
  await expect(variable(panel, 'events')).toContainText('set in the kernel', {
    timeout: 60_000
  });
}

async function expectAccessible(page: IJupyterLabPageFixture, where: string) {
  const { violations } = await new AxeBuilder({ page })
    .include(where)
    .analyze();
  expect(violations.map(({ id, nodes }) => [id, nodes[0].html])).toEqual([]);
}

test('a shared notebook opens with one banner, which makes what is missing available', async ({
  page,
  tmpPath
}) => {
  const panel = await open(page, tmpPath, shared(RECORDS, 'len(data)'));
  const banner = page.getByRole('region', { name: 'Data of this notebook' });

  await test.step('it counts, and the notebook does not move', async () => {
    await expect(banner).toContainText(
      /3 data items: (\d here, )?\d needs? staging, 1 not found/
    );
    await expect(banner).toHaveCount(1);
    const { height } = (await banner.boundingBox())!;
    expect(height).toBe(36);
    await expectAccessible(page, '.jp-Dlaas-Banner');
    await page.screenshot({ path: shot('notebook-banner') });
  });

  await test.step('one confirmation, an answer for each', async () => {
    await banner.getByRole('button', { name: 'Make all available…' }).click();
    await expect(
      panel.dialog.getByText(/data items?, .+ to come/)
    ).toBeVisible();
    await panel.dialog.getByText('14 days').click();
    await expectAccessible(page, '.jp-Dialog');
    await page.screenshot({ path: shot('notebook-stage') });
    await panel.accept();
    const granted = panel.dialog.getByText(
      /^(Granted|You have it already) until/
    );
    await expect(granted.first()).toBeVisible();
    await page.screenshot({ path: shot('notebook-staged') });
    await panel.cancel();
  });

  await test.step('it comes, and the banner says so', async () => {
    await expect(banner).toContainText('2 here, 1 not found', {
      timeout: 120_000
    });
    await expect(variable(panel, 'data')).toContainText('Available');
  });

  await test.step('shown, dismissed, and not back after a save', async () => {
    await panel.tab('Explore');
    await banner.getByRole('button', { name: 'Show' }).click();
    await expect(variable(panel, 'data')).toBeVisible();
    await banner.getByRole('button', { name: 'Dismiss' }).click();
    await expect(banner).toHaveCount(0);
    await page.notebook.save();
    await expect(banner).toHaveCount(0);
  });
});

test('a notebook without data has no banner', async ({ page, tmpPath }) => {
  const panel = await open(page, tmpPath, shared([], '1'));
  await expect(panel.root.getByText('holds no data yet')).toBeVisible();
  await expect(page.locator('.jp-Dlaas-Banner')).toHaveCount(0);
});

test('a variable is renamed in the record and in the kernel, and placed elsewhere', async ({
  page,
  tmpPath
}) => {
  const source = 'print(events)';
  const panel = await open(page, tmpPath, shared(RECORDS.slice(0, 2), source));
  await settled(panel);

  await test.step('cells that use the old name are told of, and wrong names refused', async () => {
    await act(panel, 'events', 'Rename…');
    await expect(panel.dialog).toContainText('Cell 1 uses events');
    const field = panel.dialog.getByLabel('Name of the variable');
    for (const name of ['1x', 'print', 'data']) {
      await field.fill(name);
      await expect(panel.dialog.locator('button.jp-mod-accept')).toBeDisabled();
    }
    await expectAccessible(page, '.jp-Dialog');
    await page.screenshot({ path: shot('notebook-rename') });
    await inKernel(page, 'mine = 3');
    await field.fill('mine');
    await panel.accept();
    await expect(panel.problem(panel.dialog)).toContainText('something else');
    expect((await record(page)).map(each => each.variableName)).toEqual([
      'data',
      'events'
    ]);
    await field.fill('photons');
    await panel.accept();
    await expect(panel.dialog).toHaveCount(0);
  });

  await test.step('record and kernel agree, the old name is free, the cell is as it was', async () => {
    await expect(variable(panel, 'photons')).toContainText('set in the kernel');
    expect((await record(page))[1]).toMatchObject({
      variableName: 'photons',
      did: FILE
    });
    expect(
      await inKernel(page, "print(photons.did, 'events' in globals(), mine)")
    ).toBe(`${FILE} False 3`);
    expect(await page.notebook.getCellTextInput(0)).toBe(source);
  });

  await test.step('by keys, by menu, by mouse', async () => {
    const grip = panel.root.getByRole('button', { name: /Move photons/ });
    await grip.focus();
    await grip.press('ArrowUp');
    await expect.poll(() => names(panel)).toEqual(['photons', 'data']);
    await expect(grip).toBeFocused();
    await grip.press('ArrowDown');
    await expect.poll(() => names(panel)).toEqual(['data', 'photons']);
    await expect(grip).toBeFocused();
    await act(panel, 'photons', 'Move up');
    await expect.poll(() => names(panel)).toEqual(['photons', 'data']);
    await grip.dragTo(variable(panel, 'data'));
    await expect.poll(() => names(panel)).toEqual(['data', 'photons']);
    expect((await record(page)).map(each => each.variableName)).toEqual([
      'data',
      'photons'
    ]);
  });

  for (const width of [240, 420]) {
    await page.sidebar.setWidth(width);
    await page.screenshot({ path: shot(`notebook-${width}`) });
  }
  await expectAccessible(page, '#jupyter-dlaas-panel');
  await page.theme.setDarkTheme();
  await page.sidebar.setWidth(240);
  await page.screenshot({ path: shot('notebook-dark') });
  await expectAccessible(page, '#jupyter-dlaas-panel');
  await page.theme.setLightTheme();
});

test('a busy kernel takes a new name as well', async ({ page, tmpPath }) => {
  const panel = await open(page, tmpPath, shared(RECORDS.slice(1, 2), '1'));
  await settled(panel);
  await page.evaluate(() => {
    const { kernel } = (window as any).jupyterapp.shell.currentWidget
      .sessionContext.session;
    kernel.requestExecute({
      code: "import time\nwhile 'quick' not in globals(): time.sleep(0.1)"
    });
  });
  await act(panel, 'events', 'Rename…');
  await panel.dialog.getByLabel('Name of the variable').fill('quick');
  await panel.accept();
  await expect(panel.dialog).toHaveCount(0);
  // The cell ends because it sees the name.
  expect(await inKernel(page, 'print(quick.did)')).toBe(FILE);
});

test('what another client of the notebook attaches is shown without a reload', async ({
  page,
  tmpPath
}) => {
  const panel = await open(page, tmpPath, shared(RECORDS.slice(1, 2), '1'));
  await settled(panel);
  await page.evaluate(
    theirs => {
      const { model } = (window as any).jupyterapp.shell.currentWidget.context;
      // As it comes over the wire of a shared document.
      model.sharedModel.setMetadata('rucio_attachments', theirs);
    },
    [{ variableName: 'theirs', did: DATASET, type: 'collection' }]
  );
  await expect(variable(panel, 'theirs')).toContainText('set in the kernel');
  await expect(variable(panel, 'events')).toHaveCount(0);
});

test('a ready-made cell opens the file, and a folder of links is made by a cell', async ({
  page,
  tmpPath
}) => {
  const panel = await open(page, tmpPath, shared(RECORDS.slice(1, 2), ''));
  await settled(panel);
  await act(panel, 'events', 'Ready-made cells…');
  const { dialog } = panel;
  await dialog.getByLabel('uproot', { exact: true }).click();
  await expect(dialog.getByRole('region', { name: 'Code' })).toContainText(
    'uproot.open(events).keys()'
  );
  await expectAccessible(page, '.jp-Dialog');
  await page.screenshot({ path: shot('notebook-cells') });
  await panel.accept();
  await expect(dialog).toHaveCount(0);
  await page.menu.clickMenuItem('Run>Run All Cells');
  await expect(page.locator('.jp-OutputArea-output').first()).toContainText(
    'mini',
    { timeout: 60_000 }
  );
  await panel.button('Folder of links').click();
  await expect
    .poll(() => page.locator('.jp-Cell').last().innerText())
    .toContain('dlaas.workspace(');
});

test('a notebook with a secret is not published; without one it is', async ({
  page,
  tmpPath
}) => {
  const secret = 'password = "correct-horse-battery"';
  const panel = await open(
    page,
    tmpPath,
    shared(
      RECORDS.slice(1, 2),
      secret,
      'import dlaas\ndlaas.did("ATLAS_OD_EDU:GamGam_mc")'
    )
  );
  await settled(panel);
  await panel.button('Publish…').click();
  const { dialog } = panel;
  await dialog.getByLabel('Scope').selectOption('user.alice');
  await expect(dialog.getByLabel(FILE)).toBeDisabled();
  await dialog.getByLabel('ATLAS_OD_EDU:GamGam_mc').uncheck();
  await dialog.getByText('7 days').click();
  await panel.accept();
  await expect(panel.problem(dialog)).toContainText('cell 1');
  await expect(panel.problem(dialog)).toContainText('Take them out');
  await expect(dialog.getByLabel('These are no secrets')).not.toBeChecked();
  await expectAccessible(page, '.jp-Dialog');
  await page.screenshot({ path: shot('notebook-publish') });
  await panel.cancel();

  await page.notebook.setCell(0, 'code', '1');
  await panel.button('Publish…').click();
  await dialog.getByLabel('Scope').selectOption('user.alice');
  await dialog.getByLabel('ATLAS_OD_EDU:GamGam_mc').uncheck();
  await dialog.getByText('7 days').click();
  await panel.accept();
  await expect(dialog).toHaveCount(0);
  const job = panel.root.locator('[data-job]').first();
  await expect(job).toHaveAttribute('data-state', 'done', { timeout: 120_000 });
  await panel.root.screenshot({ path: shot('notebook-published') });
});

test('DIDs are completed inside strings of code', async ({ page, tmpPath }) => {
  await open(page, tmpPath, shared([], ''));
  await page.notebook.enterCellEditingMode(0);
  await page.keyboard.type('name = "ATLAS_OD_EDU:GamGam_mc_ZH', { delay: 20 });
  await page.keyboard.press('Tab');
  const list = page.locator('.jp-Completer');
  const text = () => page.notebook.getCellTextInput(0);
  await expect
    .poll(async () => `${await text()}${await list.allInnerTexts()}`)
    .toContain(DATASET);
  await page.screenshot({ path: shot('notebook-completion') });
});
