import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import type { Contents } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { uploadIcon } from '../icons';
import { CommandIDs, IDataLake, IDataLakePanel } from '../tokens';
import { TransfersSection } from '../transfers/index';
import { TransfersModel } from '../transfers/model';
import { askUpload } from '../upload/index';
import { UploadModel } from '../upload/model';

type Drives = Contents.IManager;

/**
 * Uploads files of the file browser.
 */
export const upload: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-dlaas:upload',
  description: 'Uploads files of the file browser into the lake.',
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
    const { contents } = app.serviceManager;
    const transfers = new TransfersModel(lake.model);
    panel.addSection({
      id: 'transfers',
      widget: new TransfersSection(transfers, trans, item => panel.find(item)),
      rank: 20
    });
    app.commands.addCommand(CommandIDs.upload, {
      label: trans.__('Upload to the data lake…'),
      caption: trans.__('Put the selected file into the data lake'),
      icon: uploadIcon,
      isEnabled: args =>
        typeof args.path === 'string' || selected(browsers, contents) !== null,
      execute: async args => {
        const file =
          typeof args.path === 'string'
            ? await contents.get(args.path, { content: false })
            : selected(browsers, contents);
        if (!file || !isOfServer(contents, file.path)) {
          return;
        }
        await lake.model.refresh();
        const form = new UploadModel(lake.model, {
          path: contents.localPath(file.path),
          name: PathExt.basename(file.path),
          size: file.size ?? null
        });
        const job = await askUpload(form, trans);
        if (job) {
          transfers.add(job);
          panel.open('transfers');
        }
      },
      describedBy: {
        args: {
          type: 'object',
          properties: {
            path: {
              type: 'string',
              description: trans.__(
                'The path of the file; without it the file selected in the file browser is meant'
              )
            }
          }
        }
      }
    });
    palette?.addItem({
      command: CommandIDs.upload,
      category: trans.__('Data Lake')
    });
  }
};

/**
 * The one file that is selected, if it lies on the server's own disk.
 */
function selected(
  browsers: IFileBrowserFactory | null,
  contents: Drives
): Contents.IModel | null {
  const items = [...(browsers?.tracker.currentWidget?.selectedItems() ?? [])];
  const [item] = items;
  if (items.length !== 1 || item.type === 'directory') {
    return null;
  }
  return isOfServer(contents, item.path) ? item : null;
}

/**
 * Whether a path is one of the server's own disk; collaboration shows the same as a drive of its own.
 */
function isOfServer(contents: Drives, path: string): boolean {
  return ['', 'RTC'].includes(contents.driveName(path));
}
