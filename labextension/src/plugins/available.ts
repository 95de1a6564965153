import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askAvailable } from '../available/index';
import { AvailableModel } from '../available/model';
import { askEnd } from '../details/end';
import { EndModel } from '../details/endModel';
import { CommandIDs, IDataLake } from '../tokens';
import { tellArrival } from '../transfers/arrivals';
import { hasItem, isShown, itemOf, itemProperties } from './item';

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
      isVisible: isShown,
      isEnabled: args => hasItem(args, model),
      execute: async args => {
        const item = await itemOf(args, model, trans);
        if (item) {
          const { did, instance } = item;
          const lifetime =
            (args.lifetime as number | undefined) ?? preferences.lifetime;
          const form = new AvailableModel(model, item, lifetime);
          await askAvailable(form, trans);
          if (form.granted) {
            tellArrival(model, item, preferences.tellProgress, trans, () => {
              void app.commands.execute(CommandIDs.find, { did, instance });
            });
          }
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
    app.commands.addCommand(CommandIDs.extend, {
      label: trans.__('Keep Data for Longer…'),
      caption: trans.__('Give another end to the rule that keeps a DID here'),
      isEnabled: args => hasItem(args, model),
      execute: async args => {
        const item = await itemOf(args, model, trans);
        if (!item) {
          return;
        }
        const { did, instance } = item;
        const { status } = await model.statuses.ask(instance, did);
        const account = model.instances.find(({ name }) => name === instance)
          ?.login.account;
        const own = status?.rules.find(
          rule => rule.account === account && rule.expires_at
        );
        if (!own || !status?.expires_at) {
          await app.commands.execute(CommandIDs.makeAvailable, { ...item });
          return;
        }
        await askEnd(new EndModel(model, instance, own), trans);
        void model.statuses.ask(instance, did);
      },
      describedBy: {
        args: { type: 'object', properties: itemProperties(trans) }
      }
    });
    for (const command of [CommandIDs.makeAvailable, CommandIDs.extend]) {
      model.stateChanged.connect(() =>
        app.commands.notifyCommandChanged(command)
      );
      palette?.addItem({ command, category: trans.__('Data Lake') });
    }
  }
};
