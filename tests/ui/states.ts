import type { IJupyterLabPageFixture } from '@jupyterlab/galata';
import { expect } from '@jupyterlab/galata';
import type { Locator } from '@playwright/test';

import { hold, release } from './lake';
import type { Panel } from './panel';

/**
 * Something that the panel can look like. Those of one scene follow each other, as a person comes to them.
 */
export interface IState {
  name: string;
  reach: (stage: IStage) => Promise<void>;
  /**
   * What is looked at: the panel, unless it is a dialog or something else.
   */
  where?: (stage: IStage) => Locator;
  /**
   * Puts back what others would stumble on.
   */
  leave?: (stage: IStage) => Promise<void>;
  /**
   * A main state: what it looks like is compared with a picture.
   */
  isMain?: boolean;
}

export interface IStage {
  page: IJupyterLabPageFixture;
  panel: Panel;
  folder: string;
}

// Nothing else asks for these, so they are as the lake begins.
const FOUND = 'ATLAS_OD_EDU:*VBFH125*';
const SIGNAL = 'GamGam_mc_WpH125J_Wincl';
const USED = '4lep_mc_WH125';
const dialog = ({ panel }: IStage) =>
  panel.dialog.locator('.jp-Dialog-content');

/**
 * Run a command and do not wait: that of a dialog ends with it.
 */
function command(
  page: IJupyterLabPageFixture,
  id: string,
  args: { [key: string]: string } = {}
): Promise<void> {
  return page.evaluate(
    ([name, options]) =>
      void (window as any).jupyterapp.commands.execute(name, options),
    [id, args] as const
  );
}

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
      source: 'len(events)'
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

