import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Clipboard, ICommandPalette, Notification } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { askClean } from '../account/clean';
import type { IItem } from '../did';
import { referenceURL } from '../did';
import { isLoggedIn } from '../login';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import {
  followMenus,
  hasItem,
  isShown,
  itemOf,
  itemProperties,
  takes
} from './item';

/**
 * What else can be done with the lake, for the command palette and the menus.
 */
export const acts: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:acts',
  description:
    'Adds what can be done with the data lake to the command palette and the launcher.',
  autoStart: true,
  requires: [IDataLake, IDataLakePanel],
  optional: [ITranslator, ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    panel: IDataLakePanel,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const { commands } = app;
    const { model } = lake;
    followMenus(app);
    const category = trans.__('Data Lake');
    const ofItem = takes(itemProperties(trans));
    const ofNothing = takes();
    const isIn = () => !!model.instance && isLoggedIn(model.instance.login);
    const copy = (text: string) => {
      Clipboard.copyToSystem(text);
      Notification.info(trans.__('Copied: %1', text), { autoClose: 2000 });
    };

    const addItemCommand = (
      id: string,
      label: string,
      caption: string,
      act: (item: IItem) => void
    ) =>
      commands.addCommand(id, {
        label,
        caption,
        isVisible: isShown,
        isEnabled: args => hasItem(args, model),
        execute: async args => {
          const item = await itemOf(args, model, trans);
          if (item) {
            act(item);
          }
        },
        describedBy: ofItem
      });

    addItemCommand(
      CommandIDs.find,
      trans.__('Show in the Data Lake'),
      trans.__('Show a DID and its card in the panel'),
      item => panel.find(item)
    );
    addItemCommand(
      CommandIDs.copyDID,
      trans.__('Copy DID'),
      trans.__('Copy scope and name'),
      ({ did }) => copy(did)
    );
    addItemCommand(
      CommandIDs.copyReference,
      trans.__('Copy Reference'),
      trans.__('Copy what opens the DID anywhere: rucio://…'),
      ({ did, instance }) =>
        copy(referenceURL(did, model.recordedInstance(instance)))
    );
    commands.addCommand(CommandIDs.logIn, {
      label: trans.__('Log in to the Data Lake'),
      caption: trans.__('Show the ways in, in the panel'),
      isEnabled: () => !isIn(),
      execute: () => panel.open(),
      describedBy: ofNothing
    });
    commands.addCommand(CommandIDs.logOut, {
      label: trans.__('Log out of the Data Lake'),
      caption: trans.__('End the login to the chosen instance'),
      isEnabled: isIn,
      execute: async () => {
        if (model.instance) {
          await model.logout(model.instance.name);
        }
      },
      describedBy: ofNothing
    });
    commands.addCommand(CommandIDs.cleanCache, {
      label: trans.__('Clean the Cache of the Data Lake…'),
      caption: trans.__('Delete copies from the disk of this server'),
      execute: () => askClean(model, trans),
      describedBy: ofNothing
    });
    const ids = [
      CommandIDs.find,
      CommandIDs.copyDID,
      CommandIDs.copyReference,
      CommandIDs.logIn,
      CommandIDs.logOut,
      CommandIDs.cleanCache
    ];
    model.stateChanged.connect(() =>
      ids.forEach(id => commands.notifyCommandChanged(id))
    );
    ids.forEach(command => palette?.addItem({ command, category }));
    launcher?.add({
      command: CommandIDs.open,
      args: { launcher: true },
      // The category is JupyterLab's own.
      category: (translator ?? nullTranslator).load('jupyterlab').__('Other'),
      rank: 10
    });
    ['notebook', 'transfers', 'basket'].forEach(section =>
      palette?.addItem({
        command: CommandIDs.open,
        args: { section },
        category
      })
    );
  }
};
