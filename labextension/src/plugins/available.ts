import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askAvailable } from '../available/index';
import { AvailableModel } from '../available/model';
import { CommandIDs, IDataLake } from '../tokens';
import { itemOf, itemProperties } from './item';

/**
 * Makes data available where the notebook can read it.
 */
export const available: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:available',
  description: 'Makes data available where the notebook can read it.',
  autoStart: true,
  requires: [IDataLake],
  optional: [ITranslator, ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { model, preferences } = lake;
    app.commands.addCommand(CommandIDs.makeAvailable, {
      label: trans.__('Make Data Available…'),
      caption: trans.__('Have a DID kept where the notebook can read it'),
      isEnabled: args => args.did !== undefined || model.selected !== null,
      execute: async args => {
        const item = await itemOf(args, model, trans);
        if (item) {
          const lifetime =
            (args.lifetime as number | undefined) ?? preferences.lifetime;
          await askAvailable(new AvailableModel(model, item, lifetime), trans);
        }
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            ...itemProperties(trans),
            lifetime: {
              type: 'number',
              description: trans.__('The lifetime to propose, in seconds')
            }
          }
        }
      }
    });
    model.stateChanged.connect(() =>
      app.commands.notifyCommandChanged(CommandIDs.makeAvailable)
    );
    palette?.addItem({
      command: CommandIDs.makeAvailable,
      category: trans.__('Data Lake')
    });
  }
};
