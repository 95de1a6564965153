import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askAttach } from '../attach/index';
import { AttachModel } from '../attach/model';
import { NotebookSection } from '../notebook/index';
import { NotebookModel } from '../notebook/model';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { itemOf, itemProperties } from './item';

/**
 * Attaches data to notebooks as variables.
 */
export const notebook: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:notebook',
  description: 'Attaches data of the lake to notebooks, as variables.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel, INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const model = new NotebookModel(lake.model, tracker, lake.preferences);
    panel.addSection({
      id: 'notebook',
      widget: new NotebookSection(model, trans, item => panel.find(item)),
      rank: 10
    });
    app.commands.addCommand(CommandIDs.attach, {
      label: trans.__('Attach Data to the Notebook…'),
      caption: trans.__('Give a DID a name in the current notebook'),
      isEnabled: args => args.did !== undefined || lake.model.selected !== null,
      execute: async args => {
        const item = await itemOf(args, lake.model, trans);
        if (!item) {
          return;
        }
        const name = args.variableName as string | undefined;
        if (await askAttach(new AttachModel(model, item, name), trans)) {
          panel.open('notebook');
        }
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...itemProperties(trans),
            variableName: {
              type: 'string',
              description: trans.__('The name to propose for the variable')
            }
          }
        }
      }
    });
    lake.model.stateChanged.connect(() =>
      app.commands.notifyCommandChanged(CommandIDs.attach)
    );
    palette?.addItem({
      command: CommandIDs.attach,
      category: trans.__('Data Lake')
    });
  }
};
