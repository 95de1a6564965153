import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Dialog, ICommandPalette, showDialog } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askFolder, askImport } from '../basket/forms';
import { BasketSection } from '../basket/index';
import type { IBasketActs } from '../basket/body';
import { BasketModel } from '../basket/model';
import { askStage } from '../notebook/stage/index';
import { StageModel } from '../notebook/stage/model';
import { OpenDataSection } from '../opendata/index';
import { OpenDataModel } from '../opendata/model';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';

/**
 * The files that may be saved baskets.
 */
const SAVED = /\.(json|csv|tsv|txt)$/i;

/**
 * Shows the shopping baskets of ESAP, and open data to whoever has no account.
 */
export const basket: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:basket',
  description:
    'Shows the shopping baskets of ESAP, and open data without an account.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [IFileBrowserFactory, ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    browsers: IFileBrowserFactory | null,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { commands } = app;
    const { contents } = app.serviceManager;
    const folder = () =>
      contents.localPath(browsers?.tracker.currentWidget?.model.path ?? '');
    const model = new BasketModel(lake.model);
    const acts = actsOf(app, lake, panel, model, folder, trans);
    panel.addSection({
      id: 'basket',
      widget: new BasketSection(model, trans, acts),
      rank: 30
    });
    const open = new OpenDataModel(lake.model);
    panel.addCover(
      new OpenDataSection(
        open,
        trans,
        (did, type) =>
          void commands.execute(CommandIDs.attach, {
            did,
            type,
            instance: lake.model.instance!.name
          }),
        did =>
          void askFolder(
            did,
            folder(),
            async (to, overwrite) =>
              lake.transfers.add(await open.download(did, to, overwrite)),
            trans
          ),
        () => panel.open('basket')
      ),
      open
    );
    commands.addCommand(CommandIDs.openData, {
      label: trans.__('Look at Open Data'),
      caption: trans.__('Show data that is public, without an account'),
      execute: () => {
        panel.open();
        open.isOpen = true;
      },
      describedBy: { args: { type: 'object', properties: {} } }
    });
    const chosen = () => {
      const [file, ...more] =
        browsers?.tracker.currentWidget?.selectedItems() ?? [];
      return file && !more.length && SAVED.test(file.name) ? file.path : null;
    };
    commands.addCommand(CommandIDs.importBasket, {
      label: trans.__('Import into the Data Basket'),
      caption: trans.__('Add the data that a file names to the basket'),
      isVisible: args => !!(args.path ?? chosen()),
      execute: async args => {
        const path = (args.path as string | undefined) ?? chosen();
        if (path) {
          panel.open('basket');
          await model.addFile(contents.localPath(path));
        }
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: { type: 'string', description: trans.__('The file') }
          }
        }
      }
    });
    app.contextMenu.addItem({
      command: CommandIDs.importBasket,
      selector: '.jp-DirListing-item[data-isdir="false"]',
      rank: 60
    });
    palette?.addItem({
      command: CommandIDs.openData,
      category: trans.__('Data Lake')
    });
  }
};

function actsOf(
  app: JupyterFrontEnd,
  { model: lake, preferences }: IDataLake,
  panel: IDataLakePanel,
  model: BasketModel,
  folder: () => string,
  trans: TranslationBundle
): IBasketActs {
  const { commands } = app;
  return {
    stage: () => {
      const [item, ...more] = model.chosenDIDs;
      if (!more.length) {
        void commands.execute(CommandIDs.makeAvailable, { ...item });
        return;
      }
      const items = [item, ...more].map(({ did, instance }) =>
        lake.statuses.get(instance, did)
      );
      void askStage(new StageModel(lake, items, preferences.lifetime), trans);
    },
    attach: async () => {
      const [item, ...more] = model.chosenDIDs;
      if (!more.length) {
        void commands.execute(CommandIDs.attach, { ...item });
        return;
      }
      let count = 0;
      for (const each of [item, ...more]) {
        const args = { ...each, ask: false };
        count += (await commands.execute(CommandIDs.attach, args)) ? 1 : 0;
      }
      if (count) {
        panel.open('notebook');
      }
    },
    download: async () => {
      const title = model.chosenData.map(row => row.title).join(', ');
      let count = 0;
      await askFolder(
        title,
        folder(),
        async (to, overwrite) => {
          count = await model.download(to, overwrite);
        },
        trans
      );
      if (count) {
        panel.open('transfers');
      }
    },
    remove: async () => {
      const { chosen } = model;
      const { button } = await showDialog({
        title: trans.__('Remove from the basket?'),
        body: trans._n(
          'One item is removed here and in ESAP. No data is deleted.',
          '%1 items are removed here and in ESAP. No data is deleted.',
          chosen.length
        ),
        buttons: [
          Dialog.cancelButton(),
          Dialog.warnButton({ label: trans.__('Remove') })
        ]
      });
      if (button.accept) {
        await model.remove(chosen);
      }
    },
    add: () => void askImport(text => model.add({ text }), trans)
  };
}
