import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ILabShell, ILayoutRestorer } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { tellEnds } from '../account/notice';
import type { ExploreModel } from '../explore/model';
import { lakeIcon } from '../icons';
import { DataLakePanel } from '../panel';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { takes } from './item';

/**
 * Shows the lake beside the notebook.
 */
export const panel: JupyterFrontEndPlugin<IDataLakePanel> = {
  id: 'jupyter-dlaas:panel',
  description: 'Shows the data lake in a panel beside the notebook.',
  autoStart: true,
  provides: IDataLakePanel,
  requires: [IDataLake],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    ILabShell,
    IStateDB
  ],
  activate: (
    app: JupyterFrontEnd,
    lake: IDataLake,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    registry: ISettingRegistry | null,
    labShell: ILabShell | null,
    state: IStateDB | null
  ) => {
    const trans = (translator ?? nullTranslator).load('jupyter_dlaas');
    const widget = new DataLakePanel({
      lake: lake.model,
      commands: app.commands,
      trans,
      reveal: () => app.shell.activateById(widget.id)
    });
    app.shell.add(widget, 'left', { rank: 450, type: 'Data Lake' });
    restorer?.add(widget, widget.id);
    addCommands(app, widget, labShell !== null, trans);
    const logIn = (instance: string) => {
      lake.model.choose(instance);
      widget.open();
    };
    tellEnds(lake.model, logIn, trans);
    const category = trans.__('Data Lake');
    palette?.addItem({ command: CommandIDs.open, category });
    palette?.addItem({ command: CommandIDs.search, category });
    void follow(registry, lake, widget.explore);
    if (state) {
      void widget.explore.searches.follow(state);
    }
    return widget;
  }
};

async function follow(
  registry: ISettingRegistry | null,
  lake: IDataLake,
  explore: ExploreModel
): Promise<void> {
  try {
    const settings = await registry?.load(panel.id);
    if (settings) {
      lake.preferences.follow(settings);
      const read = () => {
        explore.limit = lake.preferences.searchLimit;
      };
      settings.changed.connect(read);
      read();
    }
  } catch (error) {
    console.warn('The settings of the data lake could not be read.', error);
  }
}

function addCommands(
  app: JupyterFrontEnd,
  widget: DataLakePanel,
  hasSidebar: boolean,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.open, {
    label: args =>
      openLabel(args.section, !!(args.toolbar || args.launcher), trans),
    caption: trans.__('Find data in the lake and open it in the notebook'),
    icon: lakeIcon,
    // Notebook 7 has no bar of sidebars: there a button in the toolbar opens the panel.
    isVisible: args => !args.toolbar || !hasSidebar,
    execute: args => widget.open(args.section as string | undefined),
    describedBy: takes({
      section: {
        type: 'string',
        description: trans.__(
          'The section to show: explore, notebook, transfers or basket'
        )
      }
    })
  });
  app.commands.addCommand(CommandIDs.search, {
    label: trans.__('Search the Data Lake'),
    caption: trans.__('Search for data by scope and name'),
    execute: args =>
      widget.search(
        (args.pattern as string | undefined) ?? '',
        args.type as ExploreModel['type'] | undefined
      ),
    describedBy: takes({
      pattern: {
        type: 'string',
        description: trans.__('A DID, or a pattern such as scope:*word*')
      },
      type: {
        type: 'string',
        enum: ['all', 'collection', 'container', 'dataset', 'file'],
        description: trans.__('The type of DID to search for')
      }
    })
  });
}

function openLabel(
  section: unknown,
  isButton: boolean,
  trans: TranslationBundle
): string {
  switch (section) {
    case 'notebook':
      return trans.__("Show the Notebook's Data");
    case 'transfers':
      return trans.__('Show Transfers');
    case 'basket':
      return trans.__('Show the Basket');
    default:
      return isButton ? trans.__('Data lake') : trans.__('Open the Data Lake');
  }
}
