import { expect } from '@jupyterlab/galata';

import type { IStage, IState } from './stage';
import { cancel, command, dialog } from './stage';

// Nothing else asks for it, so it is as the lake begins.
const USED = '4lep_mc_WH125';

/**
 * A notebook that uses two data items, one of which there is not.
 */
const NOTEBOOK = {
  cells: [
    {
      cell_type: 'code',
      execution_count: null,
      id: 'first',
      metadata: {},
      outputs: [],
      source: 'password = "correct-horse-battery"; len(electrons)'
    }
  ],
  metadata: {
    kernelspec: {
      display_name: 'Python 3',
      language: 'python',
      name: 'python3'
    },
    language_info: { name: 'python' },
    rucio_attachments: [
      { variableName: 'electrons', did: `ATLAS_OD_EDU:${USED}`, type: 'collection' },
      { variableName: 'gone', did: 'user.alice:never-there', type: 'file' }
    ]
  },
  nbformat: 4,
  nbformat_minor: 5
};

/**
 * What makes a kernel forget the library, and not find it again.
 */
const UNINSTALL = `
import sys
get_ipython().kernel.comm_manager.targets.pop('dlaas', None)
for name in [name for name in sys.modules if name.split('.')[0] == 'dlaas']:
    del sys.modules[name]
class Uninstalled:
    def find_spec(self, name, *more):
        if name.split('.')[0] == 'dlaas':
            raise ModuleNotFoundError("No module named 'dlaas'", name='dlaas')
sys.meta_path.insert(0, Uninstalled())
`;

/**
 * Choose something from the menu of a variable.
 */
async function act({ panel }: IStage, name: string): Promise<void> {
  await panel.button('More for electrons').click();
  await panel.page.getByRole('menuitem', { name }).click();
}

export const VARIABLES: IState[] = [
  {
    name: 'no notebook',
    reach: async ({ page, panel }) => {
      await page.activity.closeAll();
      await panel.tab('Notebook');
      await expect(panel.root.getByRole('tabpanel')).toBeVisible();
    }
  },
  {
    name: 'variables',
    isMain: true,
    reach: async ({ page, panel, folder }) => {
      const path = `${folder}/shared.ipynb`;
      await page.contents.uploadContent(
        JSON.stringify(NOTEBOOK),
        'text',
        path
      );
      await command(page, 'docmanager:open', { path });
      await panel.tab('Notebook');
      const gone = panel.root.locator('[data-variable=gone]');
      await expect(gone.getByRole('alert').or(gone.getByRole('note'))).toHaveCount(1, { timeout: 60_000 });
      await expect(
        panel.root.locator('[data-variable=electrons]')
      ).toContainText('set in the kernel', { timeout: 60_000 });
    }
  },
  {
    name: 'banner',
    where: ({ page }) =>
      page.getByRole('region', { name: 'Data of this notebook' }),
    reach: async ({ page }) => {
      await expect(
        page.getByRole('region', { name: 'Data of this notebook' })
      ).toContainText('2 data items');
    }
  },
  {
    name: 'rename',
    where: dialog,
    reach: async stage => {
      await act(stage, 'Rename…');
      await expect(stage.panel.dialog).toContainText('Cell 1 uses electrons');
      await stage.panel.dialog
        .getByRole('textbox', { name: 'Name of the variable' })
        .fill('print');
    },
    leave: cancel
  },
  {
    name: 'ready-made cells',
    where: dialog,
    reach: async stage => {
      await act(stage, 'Ready-made cells…');
      await expect(
        stage.panel.dialog.getByRole('region', { name: 'Code' })
      ).toContainText('electrons');
    },
    leave: cancel
  },
  {
    name: 'make all available',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.button('Make all available…').click();
      await expect(panel.dialog).toContainText('to come');
    }
  },
  {
    name: 'all that was granted',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.accept();
      await expect(panel.dialog.getByText(/^Granted/)).toBeVisible();
    },
    leave: cancel
  },
  {
    name: 'attach',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.search(`ATLAS_OD_EDU:${USED}`);
      await panel.row(USED).click();
      await panel.button('Attach…').click();
      await panel.dialog
        .getByRole('textbox', { name: 'Name of the variable' })
        .fill('1x');
    },
    leave: ({ panel }) => panel.cancel()
  },
  {
    name: 'publish',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.tab('Notebook');
      await panel.button('Publish…').click();
      await expect(panel.dialog.getByRole('combobox', { name: 'Scope' })).toBeVisible();
    }
  },
  {
    name: 'publish a secret',
    where: dialog,
    reach: async ({ panel }) => {
      await panel.dialog.getByLabel('Scope').selectOption('user.alice');
      await panel.accept();
      await expect(panel.problem(panel.dialog)).toContainText('cell 1');
    },
    leave: cancel
  },
  {
    name: 'card below a cell',
    where: ({ page }) => page.locator('.jp-Dlaas-Output'),
    reach: async ({ page, panel }) => {
      await page.notebook.setCell(
        0,
        'code',
        'import dlaas; dlaas.did("ATLAS_OD_EDU:4lep_data", "collection")'
      );
      await page.notebook.runCell(0, true);
      await expect(
        page.locator('.jp-Dlaas-Output').getByRole('group')
      ).toContainText('4lep_data');
      await panel.tab('Notebook');
    }
  },
  {
    name: 'kernel without the library',
    reach: async stage => {
      const { page, panel } = stage;
      await page.evaluate(async code => {
        const { session } = (window as any).jupyterapp.shell.currentWidget
          .sessionContext;
        await session.kernel.requestExecute({ code }).done;
      }, UNINSTALL);
      await act(stage, 'Set in the kernel again');
      await expect(panel.problem().first()).toContainText('pip install');
    }
  }
];
