import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { askAttach } from '../attach/index';
import { AttachModel } from '../attach/model';
import type { IItem } from '../did';
import { tellExpiring } from '../lake/expiry';
import type { Attachments } from '../notebook/attachments';
import { Banner } from '../notebook/banner';
import type { INotebookActs } from '../notebook/body';
import { askCells } from '../notebook/cells/index';
import { CellsModel } from '../notebook/cells/model';
import { NotebookSection } from '../notebook/index';
import { NotebookModel } from '../notebook/model';
import { askPublish } from '../notebook/publish/index';
import { PublishModel } from '../notebook/publish/model';
import { askRename } from '../notebook/rename/index';
import { RenameModel } from '../notebook/rename/model';
import { askStage } from '../notebook/stage/index';
import { StageModel } from '../notebook/stage/model';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { hasItem, isShown, itemOf, itemProperties } from './item';

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
    const acts = actsOf(app, lake, panel, model, trans);
    panel.addSection({
      id: 'notebook',
      widget: new NotebookSection(model, trans, acts),
      rank: 10
    });
    model.opened.connect((_, attachments) =>
      addBanner(attachments, acts, panel, trans)
    );
    addAttach(app, lake, panel, model, trans);
    addWhole(app, model, acts, trans);
    tellExpiring(
      lake.model,
      () => model.used,
      item => void app.commands.execute(CommandIDs.extend, { ...item }),
      trans
    );
    const category = trans.__('Data Lake');
    for (const command of [
      CommandIDs.attach,
      CommandIDs.makeAllAvailable,
      CommandIDs.publish
    ]) {
      palette?.addItem({ command, category });
    }
  }
};

/**
 * What the section and the banner have done by dialogs and in other sections.
 */
function actsOf(
  app: JupyterFrontEnd,
  { model: lake, preferences }: IDataLake,
  panel: IDataLakePanel,
  model: NotebookModel,
  trans: TranslationBundle
): INotebookActs {
  return {
    find: item => panel.find(item),
    makeAvailable: item =>
      void app.commands.execute(CommandIDs.makeAvailable, { ...item }),
    rename: record => {
      const { attachments } = model;
      if (attachments) {
        void askRename(new RenameModel(attachments, record), trans);
      }
    },
    cells: record =>
      void askCells(
        new CellsModel(lake, record, model.language, code =>
          model.insertCell(code)
        ),
        trans
      ),
    stage: (attachments = model.attachments) => {
      if (attachments) {
        const { lifetime } = preferences;
        const stage = new StageModel(lake, attachments.missing, lifetime);
        void askStage(stage, trans);
      }
    },
    publish: async () => {
      const { attachments } = model;
      if (
        attachments &&
        (await askPublish(new PublishModel(lake, attachments), trans))
      ) {
        panel.open('transfers');
      }
    }
  };
}

function addBanner(
  attachments: Attachments,
  acts: INotebookActs,
  panel: IDataLakePanel,
  trans: TranslationBundle
): void {
  const banner = new Banner(
    attachments,
    {
      stage: () => acts.stage(attachments),
      show: () => panel.open('notebook')
    },
    trans
  );
  attachments.panel.contentHeader.addWidget(banner);
}

function addAttach(
  app: JupyterFrontEnd,
  lake: IDataLake,
  panel: IDataLakePanel,
  model: NotebookModel,
  trans: TranslationBundle
): void {
  app.commands.addCommand(CommandIDs.attach, {
    label: trans.__('Attach Data to the Notebook…'),
    caption: trans.__('Give a DID a name in the current notebook'),
    isEnabled: args => hasItem(args, lake.model),
    isVisible: isShown,
    execute: async args => {
      const item = given(args) ?? (await itemOf(args, lake.model, trans));
      if (!item) {
        return false;
      }
      const name = args.variableName as string | undefined;
      if (args.ask === false) {
        return model.attachAs(item, name);
      }
      const isDone = await askAttach(new AttachModel(model, item, name), trans);
      if (isDone) {
        panel.open('notebook');
      }
      return isDone;
    },
    describedBy: {
      args: {
        type: 'object',
        properties: {
          ...itemProperties(trans),
          type: {
            type: 'string',
            enum: ['file', 'dataset', 'container'],
            description: trans.__('With it the lake is not asked')
          },
          variableName: {
            type: 'string',
            description: trans.__('The name to propose for the variable')
          },
          ask: {
            type: 'boolean',
            description: trans.__('Whether to ask for the name')
          }
        }
      }
    }
  });
  lake.model.stateChanged.connect(() =>
    app.commands.notifyCommandChanged(CommandIDs.attach)
  );
}

/**
 * The commands that are about all of the current notebook.
 */
function addWhole(
  app: JupyterFrontEnd,
  model: NotebookModel,
  acts: INotebookActs,
  trans: TranslationBundle
): void {
  const add = (
    id: string,
    label: string,
    isEnabled: () => boolean,
    execute: () => void
  ) => {
    const describedBy = { args: { type: 'object', properties: {} } };
    app.commands.addCommand(id, { label, isEnabled, execute, describedBy });
    model.stateChanged.connect(() => app.commands.notifyCommandChanged(id));
  };
  add(
    CommandIDs.makeAllAvailable,
    trans.__('Make All Data of the Notebook Available…'),
    () => (model.attachments?.missing.length ?? 0) > 0,
    () => acts.stage()
  );
  add(
    CommandIDs.publish,
    trans.__('Publish the Notebook in the Data Lake…'),
    () => model.attachments !== null,
    () => acts.publish()
  );
}

/**
 * A DID that the caller knows all about.
 */
function given({
  did,
  instance,
  type
}: ReadonlyPartialJSONObject): IItem | null {
  return typeof did === 'string' &&
    typeof instance === 'string' &&
    typeof type === 'string'
    ? { did, instance, type: type as IItem['type'] }
    : null;
}