export const SCENES: { [scene: string]: IState[] } = {
  Explore: [
    {
      name: 'beginning',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.tab('Explore');
        await expect(panel.account).toHaveText('alice');
        await expect(panel.row('ATLAS_OD_EDU')).toBeVisible();
      }
    },
    {
      name: 'completion',
      reach: async ({ panel }) => {
        await panel.searchBox.pressSequentially('ATLAS_OD_EDU:G');
        await expect(panel.root.getByRole('listbox')).toBeVisible();
      },
      leave: async ({ panel }) => {
        await panel.searchBox.press('Escape');
      }
    },
    {
      name: 'found',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.search(FOUND);
        await expect(panel.row('GamGam_mc_VBFH125')).toBeVisible();
        await panel
          .row('4lep_mc_VBFH125')
          .locator('.jp-Dlaas-row-fold')
          .click();
        await expect(panel.root.getByRole('treeitem')).toHaveCount(5);
      }
    },
    {
      name: 'filter',
      reach: async ({ panel }) => {
        await panel.button('Filter by metadata').click();
        await expect(panel.root.getByLabel('Metadata key')).toBeVisible();
      },
      leave: async ({ panel }) => {
        await panel.root.getByLabel('Metadata key').press('Escape');
      }
    },
    {
      name: 'no match',
      reach: async ({ panel }) => {
        await panel.search('ATLAS_OD_EDU:nothing*like*this');
        await expect(panel.root.getByText('No match')).toBeVisible();
      }
    },
    {
      name: 'malformed',
      reach: async ({ panel }) => {
        await panel.search('no DID at all');
        await expect(panel.problem()).toContainText('That is not a DID');
      }
    },
    {
      name: 'too wide',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.search('*');
        await expect(panel.problem()).toContainText('too wide');
      }
    },
    {
      name: 'lake down',
      reach: async ({ panel }) => {
        hold('rucio');
        await panel.search('ATLAS_OD_EDU:*4lep*');
        await expect(panel.problem().first()).toContainText('no answer');
      },
      leave: async ({ panel }) => {
        release('rucio');
        await expect(async () => {
          await panel.search(FOUND);
          await expect(panel.row('4lep_mc_VBFH125')).toBeVisible({ timeout: 5_000 });
        }).toPass({ timeout: 60_000 });
      }
    }
  ],
  'Card and dialogs': [
    {
      name: 'card',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.search(`ATLAS_OD_EDU:${SIGNAL}`);
        await panel.row(SIGNAL).click();
        await expect(panel.card).toContainText('Not here yet');
        await expect(panel.card).toContainText('rucio://');
      }
    },
    {
      name: 'make available',
      isMain: true,
      where: dialog,
      reach: async ({ panel }) => {
        await panel.button('Make available…').click();
        await panel.dialog.getByText('14 days').click();
        await expect(panel.dialog.locator('.jp-Dlaas-preview')).toContainText(
          'would be copied'
        );
      }
    },
    {
      name: 'where, and how many copies',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.dialog.getByText('Where, and how many copies').click();
        await expect(panel.dialog.getByLabel(/copies/i).last()).toBeVisible();
      }
    },
    {
      name: 'lifetime of zero',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.dialog.getByText('Other…').first().click();
        await panel.dialog.getByRole('textbox').first().fill('0');
        await expect(panel.dialog).toContainText('longer than zero');
      }
    },
    {
      name: 'until a date',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.dialog.getByText('Until a date…').click();
        await expect(
          panel.dialog.getByLabel('Until the end of')
        ).toBeVisible();
        await panel.dialog.getByText('14 days').click();
      }
    },
    {
      name: 'granted',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.accept();
        await expect(panel.dialog.getByText(/Granted/)).toBeVisible();
      },
      leave: ({ panel }) => panel.cancel()
    },
    {
      name: 'card of what is here',
      isMain: true,
      reach: async ({ panel }) => {
        await expect(panel.card).toContainText('Available', {
          timeout: 90_000
        });
        await expect(panel.card).toContainText('by alice');
      }
    },
    {
      name: 'another end',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.root
          .getByRole('button', { name: 'Extend…' })
          .first()
          .click();
        await expect(panel.dialog).toBeVisible();
      },
      leave: ({ panel }) => panel.cancel()
    },
    {
      name: 'download',
      where: dialog,
      reach: async ({ panel }) => {
        await panel.button('Download…').click();
        await expect(panel.dialog.locator('input[name=folder]')).toBeVisible();
      },
      leave: ({ panel }) => panel.cancel()
    }
  ],
  Notebook: [
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
      },
      leave: ({ panel }) => panel.cancel()
    }
  ],
  Transfers: [
    {
      name: 'upload',
      where: dialog,
      isMain: true,
      reach: async ({ page, panel, folder }) => {
        await page.contents.uploadContent(
          'results',
          'text',
          `${folder}/results.txt`
        );
        await command(page, 'dlaas:upload', { path: `${folder}/results.txt` });
        await expect(panel.dialog.getByRole('combobox', { name: 'Scope' })).toHaveValue(
          'user.alice'
        );
        await panel.dialog
          .getByRole('textbox', { name: 'Name', exact: true })
          .fill('no name at all?');
      }
    },
    {
      name: 'uploaded',
      isMain: true,
      reach: async ({ page, panel }) => {
        await panel.dialog
          .getByRole('textbox', { name: 'Name', exact: true })
          .fill('results-of-a-fit.txt');
        await panel.accept();
        await expect(panel.dialog).toHaveCount(0);
        const jobs = panel.root.locator('[data-job]');
        await expect(jobs.first()).toContainText('Uploaded', {
          timeout: 60_000
        });
        await jobs.first().getByRole('button', { name: 'Log of' }).click();
        await page
          .locator('.jp-toastContainer .Toastify__close-button')
          .first()
          .click({ timeout: 3_000 })
          .catch(() => undefined);
      }
    }
  ],
  Account: [
    {
      name: 'card of the login',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.tab('Explore');
        await panel.account.click();
        await expect(panel.login).toBeVisible();
      },
      leave: ({ panel }) => panel.account.click()
    },
    {
      name: 'single sign-on',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.choose('Log in as anybody');
        await expect(
          panel.root.getByText('Log in by', { exact: true })
        ).toBeVisible();
      }
    },
    {
      name: 'code',
      reach: async ({ panel }) => {
        await panel.way('Code');
        await panel.button('Get a code').click();
        await expect(
          panel.root.getByRole('status', { name: 'Code' })
        ).toBeVisible();
      },
      leave: async ({ page }) => {
        await page.request.delete('dlaas/anybody/login');
      }
    },
    {
      name: 'certificate',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.choose('Log in by hand');
        await panel.choose('Log in as anybody');
        await panel.way('Certificate');
        await expect(panel.root.getByText('usercert.pem')).toBeVisible();
        await panel.root.getByText('Another file…').click();
      }
    },
    {
      name: 'wrong password',
      reach: async ({ panel }) => {
        await panel.logIn('alice', 'wrong');
        await expect(panel.problem()).toContainText('did not work');
      }
    }
  ],
  'Basket and open data': [
    {
      name: 'basket',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.tab('Basket');
        await expect(panel.root.getByLabel(/token/i).first()).toBeVisible();
      }
    },
    {
      name: 'basket filled',
      reach: async ({ panel }) => {
        await panel.root
          .getByLabel(/token/i)
          .first()
          .fill(process.env.ESAP_TOKEN as string);
        await panel.page.keyboard.press('Enter');
        await expect(panel.root.getByRole('checkbox').first()).toBeVisible();
      }
    },
    {
      name: 'open data',
      isMain: true,
      reach: async ({ panel }) => {
        await panel.choose('Log in by hand');
        await panel.button('Look at open data without an account').click();
        await expect(
          panel.root.getByRole('list', { name: 'Open data' })
        ).toContainText('4lep_data');
      }
    }
  ],
  'Around it': [
    {
      name: 'glossary',
      where: dialog,
      reach: async ({ page, panel }) => {
        await command(page, 'dlaas:glossary');
        await expect(panel.dialog).toContainText('Rucio Storage Element');
      },
      leave: ({ panel }) => panel.accept()
    },
    {
      name: 'tour',
      where: ({ page }) =>
        page.getByRole('dialog', { name: 'Tour of the data lake' }),
      reach: async ({ page }) => {
        await command(page, 'dlaas:tour');
        await expect(
          page.getByRole('dialog', { name: 'Tour of the data lake' })
        ).toBeVisible();
      },
      leave: ({ page }) => page.keyboard.press('Escape')
    }
  ]
};
